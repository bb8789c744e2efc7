"""The picture of a run: error against what an image costs, one curve per kind of policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from lazydit.errors import LazyDiTError
from lazydit.files import replace_file
from lazydit.quality import PolicyQuality, QualityRun

Cost = Callable[[PolicyQuality], float | None]

PLAIN_COLOUR = "#222222"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F4FC9", "#8C6D31")
"""Told apart by colour-blind eyes too: Okabe and Ito's, and two more."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.grid.which": "both",
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    # White in dark pages too: the colours are chosen for it.
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # The same run draws the same file.
    "svg.hashsalt": "lazydit",
}


def draw_plot(run: QualityRun, path: Path) -> None:
    """Write the picture of a run to an .svg or .png file.

    Against time where it was measured, and against multiply-adds where they were counted. Raises
    LazyDiTError where there is neither.
    """
    time = "processor time" if run.clock == "processor" else "time"
    panels = [
        (heading, cost)
        for heading, cost in (
            (f"{time} of an image, ms", _milliseconds),
            ("multiply-adds of an image, billions", _multiply_adds),
        )
        if all(cost(policy) is not None for policy in run.policies)
    ]
    if not panels:
        raise LazyDiTError(
            "there is no cost to plot against: time with --rounds, or name the bundle's --model"
        )
    with rc_context(STYLE):
        figure = Figure(figsize=(5.4 * len(panels), 5.0), layout="constrained")
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axis, (heading, cost) in zip(axes, panels, strict=True):
            _draw_panel(axis, run, cost)
            axis.set_xlabel(heading)
        axes[0].set_ylabel(f"error against {run.reference_steps} DDIM steps")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        replace_file(
            path,
            lambda temporary: figure.savefig(
                temporary, format=path.suffix[1:], dpi=160, metadata=metadata
            ),
        )


def _milliseconds(policy: PolicyQuality) -> float | None:
    return None if policy.image_ms is None else policy.image_ms.median


def _multiply_adds(policy: PolicyQuality) -> float | None:
    return None if policy.multiply_adds is None else policy.multiply_adds / 1e9


def _draw_panel(axis: Axes, run: QualityRun, cost: Cost) -> None:
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_locator(NullLocator())
    _draw_curve(axis, run.plain, cost, "plain DDIM", PLAIN_COLOUR, ".")
    for policy in run.plain:
        _write_steps(axis, policy, cost, PLAIN_COLOUR, (-5, -4))
    others = [policy for policy in run.policies if policy.policy != "always"]
    families = list(dict.fromkeys(policy.family for policy in others))
    for family, colour, marker in zip(families, cycle(COLOURS), cycle(MARKERS), strict=False):
        label: str | None = family
        counts = dict.fromkeys(policy.steps for policy in others if policy.family == family)
        for steps in counts:
            curve = [p for p in others if p.family == family and p.steps == steps]
            curve.sort(key=lambda policy: cost(policy) or 0.0)
            _draw_curve(axis, curve, cost, label, colour, marker)
            _write_steps(axis, curve[-1], cost, colour, (16, 5))
            label = None  # One entry of the legend for all step counts.


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
    axis: Axes, policy: PolicyQuality, cost: Cost, colour: str, offset: tuple[int, int]
) -> None:
    """The step count beside a point; `offset` in points, to the end of the number."""
    axis.annotate(
        str(policy.steps),
        (cost(policy) or 0.0, policy.error.value),
        xytext=offset,
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=8,
        color=colour,
    )
