"""Policies: who decides, per module, step and sample, whether to run or to reuse.

Whatever a policy says, step 0 runs every module, since nothing is cached then, and a module that
was reused `max_reuse` steps in a row runs. The sampler sees to both.

With `extrapolate` a reused output is not the cached one as it is but continues the straight line
through the last two that were computed, the first order of the Taylor series of Liu et al., "From
Reusing to Forecasting: Accelerating Diffusion Models with TaylorSeers", 2025.
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
    """Whether each of R samples runs a module, bool [R], and its score [R] where a gate decided."""

    run: Tensor
    score: Tensor | None = None


class Policy(Protocol):
    """What the sampler asks of a policy; `max_reuse` None means that reuses in a row are free."""

    @property
    def max_reuse(self) -> int | None: ...

    @property
    def extrapolate(self) -> bool: ...

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        """Raises LazyDiTError when this policy cannot decide for this model and schedule."""
        ...

    def decide(self, step: int, module: int, z: Tensor) -> Decision:
        """Decide for R samples; z [R, N, D] is what the module would consume."""
        ...


@dataclass(frozen=True)
class Always:
    """Run every module: plain DDIM."""

    @property
    def max_reuse(self) -> int | None:
        return None

    @property
    def extrapolate(self) -> bool:
        return False

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        pass

    def decide(self, step: int, module: int, z: Tensor) -> Decision:
        return Decision(_constant(True, z))


@dataclass(frozen=True, eq=False)
class Lazy:
    """The gates decide: a module runs iff its score reaches the threshold of its kind."""

    gates: GateSet
    threshold_attn: float
    threshold_mlp: float
    max_reuse: int | None
    extrapolate: bool = False

    @classmethod
    def stored(cls, gates: GateSet) -> "Lazy":
        """With the thresholds, the limit and the way to reuse that are stored with the gates."""
        return cls(
            gates, gates.threshold_attn, gates.threshold_mlp, gates.max_reuse, gates.extrapolate
        )

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        self.gates.check_model(config)
        self.gates.check_schedule(schedule)
        _check_limit(self.max_reuse)

    def decide(self, step: int, module: int, z: Tensor) -> Decision:
        score = gate_score(self.gates.weights[step, module].to(z.device), z)
        threshold = self.threshold_mlp if module % 2 else self.threshold_attn
        # Not `score >= threshold`: a NaN score says nothing about the cached output.
        return Decision(~(score < threshold), score)


@dataclass(frozen=True)
class EveryN:
    """Run every module at steps 0, n, 2n, ... and reuse at all others."""

    n: int
    max_reuse: int | None = None
    extrapolate: bool = False

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        if self.n < 1:
            raise LazyDiTError(f"every-n cannot run every {self.n} steps: choose n from 1")
        _check_limit(self.max_reuse)

    def decide(self, step: int, module: int, z: Tensor) -> Decision:
        return Decision(_constant(step % self.n == 0, z))


@dataclass(frozen=True, eq=False)
class FixedSchedule:
    """A mask decides: `run` is bool [steps, 2 x depth], True where the module runs."""

    run: Tensor
    max_reuse: int | None = None
    extrapolate: bool = False

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        wanted = (len(schedule), config.num_modules)
        if self.run.dtype != torch.bool or tuple(self.run.shape) != wanted:
            raise LazyDiTError(
                f"the schedule's mask is {self.run.dtype} {tuple(self.run.shape)}: "
                f"give booleans of shape {wanted}, steps by modules"
            )
        _check_limit(self.max_reuse)

    def decide(self, step: int, module: int, z: Tensor) -> Decision:
        return Decision(_constant(bool(self.run[step, module]), z))


def gate_score(gate: Tensor, z: Tensor) -> Tensor:
    """Scores [R] of a gate [D], or of one gate a row [R, D], for module inputs z [R, N, D]:
    sigmoid of gate . z summed over the tokens (Shen et al., "LazyDiT", 2025; with the sign of
    their code, where a high score means diligence)."""
    # A matrix product would round to bf16 under autocast, and the terms cancel.
    return torch.sigmoid((z.float().sum(dim=1) * gate).sum(dim=-1))


def _constant(run: bool, z: Tensor) -> Tensor:
    return torch.full((z.shape[0],), run, device=z.device)


def _check_limit(max_reuse: int | None) -> None:
    if max_reuse is not None and max_reuse < 1:
        raise LazyDiTError(f"max_reuse is {max_reuse}: give a number from 1, or none for no limit")
