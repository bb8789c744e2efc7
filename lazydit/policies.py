"""Policies: who decides, per step, sample and module, whether to run or to reuse.

The first step always runs everything, and a `max_reuse` limits how many reuses in a row one module
of one sample may have; the sampler sees to both, a policy only says what it wants.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet
from lazydit.models.dit import DiTConfig


class Decision(NamedTuple):
    """What a policy wants for one module: run [B] bool, and the scores [B] if a gate decided."""

    run: Tensor
    scores: Tensor | None = None


class Policy(Protocol):
    """Decides for one module at a time. Steps are in sampling order, modules attn 0, mlp 0, ..."""

    @property
    def max_reuse(self) -> int | None:
        """How many reuses in a row are allowed; None is no limit."""
        ...

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        """Raise LazyDiTError when the policy does not fit the model or the schedule."""
        ...

    def decide(self, step: int, number: int, z: Tensor) -> Decision:
        """For step >= 1, module `number` and the input z [B, N, D] that it would consume."""
        ...


@dataclass(frozen=True)
class Always:
    """Run everything: plain DDIM."""

    max_reuse: int | None = None

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        """Fits everything."""

    def decide(self, step: int, number: int, z: Tensor) -> Decision:
        return Decision(_all(True, z))


class Lazy:
    """The gates decide ("LazyDiT: Lazy Learning for the Acceleration of Diffusion Transformers",
    Shen et al., 2024): run iff score >= threshold.

    Thresholds and `max_reuse` that are None are the gate set's own.
    """

    def __init__(
        self,
        gates: GateSet,
        threshold_attn: float | None = None,
        threshold_mlp: float | None = None,
        max_reuse: int | None = None,
    ) -> None:
        self.gates = gates
        self.max_reuse = gates.max_reuse if max_reuse is None else max_reuse
        self.thresholds = (
            gates.threshold_attn if threshold_attn is None else threshold_attn,
            gates.threshold_mlp if threshold_mlp is None else threshold_mlp,
        )

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        self.gates.check_fits(config)
        if self.gates.timesteps != schedule.timesteps:
            raise LazyDiTError(
                f"gate set {self.gates.name} is for {self.gates.steps} steps and its own "
                f"timesteps, not for these {len(schedule)}: choose another gate set or step count"
            )

    def decide(self, step: int, number: int, z: Tensor) -> Decision:
        scores = gate_scores(self.gates.weights[step, number].to(z.device), z)
        return Decision(scores >= self.thresholds[number % 2], scores)


def gate_scores(weights: Tensor, z: Tensor) -> Tensor:
    """Scores [B] of a gate's weights ([D], or one each [B, D]) on z [B, N, D], in fp32."""
    return torch.sigmoid((z.float().sum(dim=1) * weights).sum(dim=-1))


@dataclass(frozen=True)
class EveryN:
    """Run everything at every n-th step, reuse everything between ("FORA: Fast-Forward Caching in
    Diffusion Transformer Acceleration", Selvaraju et al., 2024)."""

    n: int
    max_reuse: int | None = None

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        if self.n < 1:
            raise LazyDiTError(f"every-n with n = {self.n}: choose n from 1")

    def decide(self, step: int, number: int, z: Tensor) -> Decision:
        return Decision(_all(step % self.n == 0, z))


@dataclass(frozen=True, eq=False)
class FixedSchedule:
    """A fixed mask [T, 2L], True where a module runs, the same for every sample."""

    mask: Tensor
    max_reuse: int | None = None

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        expected = (len(schedule), config.num_modules)
        if tuple(self.mask.shape) != expected or self.mask.dtype != torch.bool:
            raise LazyDiTError(
                f"the schedule's mask is {self.mask.dtype} of shape {tuple(self.mask.shape)}: "
                f"give booleans of shape {expected} (steps, modules)"
            )

    def decide(self, step: int, number: int, z: Tensor) -> Decision:
        return Decision(_all(bool(self.mask[step, number]), z))


def _all(run: bool, z: Tensor) -> Tensor:
    return torch.full((z.shape[0],), run, device=z.device)
