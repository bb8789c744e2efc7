"""Gates that decide as a fixed mask does: where learning starts.

Letters in shapes: T steps, 2L modules, D width.
"""

import torch
from torch import Tensor

from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.models.dit import DiT, DiTConfig
from lazydit.policies import Decision, FixedSchedule
from lazydit.sampling import sample


@torch.no_grad()
def emulating_gates(
    model: DiT,
    labels: Tensor,
    noise: Tensor,
    schedule: Schedule,
    policy: FixedSchedule,
    guidance: float,
    workers: Workers,
) -> Tensor:
    """Gates [T, 2L, D] whose scores lie on the side of 0.5 that the mask of `policy` asks for.

    Their logits are 1 or -1 for the mean input that a module has under `policy`, over these
    images: the smallest vectors of which that is true. Zero where no gate decides, at step 0.
    """
    listening = _Listening(policy)
    sample(model, workers.share(labels), workers.share(noise), schedule, listening, guidance)
    gates = torch.zeros(*policy.run.shape, model.config.width, device=workers.device)
    for (step, module), mean in listening.heard.items():
        gates[step, module] = mean
    gates = workers.mean(gates)
    sides = torch.where(policy.run, 1.0, -1.0).to(gates.device)
    return sides.unsqueeze(-1) * gates / gates.square().sum(dim=-1, keepdim=True).clamp(min=1e-12)


class _Listening:
    """The policy given; keeps the mean over rows of what a gate is multiplied with [D], of every
    step and module."""

    max_reuse: int | None = None

    def __init__(self, policy: FixedSchedule) -> None:
        self.extrapolate = policy.extrapolate
        self.heard: dict[tuple[int, int], Tensor] = {}
        self._policy = policy

    def check(self, config: DiTConfig, schedule: Schedule) -> None:
        self._policy.check(config, schedule)

    def decide(self, step: int, module: int, z: Tensor) -> Decision:
        self.heard[step, module] = z.float().sum(dim=1).mean(dim=0)
        return self._policy.decide(step, module, z)
