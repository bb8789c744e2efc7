"""Masks: which module runs at which step, and the changes that lead from one mask to another.

A mask is bool [T, 2L] as `policies.FixedSchedule` takes it, True where the module runs; T steps,
L blocks. Step 0 always runs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lazydit.errors import LazyDiTError


@dataclass(frozen=True)
class Place:
    """One module at one step."""

    step: int
    module: int


@dataclass(frozen=True)
class Change:
    """Places to be reused and places to be run that are the other way round in a mask."""

    reuse: tuple[Place, ...] = ()
    run: tuple[Place, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        return self.reuse + self.run

    @property
    def first_step(self) -> int:
        return min(place.step for place in self.places)

    @property
    def more_reuse(self) -> int:
        """How many more modules are reused."""
        return len(self.reuse) - len(self.run)

    def applied(self, mask: Tensor) -> Tensor:
        changed = mask.clone()
        for place in self.reuse:
            changed[place.step, place.module] = False
        for place in self.run:
            changed[place.step, place.module] = True
        return changed


def keeps_limit(mask: Tensor, max_reuse: int | None) -> bool:
    """Whether step 0 runs and no module is reused more than `max_reuse` steps in a row."""
    if not bool(mask[0].all()):
        return False
    if max_reuse is None or max_reuse >= len(mask):
        return True
    # A window without a run is a limit not kept.
    return bool(mask.unfold(0, max_reuse + 1, 1).any(dim=-1).all())


def single_changes(mask: Tensor, max_reuse: int | None) -> list[Change]:
    """What can be changed at one place, sorted by the first step that it concerns.

    Where the limit does not let a module be reused, a reuse of it at the step before or after is
    moved there instead.
    """
    found = []
    steps, modules = mask.shape
    for step in range(1, steps):
        for module in range(modules):
            place = Place(step, module)
            if not mask[step, module]:
                found.append(Change(run=(place,)))
                continue
            plain = Change(reuse=(place,))
            moved = [
                Change(reuse=(place,), run=(Place(other, module),))
                for other in (step - 1, step + 1)
                if 0 < other < steps and not mask[other, module]
            ]
            options = [plain] if keeps_limit(plain.applied(mask), max_reuse) else moved
            found += [one for one in options if keeps_limit(one.applied(mask), max_reuse)]
    return sorted(found, key=lambda change: change.first_step)


def check_target(target: float, steps: int, max_reuse: int | None) -> None:
    """Raises LazyDiTError when nothing could be as lazy as `target`."""
    reusable = steps - 1
    if max_reuse is not None:
        reusable -= reusable // (max_reuse + 1)
    if not 0 < target <= reusable / steps:
        raise LazyDiTError(
            f"a lazy ratio of {target} cannot be reached with {steps} steps and this max_reuse: "
            f"choose one above 0 and at most {reusable / steps:.2f}"
        )


def empty_mask(steps: int, modules: int) -> Tensor:
    """The mask of plain DDIM: everything runs."""
    return torch.ones(steps, modules, dtype=torch.bool)
