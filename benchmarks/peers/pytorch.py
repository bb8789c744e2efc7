"""PyTorch: eager, and compiled by Inductor."""

from __future__ import annotations

import torch
from torch import nn

from peers.whole import Call, WholeModel
from protocol import EngineSpec


class Eager(WholeModel):
    """`DiT.forward` as it is."""

    def __init__(self, spec: EngineSpec) -> None:
        super().__init__(spec)
        # PyTorch imports more when a layer is first made without memory, as checkpoints are read.
        nn.Linear(1, 1, device="meta")

    def open(self) -> Call:
        return self.model()


class Compiled(Eager):
    """`torch.compile` with its defaults; loading holds the compilation, for the one shape."""

    def open(self) -> Call:
        compiled: Call = torch.compile(self.model(), dynamic=False)
        compiled(*self.example())
        return compiled
