"""Gates that decide as a calibrated schedule does: where learning starts.

Letters in shapes: T steps, 2L modules, D width.
"""

import torch
from torch import Tensor

from lazydit.calibration.calibrator import Calibrated
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.models.dit import DiT, DiTConfig
from lazydit.policies import Decision, FixedSchedule
from lazydit.sampling import sample

LEAST_LOGIT = 0.2


@torch.no_grad()
def emulating_gates(
    model: DiT,
    labels: Tensor,
    noise: Tensor,
    schedule: Schedule,
    calibrated: Calibrated,
    guidance: float,
    workers: Workers,
) -> Tensor:
    """Gates [T, 2L, D] whose scores lie on the side of 0.5 that the schedule asks for.

    They have the logits of `graded_logits` for the mean input of a module under the schedule, over
    these images, and are the smallest vectors that do. Zero where no gate decides, at step 0.
    """
    policy = calibrated.policy
    listening = _Listening(policy)
    sample(model, workers.share(labels), workers.share(noise), schedule, listening, guidance)
    gates = torch.zeros(*policy.run.shape, model.config.width, device=workers.device)
    for (step, module), mean in listening.heard.items():
        gates[step, module] = mean
    gates = workers.mean(gates)
    logits = graded_logits(calibrated).to(gates.device).unsqueeze(-1)
    return logits * gates / gates.square().sum(dim=-1, keepdim=True).clamp(min=1e-12)


def graded_logits(calibrated: Calibrated) -> Tensor:
    """A logit for every place [T, 2L]: below 0 where it is reused, and the lower the less
    sensitive it is; so another threshold than 0.5 reuses what comes next."""
    run, logits = calibrated.policy.run, torch.zeros(calibrated.policy.run.shape)
    for side in (run, ~run):
        ranks = calibrated.sensitivity[side].argsort().argsort()
        logits[side] = LEAST_LOGIT + (1.0 - LEAST_LOGIT) * ranks / max(len(ranks) - 1, 1)
    # From LEAST_LOGIT up to 1 where it runs, from -1 up to -LEAST_LOGIT where it is reused.
    return torch.where(run, logits, logits - 1.0 - LEAST_LOGIT)


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
