"""The folder that an analysis leaves."""

from pathlib import Path

from lazydit.analysis.plots import plots
from lazydit.analysis.schema import FILE_NAME, Analysis
from lazydit.directories import new_directory
from lazydit.plots.theme import FORMATS, save_figure


def write_results(analysis: Analysis, out: Path) -> None:
    """Write the JSON and all plots (PNG and SVG) into the new folder `out`, whole or not at all.

    Raises LazyDiTError when that cannot be done.
    """
    with new_directory(out) as directory:
        (directory / FILE_NAME).write_text(analysis.to_json(), encoding="utf-8")
        for plot in plots(analysis):
            for suffix in FORMATS:
                save_figure(plot.draw, directory / f"{plot.name}{suffix}")
