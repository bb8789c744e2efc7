"""Core ML packages, written by coremltools for these tests."""

import functools
import gc
import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types
from coremltools.proto import Model_pb2
from rich.console import Console

from lazydit.checkpoints import save_checkpoint
from lazydit.gates import save_gates
from lazydit.models.dit import DiT
from lazydit_export.coreml.faults import Fault, blaming
from lazydit_export.coreml.prepared import PreparedFunction
from lazydit_export.coreml.reader import read_package
from lazydit_export.export import write_bundle
from lazydit_export.recipe import ExportRecipe, read_source
from lazydit_export.report import Report
from lazydit_export.split import Program, split
from lazydit_export.targets.exported import export_program
from lazydit_export.targets.target import Lowered, OnProgram, Target
from tests.conftest import random_dit, random_gates

TARGETS = {17: ct.target.iOS17, 18: ct.target.iOS18}
TYPES = {"fp32": types.fp32, "fp16": types.fp16, "int32": types.int32}
ITEMS = "Manifest.json"
MODEL = "Data/com.apple.CoreML/model.mlmodel"
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"


@pytest.fixture(scope="session", autouse=True)
def quick_conversions() -> Iterator[None]:
    """coremltools collects garbage on every conversion: half a second over PyTorch's objects."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


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


def convert(program: Program, ios: int, *, half: bool) -> Any:
    """A program as the converter makes it of torch.export's graph, with fp32 inputs and outputs."""
    return ct.convert(
        export_program(program).run_decompositions({}),
        convert_to="mlprogram",
        outputs=[ct.TensorType(name=spec.name, dtype=np.float32) for spec in program.outputs],
        minimum_deployment_target=TARGETS[ios],
        compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
        skip_model_load=True,
    )


def lower(
    programs: Sequence[Program],
    directory: Path,
    on_program: OnProgram,
    *_: object,
    ios: int,
    half: bool,
) -> list[Lowered]:
    """iOS 18: one package, a function per program. iOS 17: a package per program."""
    models = {program.name: convert(program, ios, half=half) for program in programs}
    if ios < 18:
        for name, model in models.items():
            save(model, directory / f"{name}.mlpackage")
        return [Lowered(name, f"{name}.mlpackage/{ITEMS}", "main") for name in models]
    functions = ct.utils.MultiFunctionDescriptor()
    for name, model in models.items():
        functions.add_function(model.package_path, "main", name)
    functions.default_function_name = "condition"
    ct.utils.save_multifunction(functions, str(directory / "programs.mlpackage"))
    return [Lowered(name, f"programs.mlpackage/{ITEMS}", name) for name in models]


@dataclass(frozen=True)
class CoreMLBundle:
    """A bundle of Core ML packages, and the model that it was made from."""

    directory: Path
    model: DiT
    ios: int
    half: bool

    @property
    def program(self) -> str:
        """The package that holds block_00_mlp."""
        return "programs.mlpackage" if self.ios >= 18 else "block_00_mlp.mlpackage"


@pytest.fixture(scope="session", params=[(18, False), (18, True), (17, False), (17, True)], ids=str)
def coreml_bundle(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> CoreMLBundle:
    """A random model in fp32 and fp16, for iOS 17 and 18."""
    ios, half = request.param
    folder = tmp_path_factory.mktemp("ios")
    model = random_dit(depth=1)
    save_checkpoint(model, folder / "small.safetensors")
    save_gates((random_gates(model.config, 6),), folder / "gates.safetensors")
    recipe = ExportRecipe(
        checkpoint=folder / "small.safetensors",
        gates=(folder / "gates.safetensors",),
        target=Target(
            name="ios",
            precision="fp16" if half else "fp32",
            executor="coreml-evaluator",
            lower=functools.partial(lower, ios=ios, half=half),
            packages=("coremltools",),
            formats={"coreml_specification": {17: 8, 18: 9}[ios]},
        ),
        out=folder / "bundle",
        name="small",
    )
    recipe.out.mkdir()
    source = read_source(recipe)
    report = Report(Console(quiet=True), verbose=False)
    write_bundle(recipe, source, split(source.model), recipe.out, report)
    return CoreMLBundle(recipe.out, model, ios, half)
