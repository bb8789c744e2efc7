"""The paper's three theorems on the trajectories of a model.

Letters in shapes: R samples, P = T - 1 pairs of steps, 2L modules, D width.
"""

from collections.abc import Sequence

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from lazydit.analysis.linear_fit import Array, Foretelling, foretell
from lazydit.analysis.schema import (
    FitExample,
    InputDistance,
    LinearFit,
    LowerBound,
    Matrix,
    Row,
    Similarity,
)
from lazydit.analysis.similarity import lipschitz_from_weights, lipschitz_seen, lower_bound
from lazydit.analysis.trajectories import Samples, Trajectories

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
EXAMPLE_SAMPLES = 200
# Similarities and distances are kept in single precision.
ROUNDING = 1e-6


def matrix(values: Tensor) -> Matrix:
    """A tensor [a, b] as a tuple of rows."""
    return tuple(tuple(row) for row in values.tolist())


def similarity(samples: Samples) -> Similarity:
    """The distribution of similarities over all samples."""
    values = samples.similarity.double()
    quantiles = torch.quantile(values, torch.tensor(LEVELS, dtype=torch.float64), dim=0)
    return Similarity(
        mean=matrix(values.mean(dim=0)),
        std=matrix(values.std(dim=0)),
        minimum=matrix(values.amin(dim=0)),
        levels=LEVELS,
        quantiles=tuple(matrix(quantile) for quantile in quantiles),
    )


def bound(samples: Samples, held_out: Tensor, modules: Sequence[nn.Module]) -> LowerBound:
    """Lipschitz constants of the samples that are not `held_out` [R], and the bounds that they
    give for those that are."""
    fitted = ~held_out
    ratios = lipschitz_seen(samples.output_distance[fitted], samples.input_distance[fitted])
    seen = ratios.amax(dim=0)
    measured = samples.similarity[held_out]
    distance, scale = samples.input_distance[held_out], samples.output_scale[held_out]
    bounds = lower_bound(seen, distance, scale)
    from_weights = [lipschitz_from_weights(module) for module in modules]
    safe = torch.tensor([np.inf if value is None else value for value in from_weights])
    safe_bounds = lower_bound(safe, distance, scale).mean(dim=0)
    return LowerBound(
        held_out_samples=int(held_out.sum()),
        lipschitz=tuple(seen.tolist()),
        bound=matrix(bounds.mean(dim=0)),
        violations=matrix((measured < bounds - ROUNDING).double().mean(dim=0)),
        lipschitz_from_weights=tuple(from_weights),
        bound_from_weights=tuple(
            tuple(
                None if lipschitz is None else value
                for lipschitz, value in zip(from_weights, row, strict=True)
            )
            for row in safe_bounds.tolist()
        ),
    )


def input_distance(trajectories: Trajectories, samples: Samples) -> InputDistance:
    """Root mean squares, relative to the current inputs' norms."""
    norms = samples.input_norm.double().square().sum(dim=0)

    def relative(squares: Tensor) -> Matrix:
        return matrix(torch.where(norms > 0, squares / norms, 0.0).sqrt())

    return InputDistance(
        as_is=relative(samples.input_distance.double().square().sum(dim=0)),
        time_variant=relative(trajectories.squares_left_by_step()),
        condition_variant=relative(trajectories.squares_left_by_label()),
    )


def linear_fit(samples: Samples, held_out: Tensor) -> LinearFit:
    """One linear layer for every pair of steps and module, and one for all steps of a module."""
    similarities = samples.similarity.double().numpy()
    inputs = samples.inputs.double().numpy()
    images, mask = samples.image.numpy(), held_out.numpy()
    _, pairs, modules, width = inputs.shape
    # On matrices as small as these, threads mostly wait for one another.
    with threadpool_limits(1):
        fits = [
            [
                foretell(inputs[:, pair, module], similarities[:, pair, module], images, mask)
                for module in range(modules)
            ]
            for pair in range(pairs)
        ]
        shared = [
            foretell(
                inputs[:, :, module].reshape(-1, width),
                similarities[:, :, module].reshape(-1),
                images.repeat(pairs),
                mask.repeat(pairs),
            )
            for module in range(modules)
        ]
    return LinearFit(
        fit_samples=int((~mask).sum()),
        held_out_samples=int(mask.sum()),
        r2=tuple(tuple(fit.r2 for fit in row) for row in fits),
        rmse=tuple(tuple(fit.rmse for fit in row) for row in fits),
        spread=tuple(tuple(fit.spread for fit in row) for row in fits),
        shared_r2=tuple(fit.r2 for fit in shared),
        shared_rmse=tuple(fit.rmse for fit in shared),
        examples=_examples(fits),
    )


def _examples(fits: list[list[Foretelling]]) -> tuple[FitExample, ...]:
    """The places of the best, the median and the worst r2."""
    ranked = sorted(
        (
            (fit.r2, pair, module)
            for pair, row in enumerate(fits)
            for module, fit in enumerate(row)
            if fit.r2 is not None
        ),
        reverse=True,
    )
    if not ranked:
        return ()
    chosen = (ranked[0], ranked[len(ranked) // 2], ranked[-1])
    return tuple(
        FitExample(
            module=module,
            step=pair + 1,
            r2=r2,
            measured=_first(fits[pair][module].measured),
            foretold=_first(fits[pair][module].foretold),
        )
        for r2, pair, module in chosen
    )


def _first(values: Array) -> Row:
    return tuple(values[:EXAMPLE_SAMPLES].tolist())
