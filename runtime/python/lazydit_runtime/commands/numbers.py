"""Numbers on the command line: "3", "0-9", "1,4,7-9"."""

from collections.abc import Sequence

from lazydit.errors import LazyDiTError

_MOST = 10_000


def parse_numbers(texts: Sequence[str], option: str) -> list[int]:
    """The numbers that `texts` list, in order and without doubles; `option` is named in errors."""
    numbers: dict[int, None] = {}
    for part in ",".join(texts).split(","):
        first, dash, last = part.strip().partition("-")
        if not _is_number(first) or (dash and not _is_number(last)):
            raise LazyDiTError(f"{option} {part.strip()!r} is no number or range: try {option} 0-9")
        low, high = int(first), int(last or first)
        if high < low or high - low >= _MOST:
            raise LazyDiTError(
                f"{option} {part.strip()} runs backwards or past {_MOST} numbers: try {option} 0-9"
            )
        numbers.update(dict.fromkeys(range(low, high + 1)))
    return list(numbers)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
