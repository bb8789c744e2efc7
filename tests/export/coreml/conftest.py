"""Core ML packages, written by coremltools for these tests."""

import itertools
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types
from coremltools.proto import Model_pb2

from lazydit_export.coreml.faults import Fault, blaming
from lazydit_export.coreml.prepared import PreparedFunction
from lazydit_export.coreml.reader import read_package
from lazydit_export.split import Program
from lazydit_export.targets.exported import export_program

TARGETS = {17: ct.target.iOS17, 18: ct.target.iOS18}
TYPES = {"fp32": types.fp32, "fp16": types.fp16, "int32": types.int32}
MODEL = "Data/com.apple.CoreML/model.mlmodel"
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"


@dataclass(frozen=True)
class Written:
    """A package on disk that a test may damage."""

    path: Path

    def copied(self, folder: Path) -> "Written":
        return Written(Path(shutil.copytree(self.path, folder / self.path.name)))

    def model(self) -> Any:
        return Model_pb2.Model.FromString((self.path / MODEL).read_bytes())

    def replace(self, model: Any) -> None:
        (self.path / MODEL).write_bytes(model.SerializeToString())

    def operations(self, function: str = "main") -> Any:
        """The types of a function's operations, constants left out."""
        (block,) = self.model().mlProgram.functions[function].block_specializations.values()
        return [operation.type for operation in block.operations if operation.type != "const"]

    def prepared(self, function: str = "main") -> PreparedFunction:
        package = read_package(self.path)
        with blaming(self.path):
            if function not in package.functions:
                raise Fault(f"it has no function {function}")
            return PreparedFunction(package.functions[function])


Build = Callable[..., Any]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Written]:
    """Writes a package of what PyMIL's builder makes of a function; no pass changes it.

    The function's parameters are the inputs, each of a shape and type that are given in order.
    """
    numbers = itertools.count()

    def written(
        build: Build, inputs: Sequence[tuple[tuple[int, ...], str]], ios: int = 18
    ) -> Written:
        specs = [mb.TensorSpec(shape=shape, dtype=TYPES[dtype]) for shape, dtype in inputs]
        model = ct.convert(
            mb.program(input_specs=specs, opset_version=TARGETS[ios])(build),
            convert_to="mlprogram",
            minimum_deployment_target=TARGETS[ios],
            compute_precision=ct.precision.FLOAT32,
            pass_pipeline=ct.PassPipeline.EMPTY,
            skip_model_load=True,
        )
        return save(model, tmp_path / f"{next(numbers)}.mlpackage")

    return written


def save(model: Any, path: Path) -> Written:
    model.save(str(path))
    return Written(path)


def convert(program: Program, ios: int, half: bool) -> Any:
    """A program as the converter makes it of torch.export's graph."""
    return ct.convert(
        export_program(program).run_decompositions({}),
        convert_to="mlprogram",
        outputs=[ct.TensorType(name=spec.name, dtype=np.float32) for spec in program.outputs],
        minimum_deployment_target=TARGETS[ios],
        compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
        skip_model_load=True,
    )
