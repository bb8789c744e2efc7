"""How the android target lowers what is too large for one file."""

import dataclasses
import json
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lazydit.errors import LazyDiTError
from lazydit_export.export import export
from lazydit_export.recipe import ExportRecipe
from lazydit_export.report import Report
from lazydit_export.split import Program, block_of
from lazydit_export.targets import android, find_target
from lazydit_export.targets.target import FinishedFiles, Lower, Lowered, OnProgram
from lazydit_runtime import Pipeline
from lazydit_runtime.bundle import Bundle
from tests.conftest import SmallBundle

BLOCK_FILES = {f"block_{block:02d}_{kind}": block for block in range(2) for kind in ("attn", "mlp")}


def export_by(lower: Lower, small: SmallBundle, out: Path) -> None:
    target = dataclasses.replace(find_target("android"), lower=lower)
    recipe = ExportRecipe(small.checkpoint, (small.gate_file,), target, out, "small")
    export(recipe, Report(Console(quiet=True), verbose=False))


block_by_block = partial(android.lower, precision="fp32", large_bytes=0)


@pytest.fixture(scope="module")
def bundle(small_bundle: SmallBundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("blocks") / "bundle"
    export_by(block_by_block, small_bundle, out)
    return out


def test_every_block_has_a_file_of_its_own(bundle: Path) -> None:
    programs = Bundle.open(bundle).manifest.programs
    files = {name: spec.file for name, spec in programs.items()}
    assert files == {
        "condition": "condition.pte",
        "embed": "programs.pte",
        **{name: f"programs/block_{block:02d}.pte" for name, block in BLOCK_FILES.items()},
        "reuse": "programs.pte",
        "extrapolate": "programs.pte",
        "final": "programs.pte",
    }


def test_it_draws_what_the_same_model_in_fewer_files_draws(
    bundle: Path, small_bundle: SmallBundle
) -> None:
    """The bundle has passed the parity gate; the programs are the same, so the image is too."""
    with Pipeline.load(bundle) as many, Pipeline.load(small_bundle.directory) as few:
        found = many.generate(2, seed=3, steps=6, policy="lazy")
        expected = few.generate(2, seed=3, steps=6, policy="lazy")
    assert (found.latent == expected.latent).all()
    assert (found.trace.ran == expected.trace.ran).all()


def test_a_block_is_written_before_the_next_is_lowered(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    seen: list[tuple[str, set[str]]] = []

    def lower(
        programs: Sequence[Program], directory: Path, done: OnProgram, *_: object
    ) -> list[Lowered]:
        def look(name: str) -> None:
            seen.append((name, {path.stem for path in directory.glob("programs/*.pte")}))
            if name == "block_01_attn":
                signal.raise_signal(signal.SIGINT)

        return block_by_block(programs, directory, look)

    with pytest.raises(KeyboardInterrupt):
        export_by(lower, small_bundle, tmp_path / "bundle")
    written = dict(seen)
    assert written["block_00_mlp"] == set()
    assert written["block_01_attn"] == {"block_00"}
    assert list(tmp_path.iterdir()) == []


class Stopped:
    """An export that ctrl-C ends when it has lowered `last`, and what is lowered after that."""

    def __init__(self, last: str | None) -> None:
        self.last = last
        self.seen: list[str] = []

    def __call__(
        self,
        programs: Sequence[Program],
        directory: Path,
        _: OnProgram,
        finished: FinishedFiles | None = None,
        /,
    ) -> list[Lowered]:
        return block_by_block(programs, directory, self._look, finished)

    def _look(self, name: str) -> None:
        self.seen.append(name)
        if name == self.last:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def lowerings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the programs that are lowered, not taken from files."""
    names: list[str] = []
    real = android.to_edge_transform_and_lower

    def counted(programs: dict[str, Any], **options: Any) -> Any:
        names.extend(programs)
        return real(programs, **options)

    monkeypatch.setattr(android, "to_edge_transform_and_lower", counted)
    return names


def contents(bundle: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in bundle.rglob("*.pte")}


def test_a_stopped_export_goes_on_where_it_stopped(
    bundle: Path, small_bundle: SmallBundle, tmp_path: Path, lowerings: list[str]
) -> None:
    out = tmp_path / "bundle"
    with pytest.raises(KeyboardInterrupt):
        export_by(Stopped("block_01_attn"), small_bundle, out)
    assert not out.exists()
    assert [path.name for path in tmp_path.iterdir()] == [".bundle.kept"]
    assert {"block_00_attn", "block_00_mlp"} <= set(lowerings)
    lowerings.clear()
    export_by(Stopped(None), small_bundle, out)
    assert "block_00_attn" not in lowerings and "block_00_mlp" not in lowerings
    assert {"block_01_attn", "block_01_mlp"} <= set(lowerings)
    assert contents(out) == contents(bundle)
    assert list(tmp_path.iterdir()) == [out]
    found, expected = (Bundle.open(path).manifest.programs for path in (out, bundle))
    assert found == expected


def test_files_of_other_settings_or_damaged_ones_are_made_anew(
    bundle: Path, small_bundle: SmallBundle, tmp_path: Path, lowerings: list[str]
) -> None:
    out = tmp_path / "bundle"
    with pytest.raises(KeyboardInterrupt):
        export_by(Stopped("block_01_attn"), small_bundle, out)
    kept = tmp_path / ".bundle.kept"
    damaged = kept / "condition.pte"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    record = kept / "programs-block_00.pte.json"
    content = json.loads(record.read_text())
    record.write_text(json.dumps({**content, "settings": "others"}))
    lowerings.clear()
    export_by(Stopped(None), small_bundle, out)
    assert {"condition", "block_00_attn", "block_00_mlp"} <= set(lowerings)
    assert contents(out) == contents(bundle)


def test_nothing_is_kept_of_an_export_that_is_refused(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    def refused(
        programs: Sequence[Program],
        directory: Path,
        done: OnProgram,
        finished: FinishedFiles | None = None,
        /,
    ) -> list[Lowered]:
        block_by_block(programs, directory, done, finished)
        raise LazyDiTError("the disk is full: make room")

    with pytest.raises(LazyDiTError, match="the disk is full"):
        export_by(refused, small_bundle, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "block"),
    [
        ("block_07_attn", "block_07"),
        ("block_120_mlp", "block_120"),
        ("block_07", "block_07"),
        ("condition", None),
        ("reuse", None),
        ("extrapolate", None),
    ],
)
def test_a_program_belongs_to_a_block_or_to_none(program: str, block: str | None) -> None:
    assert block_of(program) == block
