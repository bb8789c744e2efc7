"""What happened in a generation, per step, sample and module."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Trace:
    """Arrays are [T, S, 2L]: T steps in sampling order, S samples (conditional, unconditional), 2L
    modules in running order: attn 0, mlp 0, attn 1, ...

    Attributes:
        timesteps: [T] descending, of the training process.
        modules: [2L] the names of the modules.
        scores: float32; NaN where no gate decided.
        ran: bool; False where the module was reused.
        extrapolated: bool; True where what was reused was extrapolated.
        module_ms: float64; the time of the run or reuse in milliseconds.
    """

    timesteps: tuple[int, ...]
    modules: tuple[str, ...]
    scores: NDArray[np.float32]
    ran: NDArray[np.bool_]
    extrapolated: NDArray[np.bool_]
    module_ms: NDArray[np.float64]

    @property
    def lazy_ratio(self) -> float:
        """Modules reused / modules reached, the first step included."""
        return 1.0 - float(self.ran.mean())

    def to_json(self) -> dict[str, Any]:
        """Plain lists under the attributes' names; null for NaN."""
        return {
            "timesteps": list(self.timesteps),
            "modules": list(self.modules),
            "scores": _null_for_nan(self.scores.tolist()),
            "ran": self.ran.tolist(),
            "extrapolated": self.extrapolated.tolist(),
            "module_ms": _null_for_nan(self.module_ms.tolist()),
        }


def _null_for_nan(values: Any) -> Any:
    if isinstance(values, list):
        return [_null_for_nan(value) for value in values]
    return None if math.isnan(values) else values
