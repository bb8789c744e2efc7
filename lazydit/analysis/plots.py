"""The plots of an analysis."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lazydit.analysis.heatmaps import KINDS, heatmaps
from lazydit.analysis.lazy_plots import lazy_plots
from lazydit.analysis.plot import Plot
from lazydit.analysis.schema import (
    Analysis,
    FitExample,
    InputDistance,
    LinearFit,
    LowerBound,
    Similarity,
)
from lazydit.plots.theme import Theme

Array = NDArray[np.float64]

# Below this 1 - similarity is rounding.
FLOOR = 1e-7
PAPER_ETA = 0.1


def plots(analysis: Analysis) -> Iterator[Plot]:
    """All plots of an analysis; those on gates only where there are some."""
    setup = analysis.setup
    title = f"{setup.model}, {setup.steps} steps, {setup.images} images"
    yield Plot(
        "similarity",
        "How alike the outputs of a module are from one step to the next: 1 is the same direction.",
        partial(_similarity, analysis.similarity, title),
    )
    yield Plot(
        "similarity_bound",
        "How far the similarity falls below 1, and the most that Theorem 2 of the paper lets it.",
        partial(_bound, analysis.similarity, analysis.lower_bound, title),
    )
    yield Plot(
        "input_distance",
        "How far inputs move from step to step, and what is left of it after the best scale and "
        "shift (Theorem 1).",
        partial(_inputs, analysis.inputs, title),
    )
    yield Plot(
        "linear_fit",
        "How well a linear layer on the input foretells the similarity (Theorem 3): R2 on images "
        "that it was not fitted on.",
        partial(_linear_fit, analysis.linear_fit, title),
    )
    if analysis.linear_fit.examples:
        yield Plot(
            "linear_fit_examples",
            "The best, the median and the worst of these fits, a point for each sample.",
            partial(_examples, analysis, title),
        )
    if analysis.laziness is not None:
        yield from lazy_plots(analysis.laziness, title)


def _similarity(similarity: Similarity, title: str, theme: Theme) -> Figure:
    return heatmaps(
        similarity.mean,
        title=f"Similarity of outputs with those of the step before: {title}",
        unit="mean cosine similarity",
        first_step=1,
        low=float(np.min(similarity.mean)),
        high=1.0,
        theme=theme,
    )


def _bound(similarity: Similarity, bound: LowerBound, title: str, theme: Theme) -> Figure:
    """1 - similarity, since what matters is how far it is below 1: measured against allowed."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    figure.suptitle(f"Distance of the similarity from 1, and Theorem 2's limit to it: {title}")
    panels = figure.subplots(1, 2, sharey=True)
    low, high = (_from_one(similarity.quantiles[place]) for place in (-1, 0))
    mean, limit = _from_one(similarity.mean), _from_one(bound.bound)
    steps = np.arange(1, len(mean) + 1)
    for kind, panel in enumerate(panels):
        colour, name = theme.series[KINDS[kind].series], KINDS[kind].name
        blocks = slice(kind, None, 2)
        panel.fill_between(
            steps,
            low[:, blocks].mean(axis=1),
            high[:, blocks].mean(axis=1),
            color=colour,
            alpha=0.2,
            linewidth=0,
            label="measured, 5 to 95 % of samples",
        )
        panel.plot(steps, mean[:, blocks].mean(axis=1), color=colour, label="measured")
        panel.plot(
            steps,
            limit[:, blocks].mean(axis=1),
            color=theme.ink,
            linestyle="--",
            label="limit, from the Lipschitz constant seen",
        )
        _finish(panel, name, "step")
        panel.set_yscale("log")
        panel.legend(fontsize="small", loc="lower right")
    panels[0].set_ylabel("1 - similarity\n(mean over blocks)")
    return figure


def _from_one(values: Sequence[Sequence[float]]) -> Array:
    return np.maximum(1.0 - np.asarray(values), FLOOR)


def _inputs(inputs: InputDistance, title: str, theme: Theme) -> Figure:
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    figure.suptitle(f"Distance of inputs from those of the step before: {title}")
    panels = figure.subplots(1, 2, sharey=True)
    steps = np.arange(1, len(inputs.as_is) + 1)
    for kind, panel in enumerate(panels):
        colour = theme.series[KINDS[kind].series]
        # The last two may coincide: a line under marks.
        curves = (
            ("as the model scales and shifts them", inputs.as_is, "o-", colour),
            ("best scale and shift of every step", inputs.time_variant, "-", theme.ink),
            ("best scale and shift of every step and label", inputs.condition_variant, "^", colour),
        )
        for label, values, style, of in curves:
            mean = np.asarray(values)[:, kind::2].mean(axis=1)
            panel.plot(steps, mean, style, color=of, label=label, markersize=5)
        panel.axhline(PAPER_ETA, color=theme.muted, linewidth=1)
        panel.annotate(
            "the paper's η < 0.1",
            (steps[-1], PAPER_ETA),
            (0, -3),
            textcoords="offset points",
            color=theme.muted,
            fontsize="small",
            horizontalalignment="right",
            verticalalignment="top",
        )
        _finish(panel, KINDS[kind].name, "step")
        panel.set_ylim(bottom=0)
        panel.legend(fontsize="small", loc="upper left")
    panels[0].set_ylabel("distance / norm of the input\n(mean over blocks)")
    return figure


def _linear_fit(fit: LinearFit, title: str, theme: Theme) -> Figure:
    return heatmaps(
        fit.r2,
        title=f"How well a linear layer on the input foretells the similarity: {title}",
        unit=f"R2 on {fit.held_out_samples} held-out samples (colours from 0)",
        first_step=1,
        low=0.0,
        high=1.0,
        theme=theme,
    )


def _examples(analysis: Analysis, title: str, theme: Theme) -> Figure:
    examples = analysis.linear_fit.examples
    figure = Figure(figsize=(3.6 * len(examples), 4), layout="constrained")
    figure.suptitle(f"Best, median and worst linear fit: {title}", fontsize="medium")
    panels = figure.subplots(1, len(examples), squeeze=False)[0]
    for panel, example in zip(panels, examples, strict=True):
        _scatter(panel, example, analysis.setup.modules[example.module], theme)
    panels[0].set_ylabel("foretold similarity")
    return figure


def _scatter(panel: Axes, example: FitExample, module: str, theme: Theme) -> None:
    colour = theme.series[KINDS[example.module % 2].series]
    panel.scatter(example.measured, example.foretold, s=10, color=colour, alpha=0.6, linewidth=0)
    low, high = min(example.measured), max(example.measured)
    panel.plot((low, high), (low, high), color=theme.muted, linewidth=1)
    panel.set_title(f"{module}, step {example.step}, R2 {example.r2:.2f}", fontsize="small")
    panel.set_xlabel("measured similarity")
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.yaxis.set_major_locator(MaxNLocator(5))
    panel.tick_params(labelsize="small")


def _finish(panel: Axes, title: str, xlabel: str) -> None:
    panel.set_title(title)
    panel.set_xlabel(xlabel)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
