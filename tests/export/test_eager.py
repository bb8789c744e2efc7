"""The executor `torch`."""

from pathlib import Path

import numpy as np
import pytest

from lazydit.checkpoints import save_checkpoint
from lazydit.errors import LazyDiTError
from lazydit_runtime import Pipeline
from tests.conftest import SmallBundle, random_dit


def test_it_does_what_executorch_does(small_bundle: SmallBundle) -> None:
    with (
        Pipeline.load(small_bundle.directory) as engine,
        Pipeline.load(small_bundle.directory, "torch", checkpoint=small_bundle.checkpoint) as eager,
    ):
        for gates in small_bundle.gate_sets:
            found = engine.generate(1, seed=2, gates=gates.name, steps=gates.steps)
            expected = eager.generate(1, seed=2, gates=gates.name, steps=gates.steps)
            np.testing.assert_array_equal(found.trace.ran, expected.trace.ran)
            np.testing.assert_allclose(found.latent, expected.latent, atol=1e-4, rtol=1e-4)


def test_it_refuses_other_weights(small_bundle: SmallBundle, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_checkpoint(random_dit(seed=1), other)
    with pytest.raises(LazyDiTError, match="was not made from .*other"):
        Pipeline.load(small_bundle.directory, "torch", checkpoint=other)


def test_it_finds_no_weights_by_itself_but_the_demo_model_s(small_bundle: SmallBundle) -> None:
    with pytest.raises(LazyDiTError, match="give the checkpoint of model small"):
        Pipeline.load(small_bundle.directory, "torch")
