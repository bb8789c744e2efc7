"""The plots on gates: where they are lazy (the paper's Figure 4), what laziness of either kind
costs (Figure 5), and what a penalty does."""

from collections.abc import Iterator
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lazydit.analysis.heatmaps import KINDS, heatmaps
from lazydit.analysis.plot import Plot
from lazydit.analysis.schema import Curve, GateSetAnalysis, Laziness, Point
from lazydit.plots.theme import Theme


def lazy_plots(laziness: Laziness, title: str) -> Iterator[Plot]:
    """Three for every gate set; `title` says what was analysed."""
    for gates in laziness.gate_sets:
        named = f"{title}, gates {gates.name}"
        yield Plot(
            f"laziness_{gates.name}",
            f"Where the gates {gates.name} are lazy: the share of samples that reuse a module.",
            partial(_map, gates, named),
        )
        yield Plot(
            f"individual_{gates.name}",
            f"What it costs when only one kind of modules is lazy, with the gates {gates.name}.",
            partial(_individual, laziness, gates, named),
        )
        yield Plot(
            f"penalty_{gates.name}",
            "A penalty on running, the lazy ratio that it gives and the error that this costs, "
            f"with the gates {gates.name}.",
            partial(_penalty, laziness, gates, named),
        )


def _map(gates: GateSetAnalysis, title: str, theme: Theme) -> Figure:
    return heatmaps(
        gates.reused,
        title=f"Laziness: {title}, lazy ratio {gates.stored.lazy_ratio:.2f}",
        unit="share of samples that reuse",
        first_step=0,
        low=0.0,
        high=1.0,
        theme=theme,
    )


def _individual(laziness: Laziness, gates: GateSetAnalysis, title: str, theme: Theme) -> Figure:
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    figure.suptitle(f"Laziness of one kind: {title}")
    alone, beside = figure.subplots(1, 2, sharey=True)
    curves = {curve.what: curve for curve in gates.curves}
    alone.set_title("only one kind is lazy")
    _by_kind(theme, alone, curves["attn"], 0, "only attention is lazy", "o-")
    _by_kind(theme, alone, curves["mlp"], 1, "only feedforward is lazy", "s-")
    beside.set_title("one kind is lazy at a fixed ratio, the other's varies")
    fixed = f"{laziness.fixed_mlp:.0%} of feedforward, attention varies"
    _by_kind(theme, beside, curves["attn-varied"], 0, fixed, "o-")
    fixed = f"{laziness.fixed_attn:.0%} of attention, feedforward varies"
    _by_kind(theme, beside, curves["mlp-varied"], 1, fixed, "s-")
    for panel in (alone, beside):
        panel.set_xlabel("lazy ratio of the kind that varies")
        _finish(panel)
    alone.set_ylabel(_error_label(laziness))
    return figure


def _penalty(laziness: Laziness, gates: GateSetAnalysis, title: str, theme: Theme) -> Figure:
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    figure.suptitle(f"Penalty on running, the same for both kinds: {title}")
    ratio, cost = figure.subplots(1, 2)
    (curve,) = (curve for curve in gates.curves if curve.what == "both")
    charged = [point for point in curve.points if point.penalty is not None]
    penalties = [point.penalty for point in charged]
    ratios = {
        "both": [point.lazy_ratio for point in charged],
        KINDS[0].name: [point.ratio_attn for point in charged],
        KINDS[1].name: [point.ratio_mlp for point in charged],
    }
    colours = (theme.muted, *(theme.series[kind.series] for kind in KINDS))
    for (name, values), colour, style in zip(
        ratios.items(), colours, ("D-", "o--", "s--"), strict=True
    ):
        ratio.plot(penalties, values, style, color=colour, label=name, markersize=4)
    ratio.set_xlabel("penalty (logit of the threshold)")
    ratio.set_ylabel("lazy ratio")
    _errors(cost, curve.points, [p.lazy_ratio for p in curve.points], theme.muted, "lazy", "D-")
    steps = laziness.plain[-1].steps
    saved = [1 - plain.steps / steps for plain in laziness.plain]
    cost.errorbar(
        saved,
        [plain.error for plain in laziness.plain],
        [plain.standard_error for plain in laziness.plain],
        fmt="x:",
        color=theme.ink,
        capsize=2,
        label="plain DDIM with fewer steps",
    )
    cost.set_xlabel("share of modules that do not run")
    cost.set_ylabel(_error_label(laziness))
    for panel in (ratio, cost):
        _finish(panel)
    return figure


def _by_kind(theme: Theme, panel: Axes, curve: Curve, kind: int, label: str, style: str) -> None:
    ratios = [(point.ratio_attn, point.ratio_mlp)[kind] for point in curve.points]
    _errors(panel, curve.points, ratios, theme.series[KINDS[kind].series], label, style)


def _errors(
    panel: Axes, points: tuple[Point, ...], ratios: list[float], colour: str, label: str, fmt: str
) -> None:
    panel.errorbar(
        ratios,
        [point.error for point in points],
        [point.standard_error for point in points],
        fmt=fmt,
        color=colour,
        capsize=2,
        markersize=4,
        label=label,
    )


def _error_label(laziness: Laziness) -> str:
    return f"error against {laziness.reference_steps} DDIM steps\n(mean, standard error)"


def _finish(panel: Axes) -> None:
    panel.set_ylim(bottom=0)
    panel.legend(fontsize="small")
