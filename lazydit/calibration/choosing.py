"""Choosing among measured changes of a mask.

What a change does to the final images is a vector; the model is that vectors add up. Then the
squared error of the images under any choice follows from the vectors' inner products alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from lazydit.calibration.masks import Change, keeps_limit

_EXCHANGES_TRIED = 400
_EXCHANGES_TAKEN = 400


@dataclass(frozen=True, eq=False)
class Effects:
    """What n changes of `mask` do to images that are off by an error e, fp64.

    `gram` [n, n] are the inner products of the changes' effects and `slope` [n] those with e.
    """

    mask: Tensor
    changes: Sequence[Change]
    gram: Tensor
    slope: Tensor

    def shrunk(self, share: float) -> "Effects":
        """With `share` of every inner product of different vectors: few images tell too much of
        them. With 0 each change is judged alone, by the squared error that it causes."""
        squares = self.gram.diag().diag()
        gram = squares + share * (self.gram - squares)
        return replace(self, gram=gram, slope=share * self.slope)


def choose(effects: Effects, reused: int, max_reuse: int | None, most: int | None) -> Tensor:
    """The mask that reuses `reused` modules with the least error that could be found: changes are
    added one by one, then exchanged for each other while that lowers the error.

    At most `most` changes are made (None: no limit), even where `reused` is not reached then.
    """
    search = _Search(effects, max_reuse, len(effects.changes) if most is None else most)
    while search.missing(reused) and search.add_best(reused):
        pass
    for _ in range(_EXCHANGES_TAKEN):
        if not search.exchange_best():
            break
    return search.mask()


@dataclass
class _Search:
    """A choice of changes, to be improved."""

    effects: Effects
    max_reuse: int | None
    most: int
    chosen: frozenset[int] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        self._more_reuse = torch.tensor([change.more_reuse for change in self.effects.changes])

    def mask(self, chosen: frozenset[int] | None = None) -> Tensor:
        mask = self.effects.mask
        for number in sorted(self.chosen if chosen is None else chosen):
            mask = self.effects.changes[number].applied(mask)
        return mask

    def missing(self, reused: int) -> int:
        return reused - int((~self.mask()).sum())

    def add_best(self, reused: int) -> bool:
        """Add the change that costs the least error for each reuse; False when none is left."""
        missing = self.missing(reused)
        sign = 1 if missing > 0 else -1
        more = self._more_reuse * sign
        fits = (more > 0) & (more <= abs(missing)) & (self._taken() == 0)
        costs = (self._gains() / more.clamp(min=1)).masked_fill(~fits, torch.inf)
        for number in costs.argsort()[: int(fits.sum())].tolist():
            if self._take(self.chosen | {number}):
                return True
        return False

    def exchange_best(self) -> bool:
        """Make the one or two flips (a change is taken or taken back) that lower the error most
        and leave the lazy ratio as it is; False when there are none."""
        taken = self._taken()
        sign, gains = 1 - 2 * taken, self._gains()
        more = self._more_reuse * sign
        pairs = gains[:, None] + gains + 2 * sign[:, None] * sign * self.effects.gram
        # The diagonal stands for flips of one change alone.
        pairs.diagonal().copy_(torch.where(more == 0, gains, torch.inf))
        unbalanced = (more[:, None] + more != 0).fill_diagonal_(False)
        pairs = pairs.masked_fill(unbalanced, torch.inf).triu()
        best = pairs.flatten().topk(min(_EXCHANGES_TRIED, pairs.numel()), largest=False)
        worth = -1e-9 * float(self.effects.gram.diag().mean())
        for gain, position in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            flips = {position // len(gains), position % len(gains)}
            if gain < worth and self._take(self.chosen.symmetric_difference(flips)):
                return True
        return False

    def _taken(self) -> Tensor:
        taken = torch.zeros_like(self.effects.slope)
        taken[list(self.chosen)] = 1
        return taken

    def _gains(self) -> Tensor:
        """By how much each flip alone raises the squared error [n]."""
        taken, gram = self._taken(), self.effects.gram
        return (1 - 2 * taken) * 2 * (self.effects.slope + gram @ taken) + gram.diag()

    def _take(self, chosen: frozenset[int]) -> bool:
        """Take this choice if it can be made."""
        places = [place for number in chosen for place in self.effects.changes[number].places]
        possible = (
            len(chosen) <= self.most
            and len(set(places)) == len(places)
            and keeps_limit(self.mask(chosen), self.max_reuse)
        )
        if possible:
            self.chosen = chosen
        return possible
