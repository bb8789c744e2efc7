"""ONNX: one .onnx file per program, all their weights in one file beside them.

A graph has one set of inputs and outputs, so that a file is a program. The weights lie outside:
an engine maps them where they are instead of parsing and copying them (a third less time to load a
DiT-S/2, a fifth less memory), and an .onnx file may not pass 2 GiB.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

import onnx

from lazydit_export.split import Program
from lazydit_export.targets.onnx_graph import IR_VERSION, OPSET, to_onnx
from lazydit_export.targets.onnx_precision import with_float16_weights, with_int8_weights
from lazydit_export.targets.target import FinishedFiles, Lowered, OnProgram, Target, TargetOptions

PRECISIONS = ("fp32", "fp16", "int8")

FOLDER = "programs"
WEIGHTS = "weights.bin"

PAGE = 4096
"""Weights start on this boundary, as a memory map wants them."""

SMALLEST_OUTSIDE = 1024
"""Initializers of fewer bytes stay in the .onnx file, where a viewer shows them."""


_COMPRESSIONS = {"fp16": with_float16_weights, "int8": with_int8_weights}


def lower(
    programs: Sequence[Program],
    directory: Path,
    on_program: OnProgram,
    _: FinishedFiles | None = None,
    *,
    precision: str,
) -> list[Lowered]:
    """Writes every program to `programs/NAME.onnx` in `directory` and checks what was written."""
    compress = _COMPRESSIONS.get(precision)
    folder = directory / FOLDER
    folder.mkdir()
    lowered = []
    places: dict[bytes, int] = {}
    with (folder / WEIGHTS).open("wb") as weights:
        for program in programs:
            path = folder / f"{program.name}.onnx"
            model = to_onnx(program)
            if compress is not None:
                model = compress(model)
            _move_weights(model, weights, places)
            path.write_bytes(model.SerializeToString(deterministic=True))
            weights.flush()
            onnx.checker.check_model(path, full_check=True)
            file = path.relative_to(directory).as_posix()
            lowered.append(Lowered(program.name, file, program.name))
            on_program(program.name)
    return lowered


def _move_weights(model: onnx.ModelProto, weights: BinaryIO, places: dict[bytes, int]) -> None:
    """Moves the initializers of `model` to `weights` and leaves references to them behind.

    `places` says where what has been written lies, by its sha256: programs that have a weight in
    common refer to the same place.
    """
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) < SMALLEST_OUTSIDE:
            continue
        digest = hashlib.sha256(tensor.raw_data).digest()
        if digest not in places:
            weights.write(bytes(-weights.tell() % PAGE))
            places[digest] = weights.tell()
            weights.write(tensor.raw_data)
        onnx.external_data_helper.set_external_data(
            tensor, WEIGHTS, places[digest], len(tensor.raw_data)
        )
        tensor.ClearField("raw_data")


def target(precision: str, _: TargetOptions) -> Target:
    """The recipe for one of `PRECISIONS`."""
    return Target(
        name="onnx",
        precision=precision,
        executor="onnxruntime",
        lower=partial(lower, precision=precision),
        packages=("onnx", "onnxruntime"),
        formats={"onnx_opset": OPSET, "onnx_ir_version": IR_VERSION},
    )
