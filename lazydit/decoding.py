"""Dataclasses out of parsed JSON, checked against their annotations."""

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

Decoded = TypeVar("Decoded")


def decode(cls: type[Decoded], value: object, place: str = "the whole") -> Decoded:
    """`value` as an instance of the dataclass `cls`, its fields recursively.

    Fields may be dataclasses, homogeneous tuples, mappings with str keys, literals, optional ones
    of these, and str, bool, int and finite float. Raises ValueError that names the place where
    `value` does not fit.
    """
    decoded: Decoded = _decode(cls, value, place)
    return decoded


def _decode(hint: Any, value: object, place: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, typing.Union):
        (present,) = (argument for argument in arguments if argument is not types.NoneType)
        return None if value is None else _decode(present, value, place)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{place} should be one of {', '.join(map(str, arguments))}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{place} should be a list")
        return tuple(_decode(arguments[0], item, f"{place}[{i}]") for i, item in enumerate(value))
    if origin in (dict, Mapping) or is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise ValueError(f"{place} should be an object")
        if is_dataclass(hint):
            return _decode_fields(hint, value, place)
        return {key: _decode(arguments[1], item, f"{place}.{key}") for key, item in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise ValueError(f"{place} should be of type {hint.__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{place} should be finite")
    return value


def _decode_fields(cls: Any, value: Mapping[str, object], place: str) -> Any:
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls)]
    unfit = sorted(set(names) ^ set(value))
    if unfit:
        raise ValueError(f"{place} should have just {', '.join(names)}: look at {unfit[0]}")
    return cls(**{name: _decode(hints[name], value[name], f"{place}.{name}") for name in names})
