"""What a page consists of; the template `page.html.j2` shows it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from lazydit.plots.theme import DARK, LIGHT, Draw, as_svg


@dataclass(frozen=True)
class Figure:
    """A drawing in both themes, as data URIs; `alt` says in a sentence what it shows."""

    caption: str
    alt: str
    light: str
    dark: str

    @classmethod
    def drawn(cls, draw: Draw, caption: str, alt: str) -> "Figure":
        light, dark = (_data_uri("image/svg+xml", as_svg(draw, theme)) for theme in (LIGHT, DARK))
        return cls(caption, alt, light, dark)


@dataclass(frozen=True)
class Picture:
    """A generated image, enlarged without smoothing where it is small."""

    alt: str
    source: str
    width: int
    height: int

    @classmethod
    def of_png(cls, png: bytes, alt: str, size: tuple[int, int]) -> "Picture":
        return cls(alt, _data_uri("image/png", png), *size)


@dataclass(frozen=True)
class PictureRow:
    """The images of one policy, a column each, and what they took."""

    heading: str
    note: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class PictureGrid:
    columns: Sequence[str]
    rows: Sequence[PictureRow]


@dataclass(frozen=True)
class Table:
    """Cells are text; those of the columns `numeric` stand right."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """A part of the page; `commands` make what it shows, or would make what is `missing`."""

    id: str
    title: str
    text: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    grid: PictureGrid | None = None
    maps: str | None = None
    missing: str | None = None
    commands: Sequence[str] = ()


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
