"""Where gates are lazy, and the thresholds that make them as lazy as wanted.

Letters in shapes: T steps, B images, S samples an image, 2L modules (attn 0, mlp 0, attn 1, ...).
"""

import torch
from torch import Tensor


def reused_share(ran: Tensor) -> Tensor:
    """Share of samples that reuse, of decisions [T, B, S, 2L] -> [T, 2L]."""
    return 1.0 - ran.double().mean(dim=(1, 2))


def varying_share(ran: Tensor) -> float:
    """Share of steps and modules where some samples run and others reuse."""
    share = reused_share(ran)
    return float(((share > 0) & (share < 1)).double().mean())


def ratio_at(scores: Tensor, threshold: float, max_reuse: int | None) -> float:
    """The lazy ratio that a threshold would give, were the scores [T, ...] to stay the same.

    Scores of step 0 do not count: it runs.
    """
    reuses = torch.zeros(scores.shape[1:], dtype=torch.int64)
    reused = 0
    for score in scores[1:]:
        reuse = score < threshold
        if max_reuse is not None:
            reuse &= reuses < max_reuse
        reuses = torch.where(reuse, reuses + 1, 0)
        reused += int(reuse.sum())
    return reused / scores.numel()


def threshold_for(scores: Tensor, ratio: float, max_reuse: int | None) -> float:
    """The lowest threshold at which scores [T, ...] give a lazy ratio of `ratio`; 1 where none
    does, 0 for a ratio of 0."""
    if ratio <= 0:
        return 0.0
    levels = torch.unique(scores[1:].double())
    # Half way between two scores, so that rounding decides nothing.
    thresholds = torch.cat([(levels[:-1] + levels[1:]) / 2, levels.new_ones(1)])
    low, high = 0, len(thresholds) - 1
    while low < high:
        middle = (low + high) // 2
        if ratio_at(scores, float(thresholds[middle]), max_reuse) >= ratio:
            high = middle
        else:
            low = middle + 1
    return float(thresholds[low])
