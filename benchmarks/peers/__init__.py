"""Peers: what people would use instead, on the same weights. One file each."""

from __future__ import annotations

import importlib

from peers.whole import WholeModel
from protocol import PEERS, EngineSpec

_CLASSES = {
    "executorch-whole": ("peers.executorch_whole", "ExecuTorchWhole"),
    "onnxruntime-whole": ("peers.onnxruntime_whole", "OnnxRuntimeWhole"),
    "torch": ("peers.pytorch", "Eager"),
    "torch-compile": ("peers.pytorch", "Compiled"),
}
assert set(_CLASSES) == set(PEERS)


def make_peer(spec: EngineSpec) -> WholeModel:
    module, name = _CLASSES[spec.kind]
    peer: WholeModel = getattr(importlib.import_module(module), name)(spec)
    return peer
