"""The demo model: the bundle takes PyTorch's decisions, for every gate set it ships with."""

from collections.abc import Callable
from typing import Any

import pytest

from lazydit_export.verification.bars import BARS
from lazydit_export.verification.compare import compare
from lazydit_export.verification.gate import PIXEL_PEAK
from lazydit_export.verification.runs import Case, Image, Runs, run_bundle, run_pytorch

SEEDS = 32
GUIDANCE = 3.0
GATE_SETS = 6


@pytest.fixture(scope="module", params=["android", "ios", "onnx"])
def demo(request: pytest.FixtureRequest, open_demo: Callable[[str, str], Any]) -> Any:
    return open_demo(request.param, "fp32")


@pytest.fixture(scope="module")
def pytorch_runs() -> dict[tuple[str, float | None], Runs]:
    """PyTorch's generations by gate set and guidance: the same for all targets."""
    return {}


def test_every_gate_set_decides_as_in_pytorch(
    demo: Any,
    pytorch_runs: dict[tuple[str, float | None], Runs],
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, pipeline = demo.source, demo.pipeline
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
def test_always_is_plain_ddim(demo: Any, steps: int, guidance: float | None) -> None:
    source, pipeline = demo.source, demo.pipeline
    case = Case(steps, guidance)
    images = [Image(label, seed=label) for label in range(source.model.config.num_classes)]
    found, plain = run_bundle(pipeline, case, images), run_pytorch(source.model, case, images)
    comparison = compare(case, found, plain, plain, PIXEL_PEAK)
    assert comparison.passed(BARS["fp32"])
    assert comparison.psnr > 80
