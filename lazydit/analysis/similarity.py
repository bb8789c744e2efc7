"""Similarity of consecutive module outputs, and its lower bound (the paper's Theorem 2).

Letters in shapes: R samples, N tokens, D width, ... places such as steps and modules.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lazydit.models.dit import Mlp

# The largest slope of tanh's GELU, at about 1.4.
GELU_LIPSCHITZ = 1.129


@dataclass(frozen=True, eq=False)
class Pair:
    """How outputs [R, N, D] of one module compare with those of the step before, each field [R].

    `similarity` is the cosine of the two as vectors of N x D numbers, `distance` the norm of their
    difference and `scale` the root of the product of their norms.
    """

    similarity: Tensor
    distance: Tensor
    scale: Tensor


def compare(before: Tensor, now: Tensor) -> Pair:
    """Compare outputs [R, N, D]. Where one of two outputs is zero their similarity is 0, and 1
    where both are."""
    before, now = before.flatten(1), now.flatten(1)
    product = before.norm(dim=1) * now.norm(dim=1)
    distance = (now - before).norm(dim=1)
    similarity = (before * now).sum(dim=1) / product
    similarity = torch.where(product > 0, similarity, (distance == 0).to(similarity.dtype))
    return Pair(similarity.clamp(-1.0, 1.0), distance, product.sqrt())


def lipschitz_seen(output_distance: Tensor, input_distance: Tensor) -> Tensor:
    """The largest ratio of output to input distance over samples [R, ...] -> [...]."""
    ratio = output_distance / input_distance
    return torch.where(input_distance > 0, ratio, 0.0).amax(dim=0)


def lower_bound(lipschitz: Tensor, input_distance: Tensor, scale: Tensor) -> Tensor:
    """The least similarity of outputs whose inputs are `input_distance` apart.

    For outputs a and b, |a - b|^2 >= 2 |a| |b| (1 - similarity) always holds, with equality where
    their norms are equal (the paper takes them as normalised: its Fact 7). With |a - b| at most
    `lipschitz` x `input_distance` this gives 1 - alpha, alpha = lipschitz^2 input_distance^2 /
    (2 |a| |b|). `scale` is the root of |a| |b|. No similarity is below -1, and so no bound.
    """
    alpha = (lipschitz * input_distance / scale).square() / 2
    # 0 / 0: outputs and inputs that are all the same.
    return (1 - alpha.nan_to_num(nan=0.0)).clamp(min=-1.0)


def lipschitz_from_weights(module: nn.Module) -> float | None:
    """A Lipschitz constant that holds for every input; None where none is known.

    A feedforward's is the product of its layers'. Attention has none over all inputs (Kim et al.,
    "The Lipschitz Constant of Self-Attention", 2021).
    """
    if not isinstance(module, Mlp):
        return None
    first, second = (
        torch.linalg.matrix_norm(layer.weight.detach().double().cpu(), ord=2)
        for layer in (module.fc1, module.fc2)
    )
    return float(first * second) * GELU_LIPSCHITZ
