"""The parity gate: lets rounding pass and nothing else."""

import dataclasses
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from lazydit.checkpoints import save_checkpoint
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet
from lazydit_export.export import export
from lazydit_export.recipe import ExportRecipe
from lazydit_export.report import Report
from lazydit_export.split import Program, split
from lazydit_export.targets import find_target
from lazydit_export.targets.target import Lowered, OnProgram, Target
from lazydit_export.verification import gate
from lazydit_export.verification.bars import BARS
from lazydit_export.verification.compare import at_limit, compare, psnr
from lazydit_export.verification.runs import Case, Runs
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Array
from lazydit_runtime.executors.executorch import ExecuTorchExecutor
from tests.conftest import SmallBundle, random_dit, random_gates

FP32 = BARS["fp32"]
SILENT = Report(Console(quiet=True), verbose=False)


def recipe_for(bundle: SmallBundle, out: Path) -> ExportRecipe:
    target = find_target("android")
    return ExportRecipe(bundle.checkpoint, (bundle.gate_file,), target, out, "small")


def lowered_before(bundle: SmallBundle) -> Target:
    """A target that takes seconds less: its programs are those of `bundle`."""

    def lower(_: Sequence[Program], directory: Path, *__: object) -> list[Lowered]:
        for file in bundle.directory.glob("*.pte"):
            shutil.copy(file, directory)
        programs = Bundle.open(bundle.directory).manifest.programs
        return [
            Lowered(name, spec.file, spec.method, spec.delegates, spec.leftover_ops)
            for name, spec in programs.items()
        ]

    return dataclasses.replace(find_target("android"), lower=lower)


def test_a_wrong_weight_in_the_bundle_is_found_and_named(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    recipe = recipe_for(small_bundle, tmp_path / "bundle")
    target = recipe.target

    def lower(
        programs: Sequence[Program], directory: Path, done: OnProgram, *_: object
    ) -> list[Lowered]:
        faulty = split(random_dit())
        broken = next(program for program in faulty if program.name == "block_01_mlp")
        with torch.no_grad():
            next(broken.module.parameters()).view(-1)[0] += 0.5
        return target.lower(faulty, directory, done)

    recipe = dataclasses.replace(recipe, target=dataclasses.replace(target, lower=lower))
    with pytest.raises(LazyDiTError, match="block_01_mlp is the first program that differs"):
        export(recipe, SILENT)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_counts_where_python_drops_its_exception(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    recipe = recipe_for(small_bundle, tmp_path / "bundle")
    target = lowered_before(small_bundle)

    def lower(
        programs: Sequence[Program], directory: Path, done: OnProgram, *_: object
    ) -> list[Lowered]:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return target.lower(programs, directory, done)

    recipe = dataclasses.replace(recipe, target=dataclasses.replace(target, lower=lower))
    with pytest.raises(KeyboardInterrupt):
        export(recipe, SILENT)
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("weight", "program"),
    [
        ("t_embedder.mlp.0.weight", "condition"),
        ("pos_embed", "embed"),
        ("blocks.0.attn.qkv.weight", "block_00_attn"),
        ("final_layer.linear.weight", "final"),
    ],
)
def test_a_weight_that_differs_from_the_model_is_found_and_named(
    small_bundle: SmallBundle, tmp_path: Path, weight: str, program: str
) -> None:
    model = random_dit()
    model.state_dict()[weight].view(-1)[0] += 0.5
    save_checkpoint(model, tmp_path / "other.safetensors")
    recipe = dataclasses.replace(
        recipe_for(small_bundle, tmp_path / "bundle"),
        checkpoint=tmp_path / "other.safetensors",
        target=lowered_before(small_bundle),
    )
    with pytest.raises(LazyDiTError, match=f"{program} is the first program that differs"):
        export(recipe, SILENT)
    assert [path.name for path in tmp_path.iterdir()] == ["other.safetensors"]


def test_a_large_model_is_compared_on_less_and_the_bundle_says_so(
    small_bundle: SmallBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "LARGE_WEIGHTS", 1)
    recipe = dataclasses.replace(
        recipe_for(small_bundle, tmp_path / "bundle"), target=lowered_before(small_bundle)
    )
    export(recipe, SILENT)
    found = Bundle.open(tmp_path / "bundle").manifest.verification
    cases = 8  # two gate sets and their step counts, guided and not
    assert found["images"] == cases
    assert found["decisions"] > 0
    (sentence,) = found["unchecked"]
    assert "1 image of every case was compared in place of 3" in sentence


def test_a_program_that_gives_no_numbers_is_found_and_named(
    small_bundle: SmallBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_engine = ExecuTorchExecutor.open

    class Broken:
        def __init__(self, engine: ExecuTorchExecutor) -> None:
            self.engine = engine
            self.close = engine.close

        def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
            self.engine.run(program, inputs, outputs)
            if program == "block_01_attn":
                outputs[0][...] = np.nan

    def open_broken(bundle: Bundle, **options: Any) -> Broken:
        return Broken(open_engine(bundle, **options))

    monkeypatch.setattr(ExecuTorchExecutor, "open", open_broken)
    recipe = dataclasses.replace(
        recipe_for(small_bundle, tmp_path / "bundle"), target=lowered_before(small_bundle)
    )
    with pytest.raises(LazyDiTError, match="block_01_attn is the first program that differs"):
        export(recipe, SILENT)
    assert list(tmp_path.iterdir()) == []


def test_wrong_gates_are_found(
    small_bundle: SmallBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(gates: GateSet, directory: Path) -> None:
        path = directory / "gates" / f"{gates.name}.f32"
        path.parent.mkdir(exist_ok=True)
        (-gates.weights).numpy().tofile(path)

    monkeypatch.setattr("lazydit_export.export._write_gates", wrong)
    recipe = dataclasses.replace(
        recipe_for(small_bundle, tmp_path / "bundle"), target=lowered_before(small_bundle)
    )
    with pytest.raises(LazyDiTError, match="decisions differ.*no program differs by itself"):
        export(recipe, SILENT)
    assert list(tmp_path.iterdir()) == []


def runs(scores: list[float], ran: list[bool], latent: float = 0.0) -> Runs:
    """One image of one sample: one module decides at every step, the other always runs."""
    steps = len(scores)
    all_scores = np.stack([scores, np.full(steps, 0.9)], axis=-1).astype(np.float32)
    all_ran = np.stack([ran, np.full(steps, True)], axis=-1)
    latents = np.full((1, 1, 2, 2), latent, np.float32)
    latents[0, 0, 0, 0] = 1
    return Runs(latents, all_scores[:, None, None], all_ran[:, None, None])


@pytest.fixture
def case() -> Case:
    config = random_dit(depth=1, num_classes=2).config
    return Case(3, None, random_gates(config, 3, max_reuse=1))


def test_a_decision_within_tolerance_is_followed(case: Case) -> None:
    plain = runs([np.nan, 0.50005, 0.7], [True, True, True])
    bundle = runs([np.nan, 0.49995, 0.7], [True, False, True])
    replayed = runs([np.nan, 0.50005, 0.7], [True, False, True])
    comparison = compare(case, bundle, plain, replayed, peak=2.0)
    assert (comparison.different, comparison.followed, comparison.passed(FP32)) == (0, 1, True)
    assert comparison.closest == pytest.approx(5e-5, rel=1e-2)


def test_a_decision_beyond_tolerance_fails(case: Case) -> None:
    plain = runs([np.nan, 0.5002, 0.7], [True, True, True])
    bundle = runs([np.nan, 0.4999, 0.7], [True, False, True])
    comparison = compare(case, bundle, plain, plain, peak=2.0)
    assert (comparison.different, comparison.passed(FP32)) == (1, False)


def test_the_limit_is_no_matter_of_rounding(case: Case) -> None:
    plain = runs([np.nan, 0.2, 0.49999], [True, False, True])
    broken = runs([np.nan, 0.2, 0.49999], [True, False, False])
    comparison = compare(case, broken, plain, plain, peak=2.0)
    assert comparison.different == 1


@pytest.mark.parametrize("latent", [float("nan"), float("inf"), 0.1])
def test_a_wrong_latent_fails(case: Case, latent: float) -> None:
    plain = runs([np.nan, 0.2, 0.7], [True, False, True])
    bundle = runs([np.nan, 0.2, 0.7], [True, False, True], latent)
    assert not compare(case, bundle, plain, plain, peak=2.0).passed(FP32)


def test_at_limit_counts_reuses_in_a_row() -> None:
    ran = np.array([1, 0, 0, 1, 0, 0, 0], bool)[:, None]
    assert at_limit(ran, 2)[:, 0].tolist() == [False, False, False, True, False, False, True]
    assert not at_limit(ran, None).any()


def test_psnr() -> None:
    reference = np.zeros(4, np.float32)
    assert psnr(reference, reference + 0.02, peak=2.0) == pytest.approx(40.0, abs=1e-4)
    assert psnr(reference, reference, peak=2.0) == float("inf")
