"""Records what the evaluator of Core ML bundles computes: the Swift executor is held against it.

python -m tests.runtime.apple.record_coreml BUNDLE... --out FOLDER, in the repository: for every
bundle a folder FOLDER/BUNDLE with

    cases.json    requests and their results, and NAME.latent, as of write_reference.py
    calls.json    programs as their packages describe them, and every call: numbers of tensors
    tensors.bin   the elements of those tensors, each tensor once
"""

import argparse
import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from lazydit.quiet import quiet_stderr
from lazydit_runtime import Always, EveryN, FixedSchedule, Lazy, Pipeline, Request
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Array, Executor, open_executor
from lazydit_runtime.executors.mlpackage import package_path
from lazydit_runtime.manifest import ProgramSpec
from tests.runtime.write_reference import case

EVALUATOR = "coreml-evaluator"

TYPES = {65568: np.float32, 65552: np.float16, 131104: np.int32}
"""ArrayFeatureType.ArrayDataType in FeatureTypes.proto, which is MLMultiArrayDataType as well."""

Json = dict[str, Any]
Call = tuple[str, tuple[int, ...]]
"""A program and the numbers of its inputs."""

REQUESTS = (
    Request(3, seed=2**64 - 1, steps=3, policy=Always()),
    Request(1, seed=2, policy=Lazy()),
    Request(0, seed=1, guidance=1.0, policy=Lazy(thresholds=(0.6, 0.4), max_reuse=2)),
    Request(4, seed=4, steps=4, guidance=1.0, policy=EveryN(2)),
    Request(5, seed=7, steps=5, guidance=2.5, policy=EveryN(2, extrapolate=True)),
    Request(2, seed=5, steps=4, policy=FixedSchedule()),
)
"""Every policy, guidance and none; those of Lazy take the seven steps of the gates."""


class Recorder:
    """Runs programs with another executor and keeps what went in and came out."""

    def __init__(self, bundle: Bundle, executor: Executor) -> None:
        self._executor = executor
        self._programs = {
            name: described(bundle, name, spec) for name, spec in bundle.manifest.programs.items()
        }
        self._numbers: dict[tuple[int, tuple[int, ...], bytes], int] = {}
        self._calls: dict[Call, tuple[int, ...]] = {}

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        """As `Executor` has it."""
        self._executor.run(program, inputs, outputs)
        described = self._programs[program]
        given = self._add(described["inputs"], inputs)
        made = self._add(described["outputs"], outputs)
        if self._calls.setdefault((program, given), made) != made:
            raise RuntimeError(f"{program} makes different outputs of the same inputs")

    def close(self) -> None:
        """As `Executor` has it."""
        self._executor.close()

    def write(self, out: Path) -> None:
        """calls.json and tensors.bin in the folder `out`."""
        tensors = []
        with (out / "tensors.bin").open("wb") as file:
            for type_, shape, elements in self._numbers:
                tensors.append({"type": type_, "shape": shape, "offset": file.tell()})
                file.write(elements)
        calls = [
            {"program": program, "inputs": given, "outputs": made}
            for (program, given), made in self._calls.items()
        ]
        content = {"programs": list(self._programs.values()), "tensors": tensors, "calls": calls}
        (out / "calls.json").write_text(json.dumps(content))

    def _add(self, features: list[Json], arrays: list[Array]) -> tuple[int, ...]:
        """The numbers of tensors, in the types that the package describes."""
        return tuple(
            self._number(feature["type"], array)
            for feature, array in zip(features, arrays, strict=True)
        )

    def _number(self, type_: int, array: Array) -> int:
        # The scheduler's label is wider than Core ML's; all others are of the same type.
        typed = array.astype(TYPES[type_], casting="same_kind")
        key = (type_, array.shape, typed.tobytes())
        return self._numbers.setdefault(key, len(self._numbers))


def described(bundle: Bundle, name: str, spec: ProgramSpec) -> Json:
    """What the package of a program says about it; function is null where it holds but one."""
    path = package_path(bundle, spec)
    # coremltools remarks on its import what it lacks here.
    with quiet_stderr():
        coremltools = importlib.import_module("coremltools")
    description = coremltools.utils.load_spec(str(path)).description
    functions = {function.name: function for function in description.functions}
    of_program = functions[spec.method] if functions else description
    return {
        "name": name,
        "package": path.relative_to(bundle.directory).as_posix(),
        "function": spec.method if functions else None,
        "inputs": [feature_json(feature) for feature in of_program.input],
        "outputs": [feature_json(feature) for feature in of_program.output],
    }


def feature_json(feature: Any) -> Json:
    array = feature.type.multiArrayType
    return {"name": feature.name, "type": array.dataType, "shape": list(array.shape)}


def record(directory: Path, out: Path) -> None:
    """Generates an image per request with the bundle in `directory`; writes all into `out`."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    bundle = Bundle.open(directory)
    recorder = Recorder(bundle, open_executor(EVALUATOR, bundle))
    with Pipeline(bundle, recorder) as pipeline:
        cases = [
            case(pipeline, request, out, f"{directory.name}-{number}")
            for number, request in enumerate(REQUESTS)
        ]
    (out / "cases.json").write_text(json.dumps(cases))
    recorder.write(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    for bundle in arguments.bundles:
        record(bundle, arguments.out / bundle.name)


if __name__ == "__main__":
    main()
