"""What laziness costs in quality: the demo model's gate sets against plain DDIM.

Prints, line by line, the table of lazydit/demo/README.md. All policies draw the same labels from
the same noise. DDIM "in the same time" takes as many steps as the lazy run's modules would fill.

Example: python benchmarks/demo_quality.py
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lazydit.checkpoints import load_checkpoint
from lazydit.demo import demo_checkpoint, demo_classifier, demo_gates
from lazydit.demo.classifier import DigitClassifier
from lazydit.diffusion import Schedule
from lazydit.gates import GateSet, load_gates
from lazydit.models.dit import DiT
from lazydit.policies import Always, Lazy, Policy
from lazydit.sampling import DEFAULT_GUIDANCE, sample

READ_IMAGES = 1000
COMPARED_IMAGES = 200
BATCH = 100
REFERENCE_STEPS = 100
SEED = 1


@dataclass(frozen=True, eq=False)
class Drawn:
    """Images [B, 3, 32, 32] of one policy and how lazy it was."""

    images: Tensor
    lazy_ratio: float


@dataclass(frozen=True)
class Row:
    """One line of the table: `read` is the share the classifier reads, `error` the mean squared
    error of images in [-1, 1] against `REFERENCE_STEPS` plain steps, None where not compared."""

    policy: str
    steps: int
    max_reuse: int | None
    lazy_ratio: float
    read: float | None
    error: float


class Judge:
    """Draws images under different policies and judges them."""

    def __init__(self, model: DiT, classifier: DigitClassifier) -> None:
        self._model, self._classifier = model, classifier
        config = model.config
        shape = (READ_IMAGES, config.in_channels, config.input_size, config.input_size)
        self._labels = torch.arange(READ_IMAGES) % config.num_classes
        self._noise = torch.randn(shape, generator=torch.Generator().manual_seed(SEED))
        self._reference = self._draw(REFERENCE_STEPS, Always(), COMPARED_IMAGES).images

    def row(self, name: str, steps: int, policy: Policy, count: int) -> Row:
        """Draw `count` images and judge them; fewer than READ_IMAGES are not read."""
        drawn = self._draw(steps, policy, count)
        compared = drawn.images[:COMPARED_IMAGES]
        read = None
        if count == READ_IMAGES:
            right = self._classifier.read(drawn.images) == self._labels
            read = right.float().mean().item()
        error = (compared - self._reference).square().mean().item()
        return Row(name, steps, policy.max_reuse, drawn.lazy_ratio, read, error)

    def _draw(self, steps: int, policy: Policy, count: int) -> Drawn:
        images, ratios = [], []
        for first in range(0, count, BATCH):
            chosen = slice(first, min(first + BATCH, count))
            result = sample(
                self._model,
                self._labels[chosen],
                self._noise[chosen],
                Schedule.spaced(steps),
                policy,
                DEFAULT_GUIDANCE,
            )
            images.append(result.latent)
            ratios.append(result.lazy_ratio)
        return Drawn(torch.cat(images), sum(ratios) / len(ratios))


def measure(judge: Judge, gate_sets: Sequence[GateSet]) -> Iterator[Row]:
    """Per step count: plain DDIM; then each gate set and plain DDIM in the same time."""
    for steps in sorted({gates.steps for gates in gate_sets}):
        yield judge.row("always", steps, Always(), READ_IMAGES)
        for gates in (chosen for chosen in gate_sets if chosen.steps == steps):
            lazy = judge.row(f"lazy {gates.name}", steps, Lazy.stored(gates), READ_IMAGES)
            yield lazy
            equal = round(steps * (1.0 - lazy.lazy_ratio))
            yield judge.row("always, in the same time", equal, Always(), COMPARED_IMAGES)


def as_line(row: Row) -> str:
    """A line of a Markdown table."""
    read = "" if row.read is None else f"{row.read:.1%}"
    limit = "" if row.max_reuse is None else str(row.max_reuse)
    cells = (row.policy, str(row.steps), limit, f"{row.lazy_ratio:.3f}", read, f"{row.error:.4f}")
    return f"| {' | '.join(cells)} |"


def main(argv: Sequence[str] | None = None) -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(argv)
    gate_sets = [gates for path in demo_gates() for gates in load_gates(path)]
    print("| policy | steps | max reuse | lazy ratio | classifier reads | error |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    judge = Judge(load_checkpoint(demo_checkpoint()), demo_classifier())
    for row in measure(judge, gate_sets):
        print(as_line(row), flush=True)


if __name__ == "__main__":
    main()
