"""The demo model: the bundle takes PyTorch's decisions, for every gate set it ships with."""

from collections.abc import Iterator

import pytest
from rich.console import Console

from lazydit.demo import demo_checkpoint, demo_gates
from lazydit_export.export import write_bundle
from lazydit_export.recipe import ExportRecipe, Source, read_source
from lazydit_export.report import Report
from lazydit_export.split import split
from lazydit_export.targets import find_target
from lazydit_export.verification.bars import BARS
from lazydit_export.verification.compare import compare
from lazydit_export.verification.gate import PIXEL_PEAK
from lazydit_export.verification.runs import Case, Image, Runs, run_bundle, run_pytorch
from lazydit_runtime import Pipeline

SEEDS = 32
GUIDANCE = 3.0
GATE_SETS = 6


@pytest.fixture(scope="module", params=["android", "onnx"])
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Source, Pipeline]]:
    folder = tmp_path_factory.mktemp("demo")
    target = find_target(request.param)
    recipe = ExportRecipe(demo_checkpoint(), tuple(demo_gates()), target, folder, "digits")
    source = read_source(recipe)
    report = Report(Console(quiet=True), verbose=False)
    write_bundle(recipe, source, split(source.model), folder, report)
    with Pipeline.load(folder, target.executor) as pipeline:
        yield source, pipeline


@pytest.fixture(scope="module")
def pytorch_runs() -> dict[tuple[str, float | None], Runs]:
    """PyTorch's generations by gate set and guidance: the same for all targets."""
    return {}


def test_every_gate_set_decides_as_in_pytorch(
    demo: tuple[Source, Pipeline],
    pytorch_runs: dict[tuple[str, float | None], Runs],
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, pipeline = demo
    assert len(source.gate_sets) == GATE_SETS
    classes = source.model.config.num_classes
    decisions = followed = 0
    for offset, gates in enumerate(source.gate_sets):
        # Every seed and every label, and other pairs of them for every gate set.
        images = [Image((seed + offset) % classes, seed) for seed in range(SEEDS)]
        for guidance in (None, GUIDANCE):
            case = Case(gates.steps, guidance, gates)
            found = run_bundle(pipeline, case, images)
            key = (gates.name, guidance)
            if key not in pytorch_runs:
                pytorch_runs[key] = run_pytorch(source.model, case, images)
            plain = replayed = pytorch_runs[key]
            if (plain.ran != found.ran).any():
                replayed = run_pytorch(source.model, case, images, followed=found)
            comparison = compare(case, found, plain, replayed, PIXEL_PEAK)
            assert comparison.different == 0, f"{gates.name}, guidance {guidance}"
            assert comparison.passed(BARS["fp32"]), f"{gates.name}: {comparison.psnr} dB"
            decisions += comparison.decisions
            followed += comparison.followed
    with capsys.disabled():
        print(
            f"\n{decisions} decisions of {len(source.gate_sets)} gate sets compared, 0 different; "
            f"{followed} of {SEEDS * 2 * len(source.gate_sets)} images hold one within rounding"
        )


@pytest.mark.parametrize("guidance", [None, GUIDANCE])
@pytest.mark.parametrize("steps", [10, 20])
def test_always_is_plain_ddim(
    demo: tuple[Source, Pipeline], steps: int, guidance: float | None
) -> None:
    source, pipeline = demo
    case = Case(steps, guidance)
    images = [Image(label, seed=label) for label in range(source.model.config.num_classes)]
    found, plain = run_bundle(pipeline, case, images), run_pytorch(source.model, case, images)
    comparison = compare(case, found, plain, plain, PIXEL_PEAK)
    assert comparison.passed(BARS["fp32"])
    assert comparison.psnr > 80
