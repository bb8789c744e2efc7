"""Plain DDIM trajectories, listened to: what is kept of them, and what it says.

No trajectory is held. Of every sample, step and module five numbers and the token sum of the
input are kept, of every step, module and channel the sums that a scale and a shift are fitted
with: 4 (D + 5) (T - 1) 2L bytes a sample and 8 x 15 D (T - 1) 2L bytes in all.

Letters in shapes: R samples, P = T - 1 pairs of steps, 2L modules, D width.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lazydit.analysis.images import Images
from lazydit.analysis.listening import Call, listening
from lazydit.analysis.scaling import SUMS, channel_sums, squares_left
from lazydit.analysis.similarity import compare
from lazydit.diffusion import Schedule
from lazydit.models.dit import DiT
from lazydit.policies import Always
from lazydit.sampling import sample

NUMBERS = ("similarity", "output_distance", "output_scale", "input_distance", "input_norm")


@dataclass(frozen=True, eq=False)
class Samples:
    """What is kept of R samples, each tensor [R, P, 2L] and `inputs` [R, P, 2L, D].

    `image` [R] is the number of the image that a sample belongs to. Distances are norms over all
    tokens and channels; `output_scale` is that of `similarity.Pair`, `inputs` the current input
    summed over the tokens.
    """

    image: Tensor
    similarity: Tensor
    output_distance: Tensor
    output_scale: Tensor
    input_distance: Tensor
    input_norm: Tensor
    inputs: Tensor


class _Sums:
    """`scaling.channel_sums` of the samples of one group, for every pair of steps and module."""

    def __init__(self, pairs: int, modules: int, width: int) -> None:
        self.values = torch.zeros(SUMS, pairs, modules, width, dtype=torch.float64)
        self.rows = 0

    def add(self, other: "_Sums") -> None:
        self.values += other.values
        self.rows += other.rows

    def squares_left(self) -> Tensor:
        """[P, 2L]."""
        return squares_left(self.values, self.rows) if self.rows else self.values[0].sum(dim=-1)

    def clear(self) -> None:
        self.values.zero_()
        self.rows = 0


class Trajectories:
    """Goes through the images label by label, a batch at a time."""

    def __init__(
        self,
        model: DiT,
        schedule: Schedule,
        images: Images,
        guidance: float,
        batch_size: int,
    ) -> None:
        self._model, self._schedule, self._images = model, schedule, images
        self._guidance = guidance
        self._batches = list(images.batches_by_label(batch_size))
        self._done = 0
        self._kept: list[dict[str, Tensor]] = []
        shape = (len(schedule) - 1, model.config.num_modules, model.config.width)
        self._label, self._no_label, self._all = (_Sums(*shape) for _ in range(3))
        self._left = torch.zeros(shape[:2], dtype=torch.float64)

    @property
    def total(self) -> int:
        return len(self._batches)

    @property
    def done(self) -> int:
        return self._done

    def advance(self) -> None:
        """Draw one more batch."""
        batch = self._batches[self._done]
        kept, with_label, without = self._draw(batch)
        self._kept.append(kept)
        self._label.add(with_label)
        self._no_label.add(without)
        self._all.add(with_label)
        self._all.add(without)
        self._done += 1
        if self._done == self.total or self._label_of(self._done) != self._label_of(self._done - 1):
            self._left += self._label.squares_left()
            self._label.clear()

    def samples(self) -> Samples:
        """Of all batches so far."""
        names = self._kept[0]
        return Samples(**{name: torch.cat([kept[name] for kept in self._kept]) for name in names})

    def squares_left_by_step(self) -> Tensor:
        """Squared distance of inputs [P, 2L], over all samples, that one scale and shift for all
        samples of a step leave."""
        return self._all.squares_left()

    def squares_left_by_label(self) -> Tensor:
        """The same with one for each label of a step ("no label" is one)."""
        return self._left + self._no_label.squares_left()

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on from here."""
        sums = (self._label, self._no_label, self._all)
        return {
            "done": self._done,
            "kept": self._kept,
            "sums": [part.values for part in sums],
            "rows": [part.rows for part in sums],
            "left": self._left,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._done, self._kept, self._left = state["done"], state["kept"], state["left"]
        sums = (self._label, self._no_label, self._all)
        for part, values, rows in zip(sums, state["sums"], state["rows"], strict=True):
            part.values, part.rows = values, rows

    def _label_of(self, batch: int) -> int:
        return int(self._images.labels[self._batches[batch][0]])

    def _draw(self, batch: Tensor) -> tuple[dict[str, Tensor], _Sums, _Sums]:
        """The fields of `Samples` for one batch, and the sums of its conditional and of its
        unconditional samples."""
        config, count = self._model.config, len(batch)
        rows = (2 * count, len(self._schedule) - 1, config.num_modules)
        kept = {name: torch.zeros(rows) for name in NUMBERS}
        kept["inputs"] = torch.zeros(*rows, config.width)
        groups = [_Sums(*rows[1:], config.width) for _ in range(2)]

        def hear(step: int, number: int, before: Call, now: Call) -> None:
            for name, value in _measured(before, now).items():
                kept[name][:, step - 1, number] = value.float().cpu()
            for group, x, y in zip(groups, before.z.chunk(2), now.z.chunk(2), strict=True):
                group.values[:, step - 1, number] = channel_sums(x, y).cpu()

        labels, noise = self._images.labels[batch], self._images.noise[batch]
        with listening(self._model, hear):
            sample(self._model, labels, noise, self._schedule, Always(), self._guidance)
        for group in groups:
            group.rows = count * config.tokens
        with_label, without = groups
        return {"image": batch.repeat(2), **kept}, with_label, without


def _measured(before: Call, now: Call) -> dict[str, Tensor]:
    pair = compare(before.output, now.output)
    return {
        "similarity": pair.similarity,
        "output_distance": pair.distance,
        "output_scale": pair.scale,
        "input_distance": (now.z - before.z).flatten(1).norm(dim=1),
        "input_norm": now.z.flatten(1).norm(dim=1),
        "inputs": now.z.sum(dim=1),
    }
