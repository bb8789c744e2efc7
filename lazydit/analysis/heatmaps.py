"""A value of every step and module, attention and feedforward side by side."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lazydit.plots.theme import Theme

MOST_NUMBERS = 150


class Kind(NamedTuple):
    """A kind of modules: its name in plots and its place in a theme's series of colours."""

    name: str
    series: int


KINDS = (Kind("attention", 0), Kind("feedforward", 1))


def heatmaps(
    values: Sequence[Sequence[float | None]],
    *,
    title: str,
    unit: str,
    first_step: int,
    low: float,
    high: float,
    theme: Theme,
) -> Figure:
    """Steps across and blocks down, of `values` [steps][2 x depth], the first row being that of
    step `first_step`. Colours go from `low` to `high`; small maps show the numbers as well."""
    table = np.asarray(values, dtype=np.float64)
    steps, depth = len(table), table.shape[1] // 2
    numbers = steps * depth <= MOST_NUMBERS
    height = 1.9 + 0.34 * depth if numbers else 5.0
    figure = Figure(figsize=(11, height), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(1, 2, sharey=True)
    for kind, panel in enumerate(panels):
        cells = table[:, kind::2].T
        # Edges half way between the numbers of steps and blocks.
        image = panel.imshow(
            cells,
            vmin=low,
            vmax=high,
            cmap=theme.scale,
            aspect="auto",
            extent=(first_step - 0.5, first_step + steps - 0.5, depth - 0.5, -0.5),
        )
        panel.set_title(KINDS[kind].name)
        panel.set_xlabel("step")
        panel.grid(visible=False)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True, nbins=12))
        if numbers:
            for (block, column), value in np.ndenumerate(cells):
                red, green, blue, _ = image.to_rgba(value)
                dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45
                panel.text(
                    first_step + column,
                    block,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if dark else "black",
                )
    panels[0].set_ylabel("block")
    figure.colorbar(image, ax=panels, label=unit)
    return figure
