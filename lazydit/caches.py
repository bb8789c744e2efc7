"""What is kept of a module's outputs, and what of it is reused.

Letters in shapes: R rows (samples), N tokens, D width.
"""

from collections.abc import Callable
from copy import copy

import torch
from torch import Tensor


class ModuleCache:
    """The outputs [R, N, D] that one module computed last and, to `extrapolate`, those before.

    Every row has its own two steps at which the module ran.
    """

    def __init__(self, extrapolate: bool) -> None:
        self._extrapolate = extrapolate

    def start(self, output: Tensor) -> Tensor:
        """Begin with what all rows computed at step 0."""
        self._last = self._previous = output
        self._last_step = torch.zeros(len(output), dtype=torch.int64, device=output.device)
        self._previous_step = torch.full_like(self._last_step, -1)
        return output

    def keep(self, step: int, run: Tensor, output: Tensor) -> None:
        """Take `output`, computed at `step` by those rows alone where `run` [R] is true."""
        if self._extrapolate:
            self._previous = torch.where(run.view(-1, 1, 1), self._last, self._previous)
            self._previous_step = torch.where(run, self._last_step, self._previous_step)
        # A new tensor: the one kept may still be in use by whoever was handed it.
        everyone = len(output) == len(run)
        self._last = output if everyone else self._last.index_put((run,), output)
        self._last_step = torch.where(run, step, self._last_step)

    def branched(self, copied: Callable[[Tensor], Tensor]) -> "ModuleCache":
        """The same cache with its rows `copied`; neither changes the other."""
        other = copy(self)
        other._last, other._last_step = copied(self._last), copied(self._last_step)
        other._previous_step = copied(self._previous_step)
        if self._extrapolate:
            other._previous = copied(self._previous)
        return other

    @property
    def extrapolates(self) -> Tensor:
        """Which rows [R] would be handed an extrapolated output if they reused."""
        return (self._previous_step >= 0) & self._extrapolate

    def outputs(self, step: int) -> Tensor:
        """What every row hands on at `step`: its own output if it was computed at this step."""
        if not self._extrapolate:
            return self._last
        since, apart = step - self._last_step, self._last_step - self._previous_step
        weight = torch.where(self.extrapolates, since / apart, 0.0).to(self._last.dtype)
        return self._last + weight.view(-1, 1, 1) * (self._last - self._previous)
