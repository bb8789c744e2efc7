"""What laziness costs in quality: the demo model's gate sets against plain DDIM.

Every image is drawn three times from the same noise: lazily, by DDIM with as many steps, and by
DDIM with as many steps as fit in the lazy run's time (steps x (1 - lazy ratio), rounded). The
demo's classifier reads what was drawn; the error is the mean squared one against 100 DDIM steps.

Example: python benchmarks/demo_quality.py
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from lazydit.checkpoints import load_checkpoint
from lazydit.demo import demo_checkpoint, demo_classifier, demo_gates
from lazydit.diffusion import Schedule
from lazydit.gates import GateSet, load_gates
from lazydit.policies import Always, Lazy, Policy
from lazydit.sampling import DEFAULT_GUIDANCE, sample
from table import markdown

BATCH = 50
EXACT_STEPS = 100
# The classifier needs many images to tell policies apart, the error few.
ERROR_IMAGES = 100
SEED = 2024


@dataclass(frozen=True)
class Quality:
    """Of one policy: share of images read correctly, error against exact images, lazy ratio."""

    accuracy: float
    error: float
    lazy_ratio: float


class Judge:
    """Draws the same labels from the same noise under any policy, and judges the images."""

    def __init__(self, images: int) -> None:
        self.model = load_checkpoint(demo_checkpoint())
        self.classifier = demo_classifier()
        self.labels = torch.arange(images) % self.model.config.num_classes
        random = torch.Generator().manual_seed(SEED)
        config = self.model.config
        shape = (images, config.in_channels, config.input_size, config.input_size)
        self.noise = torch.randn(shape, generator=random)
        self._plain: dict[int, Quality] = {}

    @cached_property
    def exact(self) -> Tensor:
        """The first images, drawn with so many steps that more would change nothing to speak of."""
        return self._draw(Schedule.spaced(EXACT_STEPS), Always(), ERROR_IMAGES)[0]

    def plain(self, steps: int) -> Quality:
        """Of plain DDIM."""
        if steps not in self._plain:
            self._plain[steps] = self._judge(Schedule.spaced(steps), Always())
        return self._plain[steps]

    def lazy(self, gates: GateSet) -> Quality:
        """Of sampling with one gate set, thresholds and limit as stored."""
        return self._judge(Schedule.spaced(gates.steps), Lazy.stored(gates))

    def _judge(self, schedule: Schedule, policy: Policy) -> Quality:
        latents, ran = self._draw(schedule, policy, len(self.labels))
        read = self.classifier.read(latents) == self.labels
        error = (latents[:ERROR_IMAGES] - self.exact).square().mean()
        return Quality(read.float().mean().item(), error.item(), 1.0 - ran)

    def _draw(self, schedule: Schedule, policy: Policy, count: int) -> tuple[Tensor, float]:
        """The first latents, and the share of modules that ran."""
        latents, ran = [], []
        batches = zip(
            self.labels[:count].split(BATCH), self.noise[:count].split(BATCH), strict=True
        )
        for labels, noise in track(
            list(batches), f"{len(schedule)} steps", console=Console(stderr=True), transient=True
        ):
            result = sample(self.model, labels, noise, schedule, policy, DEFAULT_GUIDANCE)
            latents.append(result.latent)
            ran.append(result.ran.float().mean(dim=(0, 2, 3)))
        return torch.cat(latents), torch.cat(ran).mean().item()


def row(judge: Judge, gates: GateSet) -> dict[str, str | int]:
    """One line of the table."""
    lazy, plain = judge.lazy(gates), judge.plain(gates.steps)
    fitting = max(1, round(gates.steps * (1.0 - lazy.lazy_ratio)))
    equal = judge.plain(fitting)
    return {
        "gate set": gates.name,
        "max_reuse": "-" if gates.max_reuse is None else gates.max_reuse,
        "lazy ratio": f"{lazy.lazy_ratio:.3f}",
        "read: lazy": f"{lazy.accuracy:.1%}",
        "always": f"{plain.accuracy:.1%}",
        "DDIM, same time": f"{equal.accuracy:.1%} ({fitting} steps)",
        "error: lazy": f"{lazy.error:.5f}",
        "of always": f"{plain.error:.5f}",
        "of DDIM, same time": f"{equal.error:.5f}",
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1000, help="how many, all digits alike")
    parser.add_argument(
        "--gates", nargs="*", help="gate sets by name; all of the demo's if left out"
    )
    arguments = parser.parse_args(argv)
    if arguments.images < ERROR_IMAGES:
        parser.error(f"--images: {ERROR_IMAGES} is the least")
    sets = [gates for path in demo_gates() for gates in load_gates(path)]
    if arguments.gates:
        sets = [gates for gates in sets if gates.name in arguments.gates]
    if not sets:
        parser.error("--gates: the demo has no such gate set")
    judge = Judge(arguments.images)
    print(markdown([row(judge, gates) for gates in sets]))


if __name__ == "__main__":
    main()
