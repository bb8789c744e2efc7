"""The targets that export can lower to, by name: one file each, and one line here.

A target's file has `PRECISIONS`, the first of which is its default, and `target(precision,
options)`, which makes the recipe.
"""

import importlib
from types import ModuleType

from lazydit.errors import LazyDiTError
from lazydit_export.targets.target import Target, TargetOptions

_MODULES = {
    "android": "lazydit_export.targets.android",
    "ios": "lazydit_export.targets.ios",
    "onnx": "lazydit_export.targets.onnx",
}


def find_target(name: str, options: TargetOptions | None = None) -> Target:
    """The target called `name` as `options` want it.

    Raises LazyDiTError when there is none, or when it cannot do what is asked.
    """
    if name not in _MODULES:
        raise LazyDiTError(f"there is no target {name}: use --target {_known()}")
    options = options or TargetOptions()
    if options.minimum_ios is not None and name != "ios":
        raise LazyDiTError(f"--minimum-ios means nothing to target {name}: leave it out")
    module = _import(name)
    precision = options.precision or module.PRECISIONS[0]
    if precision not in module.PRECISIONS:
        known = ", ".join(module.PRECISIONS)
        raise LazyDiTError(f"target {name} has no precision {precision}: choose from {known}")
    target: Target = module.target(precision, options)
    return target


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(_MODULES[name])
    except ImportError as error:
        missing = (error.name or name).partition(".")[0]
        raise LazyDiTError(
            f"target {name} needs the Python package {missing}, which cannot be imported: "
            f"run pip install {missing}"
        ) from error


def _known() -> str:
    return ", ".join(_MODULES)
