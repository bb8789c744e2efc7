"""How figures look, on light pages and on dark ones."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from lazydit.errors import LazyDiTError
from lazydit.files import replace_file

FORMATS = (".png", ".svg")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


@dataclass(frozen=True)
class Theme:
    """Colours for one kind of page.

    Attributes:
        page: behind everything.
        ink: text, and what stands for plain DDIM.
        muted: axes and notes.
        grid: lines in the background.
        series: eight colours for curves that colour-blind eyes can tell apart, after Okabe and
            Ito.
        scale: the name of a colour map for maps of numbers, from little (the page) to much.
    """

    page: str
    ink: str
    muted: str
    grid: str
    series: tuple[str, ...]
    scale: str


LIGHT = Theme(
    page="#FFFFFF",
    ink="#1F2328",
    muted="#666A70",
    grid="#E6E6E6",
    series=(
        "#0072B2",
        "#D55E00",
        "#009E73",
        "#CC79A7",
        "#B8860B",
        "#56B4E9",
        "#7F4FC9",
        "#8C6D31",
    ),
    scale="Blues",
)
DARK = Theme(
    page="#14171C",
    ink="#E6E8EB",
    muted="#A0A6AE",
    grid="#30353D",
    series=(
        "#4FB3F0",
        "#FF8A3D",
        "#2FCF9F",
        "#F0A6CF",
        "#E6B93A",
        "#9AD5FF",
        "#B695F5",
        "#CBA968",
    ),
    scale="Blues_r",
)

Draw = Callable[[Theme], Figure]
"""Draws a figure in the colours of a theme."""


def as_svg(draw: Draw, theme: Theme = LIGHT) -> bytes:
    """The figure as an SVG file; the same result gives the same bytes."""
    opened = BytesIO()
    _write(draw, theme, opened, ".svg")
    return opened.getvalue()


def save_figure(draw: Draw, path: Path, theme: Theme = LIGHT) -> None:
    """Write a figure as .png or .svg, whole or not at all; the same result gives the same bytes.

    Raises LazyDiTError when the path ends in anything else or cannot be written.
    """
    if path.suffix not in FORMATS:
        raise LazyDiTError(f"{path} is no picture that can be written: end it in .png or .svg")
    replace_file(path, lambda temporary: _write(draw, theme, temporary, path.suffix))


def _write(draw: Draw, theme: Theme, target: Path | BytesIO, suffix: str) -> None:
    metadata = {"Date": None} if suffix == ".svg" else {}
    # A layout may wait until it is written: both are done in the theme.
    with rc_context(_settings(theme)):
        draw(theme).savefig(target, format=suffix[1:], dpi=160, metadata=metadata)


def _settings(theme: Theme) -> Any:
    return {
        "font.size": 10,
        "text.color": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.edgecolor": theme.muted,
        "axes.facecolor": theme.page,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.grid.which": "both",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "legend.frameon": False,
        "figure.facecolor": theme.page,
        "savefig.facecolor": theme.page,
        "image.cmap": theme.scale,
        "svg.hashsalt": "lazydit",
        # Text stays text, to be read aloud, searched and sharp.
        "svg.fonttype": "none",
    }
