"""The operators that converted programs hold, by name, in NumPy."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lazydit_export.coreml.compression import COMPRESSION
from lazydit_export.coreml.elementwise import ELEMENTWISE
from lazydit_export.coreml.kernels import Call, Kernel
from lazydit_export.coreml.layers import LAYERS
from lazydit_export.coreml.movement import MOVEMENT

Operator = Callable[[Call], list[Kernel]]

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {**ELEMENTWISE, **MOVEMENT, **LAYERS, **COMPRESSION}
)
"""Those of the operator sets CoreML7 (iOS 17) and CoreML8 (iOS 18)."""
