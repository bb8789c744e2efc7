"""The demo model in every precision: what is drawn stays legible, files shrink as promised."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from lazydit.demo import demo_classifier
from lazydit_export.verification.bars import BARS
from lazydit_export.verification.compare import psnr
from lazydit_export.verification.gate import PIXEL_PEAK
from lazydit_export.verification.runs import Case, Image, Runs, run_bundle, run_pytorch

COUNT, STEPS, GUIDANCE = 200, 10, 3.0
WEIGHT_FILES = ("weights.bin", "weight.bin", ".pte")
IMAGES = [Image(seed % 10, seed) for seed in range(COUNT)]

SIZES = {
    # Of whole files, in which the graphs of this small model weigh 0.016.
    ("android", "fp16"): 0.52,
    ("android", "int8"): 0.29,
    ("android", "int4"): 0.18,
    ("ios", "fp16"): 0.51,
    ("ios", "int8"): 0.27,
    # `condition` has 8 bits, and every 16 weights of the rest a scale.
    ("ios", "int4"): 0.21,
    ("onnx", "fp16"): 0.51,
    ("onnx", "int8"): 0.27,
}
"""The most that the weights may weigh, as a share of fp32's."""
LOST = {"fp16": 0.01, "int8": 0.01, "int4": 0.03}
"""The most that the share of legible images may fall."""


def legible(runs: Runs) -> float:
    """The share of images in which the classifier sees the digit that was asked for."""
    read = demo_classifier().read(torch.from_numpy(runs.latents))
    return (read == torch.tensor([image.label for image in IMAGES])).float().mean().item()


@pytest.fixture(scope="module")
def plain(open_demo: Callable[[str, str], Any]) -> Runs:
    """What PyTorch draws; the model is the same for all targets."""
    return run_pytorch(open_demo("onnx", "fp16").source.model, Case(STEPS, GUIDANCE), IMAGES)


@pytest.mark.parametrize(("target", "precision"), SIZES)
def test_images_stay_legible_and_near(
    open_demo: Callable[[str, str], Any], plain: Runs, target: str, precision: str
) -> None:
    found = run_bundle(open_demo(target, precision).pipeline, Case(STEPS, GUIDANCE), IMAGES)
    assert legible(plain) > 0.97
    assert legible(found) >= legible(plain) - LOST[precision]
    nearness = [
        psnr(reference, latent, PIXEL_PEAK)
        for reference, latent in zip(plain.latents, found.latents, strict=True)
    ]
    assert np.mean(nearness) >= BARS[precision].min_psnr


@pytest.mark.parametrize(("target", "precision"), SIZES)
def test_weights_shrink(open_demo: Callable[[str, str], Any], target: str, precision: str) -> None:
    wide, narrow = (weight_bytes(open_demo(target, name)) for name in ("fp32", precision))
    assert narrow <= SIZES[target, precision] * wide


def weight_bytes(demo: Any) -> int:
    """The bytes of the files that hold the programs' weights."""
    files = demo.pipeline.bundle.manifest.files
    return sum(entry.bytes for name, entry in files.items() if name.endswith(WEIGHT_FILES))
