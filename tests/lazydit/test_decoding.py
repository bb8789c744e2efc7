"""Dataclasses out of JSON: what fits, and where what does not fit is said to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest

from lazydit.decoding import decode


@dataclass
class Part:
    value: float
    kind: Literal["a", "b"] = "a"


@dataclass
class Whole:
    parts: tuple[Part, ...]
    named: Mapping[str, int | None]


def test_whole_numbers_will_do_for_floats():
    decoded = decode(Part, {"value": 3, "kind": "b"})
    assert decoded == Part(3.0, "b") and isinstance(decoded.value, float)


def test_parts_are_decoded_wherever_they_are():
    content = {"parts": [{"value": 0.5, "kind": "a"}], "named": {"x": 1, "y": None}}
    assert decode(Whole, content) == Whole((Part(0.5),), {"x": 1, "y": None})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "^w should be an object$"),
        ({"parts": []}, "^w should have just parts, named: look at named$"),
        ({"parts": {}, "named": {}}, r"^w\.parts should be a list$"),
        ({"parts": [3], "named": {}}, r"^w\.parts\[0\] should be an object$"),
        ({"parts": [], "named": {"x": True}}, r"^w\.named\.x should be of type int$"),
        (
            {"parts": [{"value": float("inf"), "kind": "a"}], "named": {}},
            r"^w\.parts\[0\]\.value should be finite$",
        ),
        (
            {"parts": [{"value": 1.0, "kind": "c"}], "named": {}},
            r"^w\.parts\[0\]\.kind should be one of a, b$",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(content, sentence):
    with pytest.raises(ValueError, match=sentence):
        decode(Whole, content, "w")
