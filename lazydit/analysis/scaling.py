"""The best scaling and shifting between consecutive module inputs (the paper's Theorem 1).

The paper asks for scales and shifts [D] of a module's normalized inputs [N, D] at consecutive steps
that bring the two close together. With all of them free, scales of zero would always do. So the
current input is taken as the model has scaled and shifted it, and only the earlier one is fitted:
what is left is the distance that the theorem bounds. Whether the earlier one is fitted before or
after the model's own scaling and shifting makes no difference.

Letters in shapes: R samples, N tokens, D width, ... places such as steps and modules.
"""

import torch
from torch import Tensor

SUMS = 5


def channel_sums(before: Tensor, now: Tensor) -> Tensor:
    """What a fit of every channel needs of inputs [R, N, D] -> [SUMS, D].

    Sums of several calls may be added up to fit one scale and shift to all their samples.
    """
    x, y = before.flatten(0, 1), now.flatten(0, 1)
    return torch.stack([x.sum(0), y.sum(0), (x * x).sum(0), (x * y).sum(0), (y * y).sum(0)])


def squares_left(sums: Tensor, rows: int) -> Tensor:
    """Squared distance that the best scale and shift leave: sums [SUMS, ..., D] over `rows` tokens
    of all samples -> [...], summed over the channels."""
    x, y, xx, xy, yy = sums / rows
    x_variance, y_variance = xx - x * x, yy - y * y
    explained = (xy - x * y).square() / x_variance
    explained = torch.where(x_variance > 0, explained, 0.0)
    left: Tensor = rows * (y_variance - explained).clamp(min=0.0).sum(dim=-1)
    return left
