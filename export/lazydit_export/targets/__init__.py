"""The targets that export can lower to, by name: one file each, and one line here."""

import importlib

from lazydit.errors import LazyDiTError
from lazydit_export.targets.target import Target

_MODULES = {
    "android": "lazydit_export.targets.android",
    "onnx": "lazydit_export.targets.onnx",
}
_PLANNED = ("ios",)


def find_target(name: str) -> Target:
    """The target called `name`; LazyDiTError when there is none, or not yet."""
    if name in _PLANNED:
        raise LazyDiTError(f"target {name} is not there yet: use --target {_known()} for now")
    if name not in _MODULES:
        raise LazyDiTError(f"there is no target {name}: use --target {_known()}")
    target: Target = importlib.import_module(_MODULES[name]).TARGET
    return target


def _known() -> str:
    return " or ".join(_MODULES)
