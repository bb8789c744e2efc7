"""The grid shows every image where its captions say."""

from PIL import Image

from lazydit_runtime.commands.grid import Row, draw_grid


def plain(red: int, size: tuple[int, int] = (32, 32)) -> Image.Image:
    return Image.new("RGB", size, (red, 0, 0))


def reds(grid: Image.Image) -> set[int]:
    colours = grid.getcolors(grid.width * grid.height) or []
    return {colour[0] for _, colour in colours if colour[1:] == (0, 0) and colour[0] > 0}


def test_images_stand_in_rows_and_columns() -> None:
    rows = [Row("a", [plain(10), plain(20)]), Row("b", [plain(30), plain(40)])]
    grid = draw_grid(rows, ["0", "1"])
    left, right, top, bottom = grid.width - 150, grid.width - 50, 60, grid.height - 50
    places = [(left, top), (right, top), (left, bottom), (right, bottom)]
    assert [grid.getpixel(place) for place in places] == [(r, 0, 0) for r in (10, 20, 30, 40)]


def test_small_images_are_enlarged_without_new_colours() -> None:
    grid = draw_grid([Row("a", [plain(10, (8, 8)), plain(20, (8, 8))])], ["0", "1"])
    assert grid.height > 96
    assert reds(grid) == {10, 20}


def test_large_images_keep_their_size() -> None:
    grid = draw_grid([Row("a", [plain(10, (256, 256))])], ["0"])
    inked = sum(count for count, colour in grid.getcolors() or [] if colour == (10, 0, 0))
    assert inked == 256 * 256


def test_gray_images_are_drawn_gray() -> None:
    grid = draw_grid([Row("a", [Image.new("L", (96, 96), 77)])], ["0"])
    assert grid.getpixel((grid.width - 50, grid.height - 50)) == (77, 77, 77)


def test_long_captions_have_room() -> None:
    short = draw_grid([Row("a", [plain(10)])], ["0"])
    long = draw_grid([Row("a caption of many words\nb", [plain(10)])], ["0"])
    assert long.width > short.width + 50
