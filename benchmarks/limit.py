"""The machine's own limit: the matrix products of a model's modules, and nothing else.

PyTorch's matrix product runs those of one block over and over, so that weights come from the
processor's caches, and the fastest repetition counts: what an engine could at best come near to.
Letters: N tokens of one sample, D width, F hidden width of the feedforward, H heads.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lazydit.checkpoints import load_checkpoint
from lazydit.models.dit import DiTConfig
from protocol import Case, EngineSpec, ImageTimes

SAMPLES = 2
"""The two samples of guidance in one product: larger products only raise the limit."""

SHORTEST_S = 0.05


@dataclass(frozen=True)
class Product:
    """[batch, rows, inner] x [batch, inner, columns]."""

    batch: int
    rows: int
    inner: int
    columns: int

    @property
    def flops(self) -> int:
        """A multiplication and an addition for every inner element."""
        return 2 * self.batch * self.rows * self.inner * self.columns


def products_of(config: DiTConfig, samples: int) -> dict[str, list[Product]]:
    """The products of one module of each kind, for `samples` samples at once."""
    tokens, width, heads = config.tokens, config.width, config.heads
    rows, hidden = samples * tokens, round(width * config.mlp_ratio)
    head = width // heads
    return {
        "attn": [
            Product(1, rows, width, 3 * width),
            Product(samples * heads, tokens, head, tokens),
            Product(samples * heads, tokens, tokens, head),
            Product(1, rows, width, width),
        ],
        "mlp": [Product(1, rows, width, hidden), Product(1, rows, hidden, width)],
    }


class MatrixProducts:
    """An engine whose "image" is a module's products of each kind; `kind_ms` are for one sample."""

    def __init__(self, spec: EngineSpec) -> None:
        self._spec = spec

    def prepare(self, folder: Path) -> Path | None:
        return None

    def files(self) -> Iterable[Path]:
        return ()

    def load(self) -> dict[str, Any]:
        """Facts: `flops` of one run of a module of each kind, for one sample."""
        torch.set_num_threads(self._spec.threads)
        assert self._spec.checkpoint is not None
        config = load_checkpoint(Path(self._spec.checkpoint)).config
        self._calls = {
            kind: [_call(product) for product in products]
            for kind, products in products_of(config, SAMPLES).items()
        }
        single = products_of(config, 1)
        return {
            "flops": {kind: sum(p.flops for p in products) for kind, products in single.items()}
        }

    def error(self) -> None:
        """Nothing to hold against PyTorch."""

    def image(self, case: Case, label: int, seed: int) -> ImageTimes:
        """`image_ms` is a repetition's mean, which tells of a busy machine; `kind_ms` the best."""
        times = {kind: [_times(call) for call in calls] for kind, calls in self._calls.items()}
        return ImageTimes(
            image_ms=sum(statistics.fmean(ms) for calls in times.values() for ms in calls),
            step_ms=[],
            kind_ms={kind: sum(map(min, calls)) / SAMPLES for kind, calls in times.items()},
        )


def _call(product: Product) -> Callable[[], Tensor]:
    """The product on random matrices, the second stored transposed as a linear layer's weight."""
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(product.batch, product.rows, product.inner, generator=generator)
    right = torch.randn(product.batch, product.columns, product.inner, generator=generator)
    if product.batch == 1:
        return lambda: torch.mm(left[0], right[0].T)
    return lambda: torch.bmm(left, right.mT)


def _times(call: Callable[[], Tensor]) -> list[float]:
    """Milliseconds of each repetition, of which there are at least SHORTEST_S."""
    end = time.perf_counter() + SHORTEST_S
    times: list[float] = []
    while not times or time.perf_counter() < end:
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1e3)
    return times
