"""What the android target makes of the programs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lazydit_export.split import MAX_STEPS, split
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.manifest import schema
from lazydit_runtime.pipeline import Pipeline
from tests.conftest import SmallBundle

STREAM = ("native_layer_norm", "sum")
LEFTOVER = {"condition": ("embedding",), "final": ()}


def test_everything_but_norm_and_sum_is_delegated(small_bundle: SmallBundle) -> None:
    programs = Bundle.open(small_bundle.directory).manifest.programs
    assert list(programs) == [program.name for program in split(small_bundle.model)]
    for name, program in programs.items():
        assert program.delegates == 1, name
        assert program.leftover_ops == LEFTOVER.get(name, STREAM), name


@pytest.mark.parametrize("steps", [1, 2, 17, MAX_STEPS])
def test_condition_takes_any_number_of_steps(small_bundle: SmallBundle, steps: int) -> None:
    condition = split(small_bundle.model)[0]
    inputs = (torch.tensor([3]), torch.linspace(999, 0, steps))
    with torch.no_grad():
        expected = condition.module(*inputs)
    found = [np.empty(tuple(output.shape), np.float32) for output in expected]
    with Pipeline.load(small_bundle.directory) as pipeline:
        pipeline.executor.run("condition", [tensor.numpy() for tensor in inputs], found)
    for output, reference in zip(found, expected, strict=True):
        np.testing.assert_allclose(output, reference.numpy(), atol=1e-5)


def test_the_bundle_holds_what_the_manifest_says_and_nothing_else(
    small_bundle: SmallBundle,
) -> None:
    manifest = Bundle.open(small_bundle.directory).manifest
    files = {
        path.relative_to(small_bundle.directory).as_posix()
        for path in Path(small_bundle.directory).rglob("*")
        if path.is_file()
    }
    assert files == {*manifest.files, "manifest.json"}
    assert schema()["properties"]["schema_version"] == {"const": manifest.schema_version}


def test_the_manifest_carries_calibration_and_verification(small_bundle: SmallBundle) -> None:
    manifest = Bundle.open(small_bundle.directory).manifest
    assert manifest.verification["different"] == 0
    assert manifest.verification["decisions"] > 0
    assert manifest.verification["worst_program_error"] < 1e-5
    for gates in manifest.gate_sets:
        thresholds = [point.threshold for point in gates.calibration]
        ratios = [point.lazy_ratio for point in gates.calibration]
        assert len(thresholds) >= 4
        assert thresholds == sorted(thresholds)
        assert ratios[0] < ratios[-1]
    assert 0.5 in [point.threshold for point in manifest.gate_sets[0].calibration]
