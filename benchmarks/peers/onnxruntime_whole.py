"""ONNX Runtime: the whole model as PyTorch's own exporter writes it."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import torch
from torch import Tensor

from lazydit.models.dit import DiT
from peers.whole import INPUT_NAMES, Call, ExportedModel


class OnnxRuntimeWhole(ExportedModel):
    """The CPU provider with all its optimizations, and a pool whose threads spin: its defaults."""

    suffix = ".onnx"

    def write(self, model: DiT, path: Path) -> None:
        # Without a path the weights stay inside: one file is kept whole or not at all.
        program = torch.onnx.export(
            model, self.example(), input_names=INPUT_NAMES, dynamo=True, verbose=False
        )
        assert program is not None
        path.write_bytes(program.model_proto.SerializeToString())

    def open(self) -> Call:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        session = onnxruntime.InferenceSession(self.path, options)

        def call(latent: Tensor, timesteps: Tensor, labels: Tensor) -> Tensor:
            tensors = (latent, timesteps, labels)
            inputs = {n: t.numpy() for n, t in zip(INPUT_NAMES, tensors, strict=True)}
            return torch.from_numpy(session.run(None, inputs)[0])

        return call
