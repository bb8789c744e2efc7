"""One picture of many: a column per label, a row per policy and seed, captions around."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

_CELL = 96
_GAP = 4
_LINE = 16
_FONT_SIZE = 13
_INK, _PAPER = "black", "white"


@dataclass(frozen=True)
class Row:
    """`caption` may have several lines; `images` are all of one size."""

    caption: str
    images: Sequence[Image.Image]


def draw_grid(rows: Sequence[Row], columns: Sequence[str]) -> Image.Image:
    """The images under the headings `columns`; small ones are enlarged, pixels kept square."""
    font = ImageFont.load_default(_FONT_SIZE)
    width, height = rows[0].images[0].size
    scale = max(1, -(-_CELL // width))
    width, height = width * scale, height * scale
    margin = _GAP + max(
        int(font.getlength(line)) + _GAP for row in rows for line in row.caption.splitlines()
    )
    size = (margin + len(columns) * (width + _GAP), _LINE + len(rows) * (height + _GAP))
    grid = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(grid)
    for column, heading in enumerate(columns):
        center = margin + column * (width + _GAP) + width // 2
        draw.text((center, _LINE // 2), heading, _INK, font, anchor="mm")
    for index, row in enumerate(rows):
        top = _LINE + index * (height + _GAP)
        draw.multiline_text((_GAP, top), row.caption, _INK, font)
        for column, image in enumerate(row.images):
            enlarged = image.resize((width, height), Image.Resampling.NEAREST)
            grid.paste(enlarged, (margin + column * (width + _GAP), top))
    return grid
