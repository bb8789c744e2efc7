"""The targets that export can lower to, by name: one file each, and one line here.

A target's file has `PRECISIONS`, the first of which is its default, and `target(precision,
options)`, which makes the recipe.
"""

import importlib

from lazydit.errors import LazyDiTError
from lazydit_export.targets.target import Target, TargetOptions

_MODULES = {
    "android": "lazydit_export.targets.android",
    "onnx": "lazydit_export.targets.onnx",
}
_PLANNED = ("ios",)


def find_target(name: str, options: TargetOptions | None = None) -> Target:
    """The target called `name` as `options` want it.

    Raises LazyDiTError when there is none, or when it cannot do what is asked.
    """
    if name in _PLANNED:
        raise LazyDiTError(f"target {name} is not there yet: use --target {_known()} for now")
    if name not in _MODULES:
        raise LazyDiTError(f"there is no target {name}: use --target {_known()}")
    options = options or TargetOptions()
    if options.minimum_ios is not None and name != "ios":
        raise LazyDiTError(f"--minimum-ios means nothing to target {name}: leave it out")
    module = importlib.import_module(_MODULES[name])
    precision = options.precision or module.PRECISIONS[0]
    if precision not in module.PRECISIONS:
        known = ", ".join(module.PRECISIONS)
        raise LazyDiTError(f"target {name} has no precision {precision}: choose from {known}")
    target: Target = module.target(precision, options)
    return target


def _known() -> str:
    return " or ".join(_MODULES)
