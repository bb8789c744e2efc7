"""Quality against cost: the curves of a run of benchmarks/quality.py."""

from collections.abc import Callable, Sequence
from itertools import cycle

from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from lazydit.errors import LazyDiTError
from lazydit.plots.theme import LIGHT, MARKERS, Theme
from lazydit.quality import PolicyQuality, QualityRun

Cost = Callable[[PolicyQuality], float]


def pareto_figure(run: QualityRun, theme: Theme = LIGHT) -> Figure:
    """Error against time where it was measured, and against multiply-adds where they were counted.

    A curve is one family of policies at one step count, which stands beside it; plain DDIM is one
    curve over its step counts. Bars are 95 % intervals. Raises LazyDiTError where no cost is known.
    """
    costs = costs_of(run)
    if not costs:
        raise LazyDiTError(
            "there is no cost to plot against: time with --rounds, or name the bundle's --model"
        )
    figure = Figure(figsize=(5.4 * len(costs), 5.0), layout="constrained")
    axes = figure.subplots(1, len(costs), sharey=True, squeeze=False)[0]
    for axis, (heading, cost) in zip(axes, costs.items(), strict=True):
        _draw_panel(axis, run, cost, theme)
        axis.set_xlabel(heading)
    axes[0].set_ylabel(f"error against {run.reference_steps} DDIM steps")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2 * len(costs))
    return figure


def costs_of(run: QualityRun) -> dict[str, Cost]:
    """The costs that all policies of a run have, by the heading of their axis."""
    costs: dict[str, Cost] = {}
    if all(policy.image_ms is not None for policy in run.policies):
        time = "processor time" if run.clock == "processor" else "time"
        costs[f"{time} of an image, ms"] = _milliseconds
    if all(policy.multiply_adds is not None for policy in run.policies):
        costs["multiply-adds of an image, billions"] = _multiply_adds
    return costs


def _milliseconds(policy: PolicyQuality) -> float:
    assert policy.image_ms is not None
    return policy.image_ms.median


def _multiply_adds(policy: PolicyQuality) -> float:
    assert policy.multiply_adds is not None
    return policy.multiply_adds / 1e9


def _draw_panel(axis: Axes, run: QualityRun, cost: Cost, theme: Theme) -> None:
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_locator(NullLocator())
    _draw_curve(axis, run.plain, cost, "plain DDIM", theme.ink, ".")
    for policy in run.plain:
        _write_steps(axis, policy, cost, theme.ink, (-5, -5), theme)
    others = [policy for policy in run.policies if policy.policy != "always"]
    families = list(dict.fromkeys(policy.family for policy in others))
    for family, colour, marker in zip(families, cycle(theme.series), cycle(MARKERS), strict=False):
        members = [policy for policy in others if policy.family == family]
        label: str | None = family
        for steps in dict.fromkeys(policy.steps for policy in members):
            curve = sorted((p for p in members if p.steps == steps), key=cost)
            _draw_curve(axis, curve, cost, label, colour, marker)
            _write_steps(axis, curve[-1], cost, colour, (16, 6), theme)
            label = None  # The legend has one entry for all step counts.


def _draw_curve(
    axis: Axes,
    curve: Sequence[PolicyQuality],
    cost: Cost,
    label: str | None,
    colour: str,
    marker: str,
) -> None:
    errors = [policy.error for policy in curve]
    bars = [[e.value - e.low for e in errors], [e.high - e.value for e in errors]]
    axis.errorbar(
        [cost(policy) for policy in curve],
        [error.value for error in errors],
        yerr=bars,
        label=label,
        color=colour,
        marker=marker,
        markersize=6,
        linewidth=1.2,
        elinewidth=0.7,
    )


def _write_steps(
    axis: Axes,
    policy: PolicyQuality,
    cost: Cost,
    colour: str,
    offset: tuple[int, int],
    theme: Theme,
) -> None:
    """The step count beside a point; `offset` in points, to the end of the number."""
    axis.annotate(
        str(policy.steps),
        (cost(policy), policy.error.value),
        xytext=offset,
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=8,
        color=colour,
        # Readable across the curves that pass behind it.
        path_effects=[patheffects.withStroke(linewidth=2, foreground=theme.page)],
        zorder=5,
    )
