"""Dataclasses out of parsed JSON, checked against their annotations."""

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Decoded = TypeVar("Decoded")


def decode(cls: type[Decoded], value: object, place: str = "the whole") -> Decoded:
    """`value` as an instance of the dataclass `cls`, its fields recursively.

    Fields may be dataclasses, homogeneous tuples, dicts with str keys, optional ones of these, and
    str, bool, int and float. Raises ValueError that names the place where `value` does not fit.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{place} should be an object")
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    unfit = sorted(set(names) ^ set(value))
    if unfit:
        raise ValueError(f"{place} should have just {', '.join(names)}: look at {unfit[0]}")
    return cls(**{name: _decode(hints[name], value[name], name) for name in names})


def _decode(hint: Any, value: object, place: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, typing.Union):
        (present,) = (argument for argument in arguments if argument is not types.NoneType)
        return None if value is None else _decode(present, value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{place} should be a list")
        return tuple(_decode(arguments[0], item, place) for item in value)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{place} should be an object")
        return {str(key): _decode(arguments[1], item, place) for key, item in value.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return decode(hint, value, place)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise ValueError(f"{place} should be of type {hint.__name__}")
    return value
