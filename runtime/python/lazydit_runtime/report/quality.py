"""The quality part of a report, from what `benchmarks/quality.py -o json` wrote."""

from collections.abc import Sequence
from functools import partial

from lazydit.plots.pareto import costs_of, pareto_figure
from lazydit.quality import Comparison, Estimate, PolicyQuality, QualityRun
from lazydit_runtime.report.content import Figure, Section, Table


def quality_section(run: QualityRun, command: str) -> Section:
    """The Pareto plot against all costs that are known, and the numbers behind it."""
    costs = " and ".join(heading.partition(",")[0] for heading in costs_of(run))
    figures = (
        []
        if not costs
        else [
            Figure.drawn(
                partial(pareto_figure, run),
                f"Error against the {costs}; plain DDIM with its step counts beside, and a curve "
                "for each kind of policy. Bars are 95 % confidence.",
                f"Plot of error against {costs}; the table below holds its numbers.",
            )
        ]
    )
    unit = "pixels" if run.pixels else "latents"
    return Section(
        id="quality",
        title="Quality against cost",
        text=[
            f"{run.images} images a policy from the same noise, guidance {run.guidance:g}, engine "
            f"{run.engine}, {run.precision}, on {run.processor or run.machine}. The error is the "
            f"mean squared error of {unit} against {run.reference_steps} steps of plain DDIM. "
            "Below and to the left is better.",
            *run.doubts,
        ],
        figures=figures,
        tables=[_policies(run.policies)],
        commands=[command],
    )


def _policies(policies: Sequence[PolicyQuality]) -> Table:
    headings = (
        "policy",
        "steps",
        "reused",
        "ms",
        "error",
        "95 % interval",
        "against DDIM of equal work",
        "95 % interval",
        "accuracy",
    )
    return Table(
        "All policies; against DDIM: the ratio of errors, below 1 the policy is better",
        headings,
        [_row(policy) for policy in policies],
        frozenset(range(1, len(headings))),
    )


def _row(policy: PolicyQuality) -> tuple[str, ...]:
    against: Comparison | None = policy.against("modules")
    return (
        policy.name,
        str(policy.steps),
        f"{policy.lazy_ratio:.0%}",
        "" if policy.image_ms is None else f"{policy.image_ms.median:.1f}",
        f"{policy.error.value:.4f}",
        _interval(policy.error, 4),
        "" if against is None else f"{against.error.value:.2f}",
        "" if against is None else _interval(against.error, 2),
        "" if policy.accuracy is None else f"{policy.accuracy.value:.1%}",
    )


def _interval(estimate: Estimate, digits: int) -> str:
    return f"{estimate.low:.{digits}f} to {estimate.high:.{digits}f}"
