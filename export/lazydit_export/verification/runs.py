"""The same generations twice: by the written bundle, and by plain PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from lazydit.diffusion import Schedule
from lazydit.gates import GateSet
from lazydit.models.dit import DiT, DiTConfig
from lazydit.policies import Always, Decision, Lazy, Policy
from lazydit.sampling import sample
from lazydit_runtime.pipeline import Pipeline
from lazydit_runtime.planning import UNGUIDED


class Image(NamedTuple):
    """What is drawn: a label, and the seed of its noise."""

    label: int
    seed: int


@dataclass(frozen=True)
class Case:
    """One policy to compare: `lazy` with these gates, or `always` with `steps` steps.

    `guidance` None is without the unconditional sample.
    """

    steps: int
    guidance: float | None
    gates: GateSet | None = None

    @property
    def policy(self) -> str:
        return "lazy" if self.gates else "always"

    @property
    def gates_name(self) -> str | None:
        return self.gates.name if self.gates else None


@dataclass(frozen=True, eq=False)
class Runs:
    """Generations of B images in T steps: latents [B, C, h, w]; scores and ran [T, B, S, 2L]."""

    latents: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    ran: npt.NDArray[np.bool_]

    @property
    def lazy_ratio(self) -> float:
        """Modules reused / modules reached."""
        return 1.0 - float(self.ran.mean())


def spread_images(count: int, num_classes: int) -> list[Image]:
    """`count` images of labels spread over the classes, each with a seed of its own."""
    return [Image(index * num_classes // count, seed=index) for index in range(count)]


def cases_of(gate_sets: Sequence[GateSet], guidance: float, default_steps: int) -> list[Case]:
    """Every gate set and every step count under `always`, each guided and unguided."""
    step_counts = sorted({gates.steps for gates in gate_sets} or {default_steps})
    return [
        Case(steps, scale, gates)
        for scale in (guidance, None)
        for steps, gates in [
            *((gates.steps, gates) for gates in gate_sets),
            *((steps, None) for steps in step_counts),
        ]
    ]


def run_bundle(
    pipeline: Pipeline, case: Case, images: Sequence[Image], threshold: float | None = None
) -> Runs:
    """The bundle's generations; `threshold` replaces both of the gate set's own."""
    results = [
        pipeline.generate(
            image.label,
            seed=image.seed,
            steps=case.steps,
            guidance=UNGUIDED if case.guidance is None else case.guidance,
            policy=case.policy,
            gates=case.gates_name,
            thresholds=threshold,
        )
        for image in images
    ]
    return Runs(
        np.stack([result.latent for result in results]),
        np.stack([result.trace.scores for result in results], axis=1),
        np.stack([result.trace.ran for result in results], axis=1),
    )


def run_pytorch(
    model: DiT, case: Case, images: Sequence[Image], followed: Runs | None = None
) -> Runs:
    """PyTorch's generations; with `followed`, these take its decisions and score them anew."""
    policy: Policy = Lazy.stored(case.gates) if case.gates else Always()
    if followed is not None:
        policy = _Followed(policy, followed.ran)
    return run_policy(model, policy, images, case.steps, case.guidance)


def run_policy(
    model: DiT, policy: Policy, images: Sequence[Image], steps: int, guidance: float | None
) -> Runs:
    """PyTorch's generations with any policy."""
    labels = torch.tensor([image.label for image in images])
    noise = _noise(model, images)
    result = sample(model, labels, noise, Schedule.spaced(steps), policy, guidance)
    return Runs(result.latent.numpy(), result.scores.numpy(), result.ran.numpy())


def _noise(model: DiT, images: Sequence[Image]) -> torch.Tensor:
    config = model.config
    shape = (1, config.in_channels, config.input_size, config.input_size)
    return torch.cat(
        [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for _, seed in images]
    )


class _Followed:
    """Takes decisions made elsewhere, ran [T, B, S, 2L], and scores them as `policy` does."""

    max_reuse = None

    def __init__(self, policy: Policy, ran: npt.NDArray[np.bool_]) -> None:
        steps, _, _, modules = ran.shape
        # The sampler's rows are the conditional samples of all images, then the unconditional.
        self._ran = torch.from_numpy(ran).transpose(1, 2).reshape(steps, -1, modules)
        self._policy = policy
        self.extrapolate = policy.extrapolate

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        self._policy.check(config, schedule)

    def decide(self, step: int, module: int, z: torch.Tensor) -> Decision:
        score = self._policy.decide(step, module, z).score
        return Decision(self._ran[step, :, module], score)
