"""Labels and seeds as they are typed."""

import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime.commands.numbers import parse_numbers


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["7"], [7]),
        (["0-3"], [0, 1, 2, 3]),
        (["5", "1,3", "0-1"], [5, 1, 3, 0]),
        ([" 2 , 2-4 "], [2, 3, 4]),
        (["18446744073709551615"], [2**64 - 1]),
    ],
)
def test_numbers_and_ranges_are_listed_once_in_order(texts: list[str], numbers: list[int]) -> None:
    assert parse_numbers(texts, "--seed") == numbers


@pytest.mark.parametrize("text", ["", "a", "-1", "1-", "1-b", "3-1", "0-99999999999", "1.5", "²"])
def test_anything_else_is_refused_by_the_option_s_name(text: str) -> None:
    with pytest.raises(LazyDiTError, match="--seed"):
        parse_numbers([text], "--seed")
