"""The Core ML executor, on a stand-in of coremltools' interface that the evaluator computes for.

It shows that names, types and shapes are what that interface takes; Core ML itself needs a Mac.
"""

import dataclasses
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
import torch

from lazydit.errors import LazyDiTError
from lazydit_export.coreml.prepared import PreparedFunction
from lazydit_export.coreml.reader import read_package
from lazydit_export.split import MAX_STEPS, Program, split
from lazydit_export.targets.exported import export_program
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import find_executor
from lazydit_runtime.executors.coreml import CoreMLExecutor
from lazydit_runtime.manifest import ProgramSpec, TensorSpec
from tests.conftest import random_dit

NAMES = ("condition", "reuse")
ELEMENT_TYPES = {"float32": np.float32, "float16": np.float16, "int64": np.int32}


def in_half(program: Program) -> Program:
    """A program whose largest tensors are float16."""

    def halved(specs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
        return tuple(
            dataclasses.replace(spec, dtype="float16") if len(spec.shape) == 3 else spec
            for spec in specs
        )

    return dataclasses.replace(
        program, inputs=halved(program.inputs), outputs=halved(program.outputs)
    )


PROGRAMS = {
    program.name: in_half(program) if program.name == "reuse" else program
    for program in split(random_dit())
    if program.name in NAMES
}


def convert(program: Program, ios: Any) -> Any:
    steps = ct.RangeDim(1, MAX_STEPS)
    inputs = [
        ct.TensorType(
            name=spec.name,
            shape=tuple(steps if size == "T" else size for size in spec.shape),
            dtype=ELEMENT_TYPES[spec.dtype],
        )
        for spec in program.inputs
    ]
    # The example inputs are float32; those of the package are typed here.
    exported = export_program(
        dataclasses.replace(
            program,
            inputs=tuple(
                spec if spec.dtype == "int64" else dataclasses.replace(spec, dtype="float32")
                for spec in program.inputs
            ),
        )
    )
    return ct.convert(
        exported.run_decompositions({}),
        inputs=inputs,
        outputs=[
            ct.TensorType(name=spec.name, dtype=ELEMENT_TYPES[spec.dtype])
            for spec in program.outputs
        ],
        minimum_deployment_target=ios,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """both.mlpackage with two functions, and a package of one function for each."""
    folder = tmp_path_factory.mktemp("coreml")
    functions = ct.utils.MultiFunctionDescriptor()
    for name, program in PROGRAMS.items():
        functions.add_function(convert(program, ct.target.iOS18).package_path, "main", name)
        convert(program, ct.target.iOS17).save(str(folder / f"{name}.mlpackage"))
    functions.default_function_name = NAMES[0]
    ct.utils.save_multifunction(functions, str(folder / "both.mlpackage"))
    return folder


@dataclasses.dataclass(frozen=True)
class Contents:
    """What the executor reads of a manifest."""

    programs: dict[str, ProgramSpec]
    formats: dict[str, int]
    target: str = "ios"


def bundle_in(folder: Path, specification: int = 9, **changes: ProgramSpec) -> Bundle:
    """A bundle of the two programs, as the executor sees it."""
    programs = {
        name: ProgramSpec(
            "both.mlpackage" if specification > 8 else f"{name}.mlpackage",
            name if specification > 8 else "main",
            program.inputs,
            program.outputs,
        )
        for name, program in PROGRAMS.items()
    }
    contents: Any = Contents(programs | changes, {"coreml_specification": specification})
    return Bundle(folder, contents, {})


class CoreMLStandIn:
    """coremltools as it is on a Mac, as far as the executor uses it.

    As strict as the real one: names must be known, multi-arrays of the types that Python can give,
    shapes those that the function takes.
    """

    def __init__(self) -> None:
        self.ComputeUnit = ct.ComputeUnit
        self.utils = self
        self.models = self
        self.compiled: list[str] = []
        self.loaded: list[tuple[str, str, str | None]] = []
        self.forgets = ""

    def load_spec(self, path: str) -> Any:
        assert isinstance(path, str)
        return ct.utils.load_spec(path)

    def compile_model(self, path: str, destination: str) -> str:
        assert path.endswith(".mlpackage") and destination.endswith(".mlmodelc")
        shutil.copytree(path, destination)
        self.compiled.append(destination)
        return destination

    def CompiledMLModel(
        self, path: str, compute_units: ct.ComputeUnit, function_name: str | None
    ) -> "ModelStandIn":
        assert isinstance(compute_units, ct.ComputeUnit)
        self.loaded.append((path, compute_units.name, function_name))
        functions = read_package(Path(path)).functions
        if (function_name or "main") not in functions:
            raise RuntimeError(f"Error: no function\nnamed {function_name}")
        return ModelStandIn(self, PreparedFunction(functions[function_name or "main"]))


class ModelStandIn:
    def __init__(self, engine: CoreMLStandIn, function: PreparedFunction) -> None:
        self._engine = engine
        self._function = function

    def predict(self, features: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        inputs = []
        function = self._function.function
        assert features.keys() == {value.name for value in function.inputs}
        for value in function.inputs:
            array = features[value.name]
            wanted = np.int32 if value.type.dtype == "int32" else np.float32
            assert array.dtype == wanted and array.flags.c_contiguous
            sizes = value.type.shape
            if array.ndim != len(sizes) or any(
                size not in (None, found) for size, found in zip(sizes, array.shape, strict=True)
            ):
                raise RuntimeError(f"MultiArray shape {array.shape} does not match\n{sizes}")
            inputs.append(array)
        results = self._function.run(inputs)
        return {
            value.name: result.astype({"fp16": np.float16, "fp32": np.float32}[value.type.dtype])
            for value, result in zip(function.outputs, results, strict=True)
            if value.name != self._engine.forgets
        }


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> CoreMLStandIn:
    stand_in = CoreMLStandIn()
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setitem(sys.modules, "coremltools", stand_in)
    return stand_in


@pytest.fixture(params=[8, 9])
def executor(
    request: pytest.FixtureRequest, written: Path, engine: CoreMLStandIn
) -> Iterator[CoreMLExecutor]:
    opened = CoreMLExecutor.open(bundle_in(written, request.param))
    yield opened
    opened.close()


def run(executor: CoreMLExecutor, name: str, inputs: list[np.ndarray]) -> list[np.ndarray]:
    steps = inputs[-1].shape[0]
    outputs = [
        np.full([steps if size == "T" else size for size in spec.shape], np.nan, spec.dtype)
        for spec in PROGRAMS[name].outputs
    ]
    executor.run(name, inputs, [*outputs])
    return outputs


def reuse_inputs() -> list[np.ndarray]:
    draw = np.random.default_rng(0).normal
    return [draw(size=spec.shape).astype(spec.dtype) for spec in PROGRAMS["reuse"].inputs]


def expected(name: str, inputs: list[np.ndarray]) -> list[np.ndarray]:
    tensors = [
        torch.from_numpy(array if array.dtype == np.int64 else array.astype(np.float32))
        for array in inputs
    ]
    with torch.no_grad():
        return [output.numpy() for output in PROGRAMS[name].module(*tensors)]


@pytest.mark.parametrize("steps", [1, 5, MAX_STEPS])
def test_labels_and_timesteps_arrive_whatever_their_number(
    executor: CoreMLExecutor, steps: int
) -> None:
    inputs = [np.array([3]), np.linspace(999, 0, steps, dtype=np.float32)]
    found = run(executor, "condition", inputs)
    for output, reference in zip(found, expected("condition", inputs), strict=True):
        np.testing.assert_allclose(output, reference, atol=1e-5)


def test_float16_goes_in_and_out(executor: CoreMLExecutor) -> None:
    inputs = reuse_inputs()
    found = run(executor, "reuse", inputs)
    assert [output.dtype for output in found] == [np.float16, np.float16, np.float32]
    for output, reference in zip(found, expected("reuse", inputs), strict=True):
        np.testing.assert_allclose(output, reference, atol=1e-2, rtol=2e-3)


def test_a_package_is_compiled_once_for_all_its_functions(
    written: Path, engine: CoreMLStandIn
) -> None:
    executor = CoreMLExecutor.open(bundle_in(written), compute_units="CPU_AND_NE")
    (compiled,) = engine.compiled
    assert engine.loaded == [(compiled, "CPU_AND_NE", name) for name in NAMES]
    assert Path(compiled).exists()
    executor.close()
    assert not Path(compiled).exists()


def test_packages_of_one_function_are_loaded_without_a_name(
    written: Path, engine: CoreMLStandIn
) -> None:
    CoreMLExecutor.open(bundle_in(written, 8)).close()
    assert len(engine.compiled) == 2
    assert [function for _, _, function in engine.loaded] == [None, None]


def refusal(folder: Path, specification: int = 9, **changes: Any) -> str:
    with pytest.raises(LazyDiTError) as caught:
        CoreMLExecutor.open(bundle_in(folder, specification, **changes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_it_runs_on_a_mac_only(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    assert refusal(written).startswith("executor coreml runs on a Mac only")


def test_missing_coremltools_is_named(
    written: Path, engine: CoreMLStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "coremltools", None)
    assert "run pip install 'coremltools" in refusal(written)


def test_unknown_compute_units_name_those_there_are(written: Path, engine: CoreMLStandIn) -> None:
    with pytest.raises(LazyDiTError, match="no compute units TPU: choose from .*CPU_ONLY"):
        CoreMLExecutor.open(bundle_in(written), compute_units="TPU")


def test_unknown_versions_are_refused(written: Path, engine: CoreMLStandIn) -> None:
    assert "coreml_specification 99, this runtime knows 8 and 9" in refusal(written, 99)


def test_function_that_is_not_there_is_refused(written: Path, engine: CoreMLStandIn) -> None:
    spec = bundle_in(written).manifest.programs["condition"]
    said = refusal(written, condition=dataclasses.replace(spec, method="conditions"))
    assert said.startswith("both.mlpackage has no function conditions (it has condition, reuse)")
    assert not any(Path(path).exists() for path in engine.compiled)


def test_package_that_the_engine_cannot_load_is_refused(
    written: Path, engine: CoreMLStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError("Error reading protobuf spec.\nvalidator error")

    monkeypatch.setattr(engine, "CompiledMLModel", fail)
    assert "cannot load function condition of " in refusal(written)


def test_package_that_is_not_there_is_refused(tmp_path: Path, engine: CoreMLStandIn) -> None:
    assert "both.mlpackage" in refusal(tmp_path)


def test_file_outside_of_packages_is_refused(written: Path, engine: CoreMLStandIn) -> None:
    spec = bundle_in(written).manifest.programs["reuse"]
    said = refusal(written, reuse=dataclasses.replace(spec, file="programs/reuse.bin"))
    assert "lies in no .mlpackage folder" in said


@pytest.mark.parametrize(
    "change",
    [{"name": "z"}, {"dtype": "float32"}, {"shape": (1, 16, 33)}, {"shape": (16, 32)}],
)
def test_signature_that_is_not_the_manifest_s_is_refused(
    written: Path, engine: CoreMLStandIn, change: dict[str, Any]
) -> None:
    spec = bundle_in(written).manifest.programs["reuse"]
    first = dataclasses.replace(spec.inputs[0], **change)
    other = dataclasses.replace(spec, inputs=(first, *spec.inputs[1:]))
    assert "has not the signature" in refusal(written, reuse=other)


def test_failures_of_the_engine_are_one_sentence(
    executor: CoreMLExecutor, engine: CoreMLStandIn
) -> None:
    inputs = reuse_inputs()
    with pytest.raises(LazyDiTError, match="Core ML failed in program reuse .MultiArray") as caught:
        run(executor, "reuse", [inputs[0][:, :-1], *inputs[1:]])
    assert "\n" not in str(caught.value)
    engine.forgets = "next_norm"
    with pytest.raises(LazyDiTError, match="it gave no next_norm"):
        run(executor, "reuse", inputs)


def test_it_is_found_by_name() -> None:
    assert find_executor("coreml") is CoreMLExecutor
