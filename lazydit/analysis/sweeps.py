"""Sweeps over thresholds: what laziness of one kind or both costs (the paper's Figure 5), and what
a penalty does (its "penalty regulation").

The paper learns gates anew for every point, with other penalties in the loss. Here the thresholds
of the gates given are moved instead. A module runs iff its logit reaches that of its threshold, so
that a threshold's logit is a penalty on running, as a penalty in the loss is, only charged after
learning. It needs no training, is exact about the gates that were given, whoever learned them, and
costs one generation a point; it does not tell what gates would be had from another penalty.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor

from lazydit.analysis.drawing import Job
from lazydit.analysis.laziness import threshold_for
from lazydit.policies import Lazy

BOTH = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
ALONE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
VARIED = (0.0, 0.1, 0.2, 0.3, 0.4)
FIXED_ATTN = 0.3
FIXED_MLP = 0.2
"""The lazy ratios of the paper's figure."""

# One where nothing is lazy is drawn for three curves, three others for two.
POINTS = len(BOTH) + 2 * len(ALONE) + 2 * len(VARIED) - 2 - 3


@dataclass(frozen=True)
class Trial:
    """One point of the curve `what`, to be drawn."""

    what: str
    policy: Lazy
    job: Job

    @property
    def penalty(self) -> float | None:
        """The logit of the threshold, where there is one for both kinds and it is finite."""
        threshold = self.policy.threshold_attn
        if threshold != self.policy.threshold_mlp or not 0 < threshold < 1:
            return None
        return math.log(threshold / (1 - threshold))


def trials(stored: Lazy, scores: Tensor) -> Iterator[Trial]:
    """All points of all curves of one gate set.

    `scores` [T, ..., 2L] are those of a generation under `stored`. Thresholds are chosen so that
    they would give the ratios wanted if scores did not change with the decisions; they do, so what
    is got has to be measured. Ratios that no threshold gives are left out.
    """
    attn, mlp = scores[..., 0::2], scores[..., 1::2]
    limit = stored.max_reuse

    def trial(what: str, threshold_attn: float, threshold_mlp: float) -> Trial:
        policy = replace(stored, threshold_attn=threshold_attn, threshold_mlp=threshold_mlp)
        name = f"{stored.gates.name} {threshold_attn!r} {threshold_mlp!r}"
        return Trial(what, policy, Job(name, policy, stored.gates.steps))

    for threshold in _thresholds(scores, BOTH, limit):
        yield trial("both", threshold, threshold)
    for threshold in _thresholds(attn, ALONE, limit):
        yield trial("attn", threshold, 0.0)
    for threshold in _thresholds(mlp, ALONE, limit):
        yield trial("mlp", 0.0, threshold)
    fixed_attn = threshold_for(attn, FIXED_ATTN, limit)
    fixed_mlp = threshold_for(mlp, FIXED_MLP, limit)
    for threshold in _thresholds(mlp, VARIED, limit):
        yield trial("mlp-varied", fixed_attn, threshold)
    for threshold in _thresholds(attn, VARIED, limit):
        yield trial("attn-varied", threshold, fixed_mlp)


def _thresholds(scores: Tensor, ratios: tuple[float, ...], max_reuse: int | None) -> list[float]:
    found = [threshold_for(scores, ratio, max_reuse) for ratio in ratios]
    # Beyond what can be reached they are all 1.
    return sorted(set(found))
