"""The android target's precisions: what is delegated, and how near it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from rich.console import Console

from lazydit.checkpoints import save_checkpoint
from lazydit_export.export import write_bundle
from lazydit_export.recipe import ExportRecipe, read_source
from lazydit_export.report import Report
from lazydit_export.split import split
from lazydit_export.targets import find_target
from lazydit_export.targets.android import CONDITION_FILE, FILE, PRECISIONS
from lazydit_export.targets.target import TargetOptions
from lazydit_export.targets.xnnpack_precision import GROUP, at_precision
from lazydit_export.verification.bars import BARS
from lazydit_export.verification.program_errors import program_errors
from lazydit_runtime import Pipeline
from tests.conftest import random_dit

STREAM = ("native_layer_norm", "sum")
SMALL = {"width": 128, "depth": 1, "heads": 2}


def lower(checkpoint: Path, precision: str, folder: Path) -> None:
    """A bundle of the model in `checkpoint`, without gates and unverified."""
    target = find_target("android", TargetOptions(precision))
    recipe = ExportRecipe(checkpoint, (), target, folder, "model")
    source = read_source(recipe)
    programs = split(source.model)
    write_bundle(recipe, source, programs, folder, Report(Console(quiet=True), verbose=False))


@pytest.fixture(scope="module", params=PRECISIONS)
def small(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Pipeline]]:
    folder = tmp_path_factory.mktemp(request.param)
    save_checkpoint(random_dit(**SMALL), folder / "model.safetensors")
    (folder / "bundle").mkdir()
    lower(folder / "model.safetensors", request.param, folder / "bundle")
    with Pipeline.load(folder / "bundle") as pipeline:
        yield request.param, pipeline


def test_a_module_stays_in_one_piece(small: tuple[str, Pipeline]) -> None:
    precision, pipeline = small
    for name, program in pipeline.bundle.manifest.programs.items():
        if "attn" not in name and "mlp" not in name:
            continue
        own = [operator for operator in program.leftover_ops if operator != "_to_dim_order_copy"]
        assert tuple(own) == STREAM, name
        if precision != "fp16":
            assert program.delegates == 1, name
            assert program.leftover_ops == STREAM, name


def test_condition_is_alone_in_its_file(small: tuple[str, Pipeline]) -> None:
    manifest = small[1].bundle.manifest
    files = {name: program.file for name, program in manifest.programs.items()}
    assert files.pop("condition") == CONDITION_FILE
    assert set(files.values()) == {FILE}


def test_every_program_is_within_the_bar_of_the_precision(small: tuple[str, Pipeline]) -> None:
    precision, pipeline = small
    programs = split(random_dit(**SMALL))
    errors = program_errors(programs, pipeline.executor, [999, 500, 0], label=1)
    for name, error in errors.items():
        assert error <= BARS[precision].max_program_error, name


def test_lowering_leaves_the_model_as_it_was() -> None:
    for precision in PRECISIONS:
        for program in split(random_dit(**SMALL)):
            before = {name: tensor.clone() for name, tensor in program.module.state_dict().items()}
            at_precision(program, precision)
            for name, tensor in program.module.state_dict().items():
                assert torch.equal(tensor, before[name]), f"{precision} {program.name} {name}"


def test_rows_that_no_group_divides_take_int8() -> None:
    mlp = split(random_dit(mlp_ratio=2.5))[3]
    assert mlp.module.module.fc2.in_features % GROUP
    layers = at_precision(mlp, "int4").module.module
    assert layers.fc1.weight.target_dtype == torch.int4
    assert layers.fc2.weight.target_dtype == torch.int8


@torch.no_grad()
def test_rounding_does_not_shift_the_modulation() -> None:
    """The adaLN layers' mean output over labels and timesteps is that of the fp32 layers."""
    exact = split(random_dit(**SMALL))[0]
    quantized = at_precision(exact, "int4").module
    labels = range(exact.module.labels.num_embeddings)
    timesteps = torch.arange(0, 1000, 20).float()
    vectors = torch.cat([exact.module.vectors(torch.tensor([n]), timesteps) for n in labels])
    for name in ("modulation", "final_modulation"):
        before, after = exact.module.get_submodule(name), quantized.get_submodule(name)
        rounding = (vectors @ (after.weight.dequantize() - before.weight).T).mean(dim=0)
        left = rounding + after.bias - before.bias
        assert left.abs().max() < 0.25 * rounding.abs().max(), name
