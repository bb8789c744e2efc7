"""The executor `torch`: the same programs, run by PyTorch. It is the oracle of the others."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from typing_extensions import Self

from lazydit.checkpoints import checkpoint_sha256, load_checkpoint
from lazydit.demo import demo_checkpoint
from lazydit.errors import LazyDiTError
from lazydit_export.split import Program, split
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Array


class EagerExecutor:
    """Runs split programs in PyTorch, on the weights of a checkpoint."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._modules = {program.name: program.module for program in programs}

    @classmethod
    def open(
        cls, bundle: Bundle, *, threads: int | None = None, checkpoint: Path | None = None
    ) -> Self:
        """The programs of the checkpoint that `bundle` was made from.

        `checkpoint` may be left out for the demo model. `threads` is set for the whole process, as
        PyTorch has it. Raises LazyDiTError when the checkpoint is not the bundle's.
        """
        wanted = bundle.manifest.model
        path = checkpoint or demo_checkpoint()
        if checkpoint_sha256(path) != wanted.checkpoint_sha256:
            raise LazyDiTError(
                f"the bundle was not made from {path}: give the checkpoint of model {wanted.name}"
            )
        if threads is not None:
            torch.set_num_threads(threads)
        heads = None if path.suffix == ".safetensors" else wanted.heads
        whole_blocks = bool(bundle.manifest.graph.blocks)
        return cls(split(load_checkpoint(path, heads), whole_blocks=whole_blocks))

    @torch.no_grad()
    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        """Fills `outputs` with what `program` makes of `inputs`."""
        results = self._modules[program](*(_tensor(array) for array in inputs))
        if isinstance(results, torch.Tensor):
            results = (results,)
        for output, result in zip(outputs, results, strict=True):
            np.copyto(output, result.numpy(), casting="same_kind")

    def close(self) -> None:
        """Drops the weights."""
        self._modules = {}


def _tensor(array: Array) -> torch.Tensor:
    """What the programs compute with: float16 activations become float32."""
    tensor = torch.from_numpy(array)
    return tensor.float() if tensor.is_floating_point() else tensor
