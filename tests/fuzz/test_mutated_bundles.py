"""Damaged bundles, in Python and in lazydit-run under sanitizers: a sentence, or one image.

300 of them, or as many as LAZYDIT_MUTATIONS says, counted from seed LAZYDIT_FIRST_MUTATION.
"""

import faulthandler
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Pipeline
from tests.conftest import SmallBundle
from tests.fuzz.mutations import KINDS_OF_DAMAGE, Files, mutate
from tests.fuzz.sanitized_tool import RUN_MANY, SanitizedTool, path_of

MUTATIONS = int(os.environ.get("LAZYDIT_MUTATIONS", "300"))
FIRST = int(os.environ.get("LAZYDIT_FIRST_MUTATION", "0"))
IN_A_PROCESS_OF_ITS_OWN = 20
"""Of so many mutations one goes through lazydit-run itself."""
HANGS_AFTER = 120

KINDS = {
    "not JSON": "is not readable JSON",
    "schema version": r"this bundle has schema|has no schema_version",
    "structure": " is wrong at ",
    "contradiction in the manifest": r"manifest is wrong, |has no output \[1, channels",
    "a file's size": "bytes instead of",
    "a file's hash": "its sha256 differs",
    "a missing file": r"is missing from|there is no bundle at|cannot be read \(",
    "a link": "is a link or leads out",
    "gates that are not finite": "holds values that are not finite",
    "signature of a program": r"has not the signature|of program .* is|there is no method|agree",
    "not a program": "ExecuTorch cannot",
    "a program that fails": "ExecuTorch failed",
    "another engine's bundle": "this bundle is for target",
    "request that it cannot serve": r"has no gate set|steps are not possible|out of range",
    "memory": "memory",
    "an image beyond all numbers": "grew beyond all numbers",
}

pytestmark = pytest.mark.skipif(not RUN_MANY.exists(), reason="not built: run make test-core")


def kind_of(sentence: str) -> str:
    """Which of the kinds of refusals a sentence is."""
    assert "\n" not in sentence and sentence, repr(sentence)
    kinds = [kind for kind, words in KINDS.items() if re.search(words, sentence)]
    assert kinds, f"a sentence of a kind of its own: {sentence}"
    return kinds[0]


@pytest.fixture(scope="module")
def tool() -> Iterator[SanitizedTool]:
    opened = SanitizedTool()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def files(small_bundle: SmallBundle) -> Files:
    folder = small_bundle.directory
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def options(seed: int) -> dict[str, object]:
    """Half of the bundles draw with their gates, the others without."""
    return {"policy": "always", "steps": 2} if seed % 2 else {"policy": "lazy"}


def in_python(bundle: Path, seed: int) -> "str | np.ndarray":
    """The sentence or the latent."""
    try:
        with Pipeline.load(bundle, threads=1) as pipeline:
            return pipeline.generate(0, **options(seed)).latent  # type: ignore[arg-type]
    except LazyDiTError as error:
        str(error).encode()
        return str(error)


def arguments(bundle: Path, seed: int, out: Path) -> list[object]:
    wanted = [part for name, value in options(seed).items() for part in (f"--{name}", value)]
    return ["--bundle", bundle, "--threads", 1, "--out", out, *wanted]


def answer(code: int, stderr: str, out: Path) -> "str | np.ndarray":
    """The sentence or the latent of lazydit-run."""
    if code == 0:
        assert stderr == ""
        return np.fromfile(out, "<f4")
    assert code == 2 and not out.exists(), (code, stderr)
    assert stderr.startswith("error: ") and stderr.endswith("\n"), stderr
    return stderr.removeprefix("error: ").removesuffix("\n")


def in_a_process(bundle: Path, seed: int, out: Path) -> "str | np.ndarray":
    command = [path_of("lazydit-run"), *arguments(bundle, seed, out)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    return answer(done.returncode, done.stderr, out)


def same(first: "str | np.ndarray", second: "str | np.ndarray") -> bool:
    if isinstance(first, str) or isinstance(second, str):
        return isinstance(first, str) and isinstance(second, str)
    return np.array_equal(first.ravel(), second.ravel(), equal_nan=True)


def check(folder: Path, seed: int, tool: SanitizedTool) -> str:
    """What became of a bundle: "an image", or the kind of refusal that lazydit-run gave."""
    bundle, out = folder / "bundle", folder / "latent.f32"
    python = in_python(bundle, seed)
    native = answer(*tool.run(*arguments(bundle, seed, out)), out)
    out.unlink(missing_ok=True)
    assert same(python, native), (python, native)
    if seed % IN_A_PROCESS_OF_ITS_OWN == 0:
        assert same(in_a_process(bundle, seed, out), native)
    if isinstance(python, str):
        kind_of(python)
    return kind_of(native) if isinstance(native, str) else "an image"


def test_damaged_bundles_are_refused_with_a_sentence_or_drawn(
    files: Files, tool: SanitizedTool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for seed in range(FIRST, FIRST + MUTATIONS):
        mutation = mutate(files, seed)
        folder = tmp_path / str(seed)
        (folder / "bundle").mkdir(parents=True)
        mutation.write(folder / "bundle")
        faulthandler.dump_traceback_later(HANGS_AFTER, exit=True, file=sys.__stderr__)
        try:
            counts[mutation.kind, check(folder, seed, tool)] += 1
        except Exception as error:
            where = f"mutation {seed} ({mutation.kind}), left in {folder}"
            raise AssertionError(f"{where}: {error!r}") from error
        finally:
            faulthandler.cancel_dump_traceback_later()
        shutil.rmtree(folder)
    with capsys.disabled():
        for (kind, outcome), count in sorted(counts.items()):
            print(f"\n{kind:33}{outcome:33}{count:6}", end="")
    assert {kind for kind, _ in counts} == set(KINDS_OF_DAMAGE)
