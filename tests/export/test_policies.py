"""Every policy through the core and ExecuTorch, against the same policy in PyTorch."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from lazydit import policies as torch_policies
from lazydit.diffusion import Schedule
from lazydit.sampling import SampleResult, sample
from lazydit_runtime import EveryN, FixedSchedule, Lazy, Pipeline
from lazydit_runtime.policies import Extrapolate
from tests.conftest import SmallBundle

LABEL, SEED = 3, 11


@pytest.fixture(scope="module")
def pipeline(small_bundle: SmallBundle) -> Iterator[Pipeline]:
    with Pipeline.load(small_bundle.directory) as opened:
        yield opened


def in_pytorch(
    bundle: SmallBundle, steps: int, policy: torch_policies.Policy, guidance: float | None
) -> SampleResult:
    config = bundle.model.config
    shape = (1, config.in_channels, config.input_size, config.input_size)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(SEED))
    labels = torch.tensor([LABEL])
    return sample(bundle.model, labels, noise, Schedule.spaced(steps), policy, guidance)


def check(pipeline: Pipeline, expected: SampleResult, steps: int, policy: object) -> None:
    guidance = 2.5 if expected.ran.shape[2] == 2 else 1.0
    result = pipeline.generate(LABEL, SEED, steps=steps, guidance=guidance, policy=policy)
    np.testing.assert_array_equal(result.trace.ran, expected.ran[:, 0])
    np.testing.assert_array_equal(result.trace.extrapolated, expected.extrapolated[:, 0])
    np.testing.assert_allclose(result.latent, expected.latent[0], atol=1e-3)
    np.testing.assert_allclose(result.trace.scores, expected.scores[:, 0], atol=1e-4)
    assert result.lazy_ratio == pytest.approx(expected.lazy_ratio)


@pytest.mark.parametrize("guidance", [None, 2.5])
@pytest.mark.parametrize("steps", [1, 7, 70])
def test_always_is_plain_ddim(
    pipeline: Pipeline, small_bundle: SmallBundle, steps: int, guidance: float | None
) -> None:
    expected = in_pytorch(small_bundle, steps, torch_policies.Always(), guidance)
    assert bool(expected.ran.all())
    check(pipeline, expected, steps, "always")


@pytest.mark.parametrize("guidance", [None, 2.5])
@pytest.mark.parametrize("extrapolate", [False, True])
@pytest.mark.parametrize(("n", "max_reuse"), [(1, None), (2, None), (3, None), (4, 2)])
def test_every_n(
    pipeline: Pipeline,
    small_bundle: SmallBundle,
    n: int,
    max_reuse: int | None,
    extrapolate: bool,
    guidance: float | None,
) -> None:
    policy = torch_policies.EveryN(n, max_reuse, extrapolate)
    expected = in_pytorch(small_bundle, 9, policy, guidance)
    assert bool(expected.extrapolated.any()) == (extrapolate and n > 1)
    check(pipeline, expected, 9, EveryN(n, max_reuse, extrapolate))


@pytest.mark.parametrize("guidance", [None, 2.5])
@pytest.mark.parametrize("extrapolate", [False, True])
@pytest.mark.parametrize("max_reuse", [None, 1])
def test_schedule(
    pipeline: Pipeline,
    small_bundle: SmallBundle,
    max_reuse: int | None,
    extrapolate: bool,
    guidance: float | None,
) -> None:
    mask = torch.rand(8, 4, generator=torch.Generator().manual_seed(5)) < 0.4
    policy = torch_policies.FixedSchedule(mask, max_reuse, extrapolate)
    expected = in_pytorch(small_bundle, 8, policy, guidance)
    check(pipeline, expected, 8, FixedSchedule(mask.tolist(), max_reuse, extrapolate))


@pytest.mark.parametrize("guidance", [None, 2.5])
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("thresholds", [None, (0.3, 0.7)])
@pytest.mark.parametrize("extrapolate", ["stored", True, False])
def test_lazy(
    pipeline: Pipeline,
    small_bundle: SmallBundle,
    number: int,
    thresholds: tuple[float, float] | None,
    extrapolate: Extrapolate,
    guidance: float | None,
) -> None:
    gates = small_bundle.gate_sets[number]
    policy = torch_policies.Lazy.stored(gates)
    if thresholds is not None:
        pair = {"threshold_attn": thresholds[0], "threshold_mlp": thresholds[1]}
        policy = dataclasses.replace(policy, **pair)
    if extrapolate != "stored":
        policy = dataclasses.replace(policy, extrapolate=extrapolate)
    expected = in_pytorch(small_bundle, gates.steps, policy, guidance)
    assert 0.05 < expected.lazy_ratio < 0.95
    chosen = Lazy(gates.name, thresholds, extrapolate=extrapolate)
    check(pipeline, expected, gates.steps, chosen)
