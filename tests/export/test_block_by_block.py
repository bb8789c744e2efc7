"""How the android target lowers what is too large for one file."""

import dataclasses
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from lazydit_export.export import export
from lazydit_export.recipe import ExportRecipe
from lazydit_export.report import Report
from lazydit_export.split import Program, block_of
from lazydit_export.targets import android, find_target
from lazydit_export.targets.target import Lowered, OnProgram
from lazydit_runtime import Pipeline
from lazydit_runtime.bundle import Bundle
from tests.conftest import SmallBundle

Lower = Callable[[Sequence[Program], Path, OnProgram], list[Lowered]]
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

    def lower(programs: Sequence[Program], directory: Path, done: OnProgram) -> list[Lowered]:
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
