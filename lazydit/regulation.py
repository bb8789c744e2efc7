"""Regulating gates until sampling really is as lazy as was asked for.

While gates learn, their penalties are regulated. What is left over when they have learned is
settled by moving the logits of all gates by the same shift: no sample's modules change their order.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lazydit.chains import ChainResult, Precision
from lazydit.data import step_generator
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet
from lazydit.models.dit import DiT
from lazydit.policies import Decision, Lazy
from lazydit.sampling import sample

MEASURED_IMAGES = 32
GAIN = 5.0


@dataclass(frozen=True)
class Penalties:
    """What a score of 1 costs in the loss: of attention and of feedforward modules."""

    attn: float
    mlp: float

    def regulated(self, lazy_ratio: float, target: float) -> "Penalties":
        """Raised where sampling was not lazy enough, lowered where it was too lazy."""
        factor = math.exp(GAIN * (target - lazy_ratio))
        return Penalties(self.attn * factor, self.mlp * factor)


@dataclass(frozen=True)
class Shift:
    """A shift of all logits that is being narrowed down, in so many rounds so far."""

    low: float = -16.0
    high: float = 16.0
    rounds: int = 0

    @property
    def value(self) -> float:
        return (self.low + self.high) / 2

    def narrowed(self, lazy_ratio: float, target: float) -> "Shift":
        """After measuring with `value`: too lazy gates need higher logits."""
        side = {"low": self.value} if lazy_ratio > target else {"high": self.value}
        return replace(self, **side, rounds=self.rounds + 1)


def starting_penalty(chains: list[ChainResult], target: float, workers: Workers) -> float:
    """The penalty that about a share `target` of all decisions would rather pay in error.

    A decision's sensitivity is how much error one more unit of score takes away. A module whose
    sensitivity is below the penalty becomes lazy.
    """
    sensitivities: list[Tensor] = []
    for chain in chains:
        scores = [score for lazy_step in chain.scores for score in lazy_step]
        sensitivities += torch.autograd.grad(chain.errors.sum(), scores)
    ordered = -torch.cat(sensitivities)
    smallest = torch.finfo(torch.float32).tiny
    return max(float(workers.mean(ordered.quantile(target).clamp(min=0.0))), smallest)


@dataclass(frozen=True, eq=False)
class Measurement:
    """`lazy_ratio` of sampling runs, and `directions` [T, 2L, D] that shift logits when they are
    added to gates."""

    lazy_ratio: float
    directions: Tensor


def shift_directions(inputs: Tensor) -> Tensor:
    """What to add to gates to raise their logits by 1 on average: the smallest vectors that do so
    for mean gate inputs [T, 2L, D]. Where an input is zero nothing is added."""
    return inputs / inputs.square().sum(dim=-1, keepdim=True).clamp(min=1e-12)


class _Listening:
    """The policy given; keeps the mean gate input [D] of every step and module."""

    def __init__(self, policy: Lazy) -> None:
        self.max_reuse, self.extrapolate = policy.max_reuse, policy.extrapolate
        self.check = policy.check
        self.heard: dict[tuple[int, int], Tensor] = {}
        self._policy = policy

    def decide(self, step: int, module: int, z: Tensor) -> Decision:
        self.heard[step, module] = z.float().sum(dim=1).mean(dim=0)
        return self._policy.decide(step, module, z)


def measure(
    model: DiT,
    gates: GateSet,
    schedule: Schedule,
    workers: Workers,
    *,
    guidance: float,
    seed: int,
    precision: Precision,
) -> Measurement:
    """Guided sampling runs with these gates: whole generations, hard decisions and the limit on
    reuses in a row."""
    config = model.config
    count = math.ceil(MEASURED_IMAGES / workers.count) * workers.count
    # Iterations of learning take the generators from 0 upwards.
    random = step_generator(seed, -1)
    labels = torch.randint(config.num_classes, (count,), generator=random)
    shape = (count, config.in_channels, config.input_size, config.input_size)
    noise: Tensor = torch.randn(shape, generator=random)
    policy = _Listening(Lazy.stored(gates))
    with precision():
        result = sample(
            model, workers.share(labels), workers.share(noise), schedule, policy, guidance
        )
    ratio = workers.mean(torch.tensor(result.lazy_ratio, device=workers.device))
    inputs = torch.zeros_like(gates.weights, device=workers.device)
    for place, mean in policy.heard.items():
        inputs[place] = mean
    return Measurement(float(ratio), shift_directions(workers.mean(inputs)).cpu())


def check_target(target: float, steps: int, max_reuse: int | None) -> None:
    """Raises LazyDiTError when no gates could be as lazy as `target`."""
    reusable = steps - 1
    if max_reuse is not None:
        reusable -= reusable // (max_reuse + 1)
    if not 0 < target < reusable / steps:
        raise LazyDiTError(
            f"a target ratio of {target} cannot be reached with {steps} steps and this max_reuse: "
            f"choose one above 0 and below {reusable / steps:.2f}"
        )
