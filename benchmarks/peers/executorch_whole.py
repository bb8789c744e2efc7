"""ExecuTorch: the model exported as it is to one method for XNNPACK, run by the wheel's runtime."""

from __future__ import annotations

from pathlib import Path

import torch
from executorch.extension.pybindings import portable_lib
from executorch.runtime import Runtime
from torch import Tensor

from lazydit.models.dit import DiT
from peers.whole import Call, ExportedModel

METHOD = "forward"


class ExecuTorchWhole(ExportedModel):
    """What ExecuTorch's own guide has people do."""

    suffix = ".pte"

    def write(self, model: DiT, path: Path) -> None:
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower

        exported = torch.export.export(model, self.example())
        lowered = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
        path.write_bytes(lowered.to_executorch().buffer)

    def open(self) -> Call:
        # A method takes hold of the pool when it is loaded.
        portable_lib._unsafe_reset_threadpool(self.threads)
        method = Runtime.get().load_program(self.path).load_method(METHOD)
        assert method is not None

        def call(latent: Tensor, timesteps: Tensor, labels: Tensor) -> Tensor:
            output: Tensor = method.execute([latent, timesteps, labels])[0]
            return output

        return call
