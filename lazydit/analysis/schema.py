"""The result of an analysis, as it stands in analysis.json.

Letters in shapes: T steps, 2L modules (attn 0, mlp 0, attn 1, ...). A `Matrix` is a tuple of rows.
In one of shape [T-1][2L], row k compares step k + 1 with step k; steps are counted in sampling
order, from the noisiest. An image has two samples, the conditional and the unconditional one. Held
out are the images that the linear layers and the Lipschitz constants were not fitted on.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lazydit.decoding import decode
from lazydit.errors import LazyDiTError
from lazydit.files import existing_file

FORMAT = "lazydit-analysis-1"
FILE_NAME = "analysis.json"

Row = tuple[float, ...]
Matrix = tuple[Row, ...]
OptionalRow = tuple[float | None, ...]
OptionalMatrix = tuple[OptionalRow, ...]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What was analysed, and how.

    `modules` [2L] are named as a bundle's programs are; `labels` are those that images
    were drawn for, beside "no label". `tools` are versions.
    """

    model: str
    sha256: str
    depth: int
    width: int
    tokens: int
    modules: tuple[str, ...]
    steps: int
    timesteps: tuple[int, ...]
    images: int
    labels: tuple[int, ...]
    guidance: float
    seed: int
    tools: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Cosine similarity of a module's output with its output of the step before, over all samples;
    matrices are [T-1][2L], `quantiles` one for each of `levels`."""

    mean: Matrix
    std: Matrix
    minimum: Matrix
    levels: tuple[float, ...]
    quantiles: tuple[Matrix, ...]


@dataclass(frozen=True, kw_only=True)
class LowerBound:
    """Theorem 2's bound of the similarity, over held-out samples.

    `lipschitz` [2L] is the largest output distance over input distance seen in the other images
    and `bound` [T-1][2L] the mean of the bounds that it gives; `violations` [T-1][2L] is the share
    of samples less similar than their own bound. The same `from_weights`, where `lipschitz` holds
    for all inputs: nothing violates it. It is known of feedforwards alone (None of attention).
    """

    held_out_samples: int
    lipschitz: Row
    bound: Matrix
    violations: Matrix
    lipschitz_from_weights: OptionalRow
    bound_from_weights: OptionalMatrix


@dataclass(frozen=True, kw_only=True)
class InputDistance:
    """Distance of a module's input from its input of the step before, relative to the norm of the
    former: root mean square over all samples, [T-1][2L].

    `as_is` is the model's own; the others are what is left after the best scale and shift of every
    channel of the earlier input, one for all samples of a step (`time_variant`) or one for each
    label of a step (`condition_variant`, Theorem 1).
    """

    as_is: Matrix
    time_variant: Matrix
    condition_variant: Matrix


@dataclass(frozen=True, kw_only=True)
class FitExample:
    """Similarities of held-out samples of one module between `step` - 1 and `step`: as measured,
    and as the linear layer foretells them."""

    module: int
    step: int
    r2: float
    measured: Row
    foretold: Row


@dataclass(frozen=True, kw_only=True)
class LinearFit:
    """How well a linear layer on a module's input foretells the similarity (Theorem 3).

    One layer was fitted for every module and step: `r2`, `rmse` and `spread` (the standard
    deviation of what was to be foretold) of held-out samples, [T-1][2L]; r2 is None where nothing
    varies. The `shared` ones [2L] are of one layer for all steps of a module. `examples` are the
    places of the best, the median and the worst r2.
    """

    fit_samples: int
    held_out_samples: int
    r2: OptionalMatrix
    rmse: Matrix
    spread: Matrix
    shared_r2: OptionalRow
    shared_rmse: Row
    examples: tuple[FitExample, ...]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One choice of thresholds: how lazy it is, in all and of either kind, and the mean squared
    error of its final latents against the reference, with the standard error of that mean.

    `penalty` is the logit of the thresholds where both are the same: what running a module costs,
    in units of a gate's logit. None where they differ, or where it is infinite.
    """

    threshold_attn: float
    threshold_mlp: float
    penalty: float | None
    lazy_ratio: float
    ratio_attn: float
    ratio_mlp: float
    error: float
    standard_error: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Points of growing laziness.

    `what` is `both` (one threshold for both kinds), `attn` or `mlp` (only this kind is lazy),
    `attn-varied` (feedforward's lazy ratio is fixed) or `mlp-varied` (attention's is).
    """

    what: str
    points: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class GateSetAnalysis:
    """Where one gate set is lazy, and what that costs.

    `reused` [T][2L] is the share of samples that reuse, under the stored thresholds; `varying` the
    share of the places (steps and modules) where some samples run and others reuse.
    """

    name: str
    max_reuse: int | None
    extrapolate: bool
    reused: Matrix
    varying: float
    stored: Point
    curves: tuple[Curve, ...]


@dataclass(frozen=True, kw_only=True)
class PlainPoint:
    """Plain DDIM with so many steps, and its error as in `Point`."""

    steps: int
    error: float
    standard_error: float


@dataclass(frozen=True, kw_only=True)
class Laziness:
    """The analysis of gates. The reference of all errors are the images that plain DDIM draws from
    the same noise in `reference_steps` steps; `fixed_attn` and `fixed_mlp` are the lazy ratios
    that the curves `mlp-varied` and `attn-varied` aim at for the kind that they fix."""

    reference_steps: int
    fixed_attn: float
    fixed_mlp: float
    plain: tuple[PlainPoint, ...]
    gate_sets: tuple[GateSetAnalysis, ...]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """All of it; `laziness` is None where no gates were given."""

    format: str
    setup: Setup
    similarity: Similarity
    lower_bound: LowerBound
    inputs: InputDistance
    linear_fit: LinearFit
    laziness: Laziness | None

    def to_json(self) -> str:
        return json.dumps(asdict(self), allow_nan=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> "Analysis":
        """Read analysis.json. Raises LazyDiTError when it is none, or one of another version."""
        path = existing_file(path, "analysis")
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise LazyDiTError(f"{path} is no JSON: run lazydit analyze again") from error
        found = content.get("format") if isinstance(content, dict) else None
        if found != FORMAT:
            raise LazyDiTError(
                f"{path} is {'no analysis' if found is None else f'of format {found}'} and not "
                f"{FORMAT}: make it with this version's lazydit analyze"
            )
        try:
            return decode(cls, content)
        except ValueError as error:
            raise LazyDiTError(f"{path} is damaged ({error}): run lazydit analyze again") from error
