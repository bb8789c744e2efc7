"""Figures in both themes, and the files they are written to."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from lazydit.errors import LazyDiTError
from lazydit.plots.theme import DARK, LIGHT, MARKERS, as_svg, save_figure


def line(theme):
    figure = Figure(figsize=(3, 2))
    axis = figure.subplots()
    axis.plot([0, 1], [1, 0], color=theme.series[0])
    axis.set_xlabel("steps")
    return figure


def luminance(colour):
    """Relative luminance of WCAG 2."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_and_curves_stand_out_from_the_page(theme):
    assert contrast(theme.ink, theme.page) >= 7
    assert contrast(theme.muted, theme.page) >= 4.5
    assert len(theme.series) == len(set(theme.series)) == len(MARKERS)
    # Curves have markers besides; graphics ask for 3, pale blue and yellow on white miss it.
    assert all(contrast(colour, theme.page) >= 2.2 for colour in theme.series)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_figure_has_the_colours_of_its_theme(theme):
    svg = as_svg(line, theme).decode()
    for colour in (theme.page, theme.ink, theme.muted, theme.series[0]):
        assert colour.lower() in svg


def test_a_png_and_an_svg_are_written(tmp_path):
    save_figure(line, tmp_path / "a.png", DARK)
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (480, 320)
        corner = image.convert("RGB").getpixel((1, 1))
    np.testing.assert_allclose(np.array(corner) / 255, to_rgb(DARK.page), atol=1 / 255)
    save_figure(line, tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert "steps" in [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_same_figure_gives_the_same_file(tmp_path):
    save_figure(line, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == as_svg(line)


def test_other_files_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(LazyDiTError, match=r"end it in \.png or \.svg"):
        save_figure(line, tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())
