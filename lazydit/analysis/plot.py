"""A plot of an analysis: its name, what to see in it, and how it is drawn."""

from dataclasses import dataclass

from lazydit.plots.theme import Draw


@dataclass(frozen=True)
class Plot:
    """`name` is that of its files; `caption` says in a sentence what it shows."""

    name: str
    caption: str
    draw: Draw
