"""The engine's own limit: the matrix products of a model's modules, and nothing else.

ExecuTorch's XNNPACK runs those of one block over and over, through the native library, so that
weights come from the processor's caches, and the fastest repetition counts: what a module's program
could at best come near to.
Letters: N tokens of one sample, D width, F hidden width of the feedforward, H heads.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lazydit.checkpoints import load_checkpoint
from lazydit.models.dit import DiTConfig
from lazydit_runtime.executors.native_library import NativePrograms, Place
from protocol import Case, EngineSpec, ImageTimes

SAMPLES = 2
"""The two samples of guidance in one product: larger products only raise the limit."""

REPEATS = 4
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
        assert self._spec.checkpoint is not None
        config = load_checkpoint(Path(self._spec.checkpoint)).config
        kinds = products_of(config, SAMPLES)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "products.pte"
            modules = _write([product for kind in kinds.values() for product in kind], path)
            places = [Place(path, str(place), "") for place in range(len(modules))]
            # The file stays mapped when its name is gone.
            native = NativePrograms(places, self._spec.threads)
        calls = (_call(native, place, module) for place, module in enumerate(modules))
        self._calls = {kind: list(islice(calls, len(kinds[kind]))) for kind in kinds}
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


class _Product(nn.Module):
    """REPEATS times one product, each of inputs of its own: the call itself then hardly counts.

    With one matrix on the left the right one is a linear layer's weight, packed when it is loaded;
    with several it is an input, as keys and values are.
    """

    def __init__(self, product: Product) -> None:
        super().__init__()
        self.product = product
        self.layer = nn.Linear(product.inner, product.columns, bias=False)

    def inputs(self) -> tuple[Tensor, ...]:
        product = self.product
        generator = torch.Generator().manual_seed(0)
        left = (product.batch, product.rows, product.inner)
        right = (product.batch, product.inner, product.columns)
        shapes = [left] if product.batch == 1 else [left, right]
        return tuple(torch.randn(shape, generator=generator) for shape in shapes * REPEATS)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        if self.product.batch == 1:
            return tuple(self.layer(left) for left in inputs)
        return tuple(
            torch.bmm(left, right) for left, right in zip(inputs[::2], inputs[1::2], strict=True)
        )


def _write(products: Sequence[Product], path: Path) -> list[_Product]:
    """Lowers each product to the method that its place in the list names."""
    # Imported here: it takes seconds, and the table of products needs none of it.
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower
    from executorch.exir.passes import MemoryPlanningPass

    modules = [_Product(product).eval().requires_grad_(False) for product in products]
    exported = {
        str(place): torch.export.export(module, module.inputs())
        for place, module in enumerate(modules)
    }
    lowered = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
    planning = MemoryPlanningPass(alloc_graph_input=False, alloc_graph_output=False)
    config = ExecutorchBackendConfig(memory_planning_pass=planning)
    path.write_bytes(lowered.to_executorch(config).buffer)
    return modules


def _call(native: NativePrograms, place: int, module: _Product) -> Callable[[], None]:
    inputs = [tensor.numpy() for tensor in module.inputs()]
    outputs = [tensor.numpy() for tensor in module(*module.inputs())]
    return lambda: native.run(place, inputs, outputs)


def _times(call: Callable[[], None]) -> list[float]:
    """Milliseconds of each product, of which there are at least SHORTEST_S."""
    end = time.perf_counter() + SHORTEST_S
    times: list[float] = []
    while not times or time.perf_counter() < end:
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1e3 / REPEATS)
    return times
