"""The ONNX Runtime executor on two small .onnx files, against NumPy."""

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from lazydit.errors import LazyDiTError
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors.onnxruntime import OnnxRuntimeExecutor
from lazydit_runtime.manifest import ProgramSpec, TensorSpec

ROWS, WIDTH = 4, 8
WEIGHT = np.random.default_rng(1).normal(size=(WIDTH, WIDTH)).astype(np.float32)
TABLE = np.random.default_rng(2).normal(size=(3, WIDTH)).astype(np.float32)

X = TensorSpec("x", "float32", (1, ROWS, WIDTH))
Y = TensorSpec("y", "float32", (1, ROWS, WIDTH))
LABEL = TensorSpec("label", "int64", (1,))
TIMESTEPS = TensorSpec("timesteps", "float32", ("T",))
PRODUCT = TensorSpec("rows", "float32", ("T", WIDTH))


def layer(x: np.ndarray) -> np.ndarray:
    return x @ WEIGHT


def write_model(
    path: Path,
    nodes: list[onnx.NodeProto],
    specs: tuple[list[TensorSpec], list[TensorSpec]],
    constants: dict[str, np.ndarray],
    opset: int = 20,
    ir_version: int = 9,
) -> None:
    """A model whose graph is called as the file."""
    types = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
    inputs, outputs = (
        [helper.make_tensor_value_info(spec.name, types[spec.dtype], spec.shape) for spec in group]
        for group in specs
    )
    weights = [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, weights)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version
    )
    path.write_bytes(model.SerializeToString())


def write_layer(folder: Path, **versions: int) -> None:
    node = helper.make_node("MatMul", ["x", "weight"], ["y"])
    write_model(folder / "layer.onnx", [node], ([X], [Y]), {"weight": WEIGHT}, **versions)


def write_table(folder: Path) -> None:
    nodes = [
        helper.make_node("Gather", ["table", "label"], ["row"]),
        helper.make_node("Unsqueeze", ["timesteps", "axes"], ["column"]),
        helper.make_node("Mul", ["column", "row"], ["rows"]),
    ]
    constants = {"table": TABLE, "axes": np.array([1])}
    write_model(folder / "table.onnx", nodes, ([LABEL, TIMESTEPS], [PRODUCT]), constants)


@dataclasses.dataclass(frozen=True)
class Contents:
    """What the executor reads of a manifest."""

    programs: dict[str, ProgramSpec]
    formats: dict[str, int]
    target: str = "onnx"


FORMATS = {"onnx_opset": 20, "onnx_ir_version": 9}


def bundle_in(folder: Path, formats: dict[str, int] = FORMATS, **changes: ProgramSpec) -> Bundle:
    """A bundle of the two programs, as the executor sees it."""
    programs = {
        "a": ProgramSpec("layer.onnx", "layer", (X,), (Y,)),
        "b": ProgramSpec("table.onnx", "table", (LABEL, TIMESTEPS), (PRODUCT,)),
    }
    contents: Any = Contents(programs | changes, formats)
    return Bundle(folder, contents, {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_layer(tmp_path)
    write_table(tmp_path)
    return tmp_path


@pytest.fixture
def executor(folder: Path) -> Iterator[OnnxRuntimeExecutor]:
    opened = OnnxRuntimeExecutor.open(bundle_in(folder))
    yield opened
    opened.close()


def run_layer(executor: OnnxRuntimeExecutor, x: np.ndarray) -> np.ndarray:
    output = np.full((1, ROWS, WIDTH), np.nan, np.float32)
    executor.run("a", [x], [output])
    return output


def test_outputs_are_written_where_the_caller_has_them(executor: OnnxRuntimeExecutor) -> None:
    # Views into the middle of a larger buffer, as the scheduler's are.
    buffer = np.random.default_rng(0).normal(size=3 * ROWS * WIDTH + 2).astype(np.float32)
    before = buffer.copy()
    size = ROWS * WIDTH
    x = buffer[1 : 1 + size].reshape(1, ROWS, WIDTH)
    output = buffer[1 + size : 1 + 2 * size].reshape(1, ROWS, WIDTH)
    executor.run("a", [x], [output])
    np.testing.assert_allclose(output, layer(x), atol=1e-5)
    untouched = np.r_[0 : 1 + size, 1 + 2 * size : buffer.size]
    np.testing.assert_array_equal(buffer[untouched], before[untouched])


@pytest.mark.parametrize("steps", [1, 5, 64])
def test_step_count_may_change_from_call_to_call(executor: OnnxRuntimeExecutor, steps: int) -> None:
    timesteps = np.arange(steps, dtype=np.float32)
    output = np.empty((steps, WIDTH), np.float32)
    executor.run("b", [np.array([2]), timesteps], [output])
    np.testing.assert_allclose(output, timesteps[:, None] * TABLE[2], rtol=1e-6)


def test_outputs_stay_when_the_program_runs_again(executor: OnnxRuntimeExecutor) -> None:
    first = run_layer(executor, np.ones((1, ROWS, WIDTH), np.float32))
    kept = first.copy()
    run_layer(executor, np.zeros((1, ROWS, WIDTH), np.float32))
    np.testing.assert_array_equal(first, kept)


def test_threads_may_share_an_executor(executor: OnnxRuntimeExecutor) -> None:
    wrong: list[int] = []

    def work(value: int) -> None:
        x = np.full((1, ROWS, WIDTH), value, np.float32)
        for _ in range(50):
            if not np.allclose(run_layer(executor, x), layer(x), atol=1e-4):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((1, ROWS, WIDTH + 1), np.float32),
        np.zeros((1, ROWS, WIDTH), np.float64),
    ],
)
def test_inputs_of_another_shape_or_type_are_refused(
    executor: OnnxRuntimeExecutor, x: np.ndarray
) -> None:
    with pytest.raises(LazyDiTError, match="program a"):
        run_layer(executor, x)


IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from lazydit.errors import LazyDiTError
from lazydit_runtime.executors.onnxruntime import OnnxRuntimeExecutor
from tests.runtime.python.test_onnxruntime import bundle_in

threads = lambda: len(list(Path("/proc/self/task").iterdir()))
bundle = bundle_in(Path(sys.argv[1]))
before = threads()
for _ in range(3):
    OnnxRuntimeExecutor.open(bundle, threads=3)
print(threads() - before)
try:
    OnnxRuntimeExecutor.open(bundle, threads=2)
except LazyDiTError as error:
    print(error)
OnnxRuntimeExecutor.open(bundle)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
def test_all_programs_of_a_process_share_one_pool(folder: Path) -> None:
    # The pool belongs to the process, and this one may have it already.
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(folder)]
    root = Path(__file__).parents[3]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    added, sentence = ended.stdout.splitlines()
    assert int(added) == 2, "the caller is the third"
    assert sentence == (
        "ONNX Runtime's threads are set already in this process and stay as they are: start "
        "another process for 2"
    )


def refusal(folder: Path, formats: dict[str, int] = FORMATS, **changes: ProgramSpec) -> str:
    with pytest.raises(LazyDiTError) as caught:
        OnnxRuntimeExecutor.open(bundle_in(folder, formats, **changes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_unknown_versions_are_refused_before_a_file_is_read(tmp_path: Path) -> None:
    assert refusal(tmp_path, FORMATS | {"onnx_opset": 99}).startswith(
        "this bundle has onnx_opset 99, this runtime knows 17 to 23: update lazydit"
    )
    assert "onnx_ir_version 99" in refusal(tmp_path, FORMATS | {"onnx_ir_version": 99})


def test_bundle_of_another_target_is_refused(tmp_path: Path) -> None:
    assert "holds no ONNX programs: choose another executor" in refusal(tmp_path, {})


def test_unknown_provider_names_those_there_are(folder: Path) -> None:
    with pytest.raises(LazyDiTError, match="no VapourProvider: choose from .*CPUExecution"):
        OnnxRuntimeExecutor.open(bundle_in(folder), providers=["VapourProvider"])
    with pytest.raises(LazyDiTError, match="no VapourProvider: choose from .*CPUExecution"):
        OnnxRuntimeExecutor.open_on(bundle_in(folder), "CPUExecutionProvider,VapourProvider")


@pytest.mark.parametrize("versions", [{"opset": 99}, {"ir_version": 99}])
def test_file_of_an_unknown_version_is_refused(
    folder: Path, versions: dict[str, int], capfd: pytest.CaptureFixture[str]
) -> None:
    write_layer(folder, **versions)
    assert "layer.onnx" in refusal(folder)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


@pytest.mark.parametrize("length", [0, 10, 200])
def test_file_that_is_no_program_is_refused(
    folder: Path, length: int, capfd: pytest.CaptureFixture[str]
) -> None:
    content = (folder / "layer.onnx").read_bytes()
    (folder / "layer.onnx").write_bytes(content[:length])
    assert "layer.onnx" in refusal(folder)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_missing_file_is_refused(folder: Path) -> None:
    (folder / "layer.onnx").unlink()
    assert "layer.onnx" in refusal(folder)


def test_operator_that_the_engine_has_not_is_refused(folder: Path) -> None:
    node = helper.make_node("Vaporize", ["x"], ["y"])
    write_model(folder / "layer.onnx", [node], ([X], [Y]), {})
    assert "Vaporize" in refusal(folder)


def test_graph_of_another_program_is_refused(folder: Path) -> None:
    spec = bundle_in(folder).manifest.programs["a"]
    sentence = refusal(folder, a=dataclasses.replace(spec, method="block_00_mlp"))
    assert "the graph layer of layer.onnx" in sentence


@pytest.mark.parametrize(
    "tensor",
    [
        TensorSpec("z", "float32", (1, ROWS, WIDTH)),
        TensorSpec("x", "float32", (1, ROWS, WIDTH + 1)),
        TensorSpec("x", "float32", (ROWS, WIDTH)),
        TensorSpec("x", "int64", (1, ROWS, WIDTH)),
    ],
)
def test_signature_that_is_not_the_manifest_s_is_refused(folder: Path, tensor: TensorSpec) -> None:
    spec = bundle_in(folder).manifest.programs["a"]
    for change in ({"inputs": (tensor,)}, {"outputs": (tensor,)}, {"inputs": ()}):
        assert "signature" in refusal(folder, a=dataclasses.replace(spec, **change))
