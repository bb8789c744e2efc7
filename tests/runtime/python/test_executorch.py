"""The ExecuTorch executor on two small .pte files, against PyTorch."""

import dataclasses
import hashlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lazydit.errors import LazyDiTError
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors.executorch import ExecuTorchExecutor
from lazydit_runtime.manifest import ConditionNode, FileEntry, GateGraph, ProgramSpec, TensorSpec

MOST_STEPS = 8
ROWS, WIDTH = 4, 8


class Layer(nn.Module):
    """x [1, 4, 8] -> a linear layer of it, and the sum over the rows."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.linear(x)
        return y, y.sum(dim=1)


class Table(nn.Module):
    """label [1] int64, timesteps [T] -> [T, 8]."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.Embedding(3, WIDTH)

    def forward(self, label: Tensor, timesteps: Tensor) -> Tensor:
        return timesteps[:, None] * self.rows(label)


@dataclasses.dataclass(frozen=True)
class Lowered:
    """Folder with layer.pte and table.pte, and the modules that they were made of."""

    folder: Path
    layer: Layer
    table: Table


@pytest.fixture(scope="module")
def lowered(tmp_path_factory: pytest.TempPathFactory) -> Lowered:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    folder = tmp_path_factory.mktemp("lowered")
    layer, table = Layer().eval(), Table().eval()
    steps = torch.export.Dim("T", min=1, max=MOST_STEPS)
    exported = {
        "layer": torch.export.export(layer, (torch.zeros(1, ROWS, WIDTH),)),
        "table": torch.export.export(
            table,
            (torch.zeros(1, dtype=torch.int64), torch.zeros(3)),
            dynamic_shapes=({}, {0: steps}),
        ),
    }
    for name, program in exported.items():
        edge = to_edge_transform_and_lower({name: program}, partitioner=[XnnpackPartitioner()])
        (folder / f"{name}.pte").write_bytes(edge.to_executorch().buffer)
    return Lowered(folder, layer, table)


@dataclasses.dataclass(frozen=True)
class Contents:
    """What the executor reads of a manifest."""

    programs: dict[str, ProgramSpec]
    graph: GateGraph
    files: dict[str, FileEntry]
    formats: dict[str, int] = dataclasses.field(default_factory=dict)


def bundle_in(folder: Path, **changes: ProgramSpec) -> Bundle:
    """A bundle of the two programs, as the executor sees it."""
    x = TensorSpec("x", "float32", (1, ROWS, WIDTH))
    row = TensorSpec("sum", "float32", (1, WIDTH))
    label = TensorSpec("label", "int64", (1,))
    timesteps = TensorSpec("timesteps", "float32", ("T",))
    rows = TensorSpec("rows", "float32", ("T", WIDTH))
    programs = {
        "a": ProgramSpec("layer.pte", "layer", (x,), (x, row)),
        "b": ProgramSpec("table.pte", "table", (label, timesteps), (rows,)),
    }
    graph = GateGraph(ConditionNode("b", MOST_STEPS), "", (), "", None)
    files = {
        path.name: FileEntry(path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.iterdir()
    }
    contents: Any = Contents(programs | changes, graph, files)
    return Bundle(folder, contents, {})


@pytest.fixture
def executor(lowered: Lowered) -> Iterator[ExecuTorchExecutor]:
    opened = ExecuTorchExecutor.open(bundle_in(lowered.folder))
    yield opened
    opened.close()


def run_layer(executor: ExecuTorchExecutor, x: np.ndarray) -> list[np.ndarray]:
    outputs = [np.full((1, ROWS, WIDTH), np.nan, np.float32), np.full((1, WIDTH), 9, np.float32)]
    executor.run("a", [x], outputs)
    return outputs


@torch.no_grad()
def test_outputs_are_pytorch_s(executor: ExecuTorchExecutor, lowered: Lowered) -> None:
    x = np.random.default_rng(0).normal(size=(1, ROWS, WIDTH)).astype(np.float32)
    for found, expected in zip(
        run_layer(executor, x), lowered.layer(torch.from_numpy(x)), strict=True
    ):
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("steps", [1, 5, MOST_STEPS])
def test_step_count_may_change_from_call_to_call(
    executor: ExecuTorchExecutor, lowered: Lowered, steps: int
) -> None:
    label, timesteps = np.array([2]), np.arange(steps, dtype=np.float32)
    output = np.empty((steps, WIDTH), np.float32)
    executor.run("b", [label, timesteps], [output])
    expected = lowered.table(torch.from_numpy(label), torch.from_numpy(timesteps))
    np.testing.assert_allclose(output, expected.numpy(), atol=1e-6)


def test_outputs_stay_when_the_program_runs_again(executor: ExecuTorchExecutor) -> None:
    first = run_layer(executor, np.ones((1, ROWS, WIDTH), np.float32))
    kept = [output.copy() for output in first]
    run_layer(executor, np.zeros((1, ROWS, WIDTH), np.float32))
    for output, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(output, before)


@torch.no_grad()
def test_threads_may_share_an_executor(executor: ExecuTorchExecutor, lowered: Lowered) -> None:
    wrong: list[int] = []

    def work(value: int) -> None:
        x = np.full((1, ROWS, WIDTH), value, np.float32)
        expected = lowered.layer(torch.from_numpy(x))[0].detach().numpy()
        for _ in range(50):
            if not np.allclose(run_layer(executor, x)[0], expected, atol=1e-4):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_thread_count_is_taken(lowered: Lowered, capfd: pytest.CaptureFixture[str]) -> None:
    from executorch.extension.pybindings import _C

    before = _C._threadpool_get_thread_count()
    capfd.readouterr()
    try:
        ExecuTorchExecutor.open(bundle_in(lowered.folder), threads=1).close()
        assert _C._threadpool_get_thread_count() == 1
        assert capfd.readouterr().err == ""
    finally:
        _C._unsafe_reset_threadpool(before)


def test_inputs_of_the_wrong_shape_are_refused(executor: ExecuTorchExecutor) -> None:
    with pytest.raises(LazyDiTError, match="method layer"):
        run_layer(executor, np.zeros((1, ROWS, WIDTH + 1), np.float32))


def refusal(folder: Path, **changes: ProgramSpec) -> str:
    with pytest.raises(LazyDiTError) as caught:
        ExecuTorchExecutor.open(bundle_in(folder, **changes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("length", [0, 100, 2000])
def test_file_that_is_no_program_is_refused(
    lowered: Lowered, tmp_path: Path, length: int, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(lowered.folder, tmp_path, dirs_exist_ok=True)
    content = (lowered.folder / "layer.pte").read_bytes()
    (tmp_path / "layer.pte").write_bytes(content[:length])
    assert "layer.pte" in refusal(tmp_path)
    assert capfd.readouterr().err == ""


def test_method_that_the_file_has_not_is_refused(lowered: Lowered) -> None:
    spec = bundle_in(lowered.folder).manifest.programs["a"]
    assert "method gone" in refusal(lowered.folder, a=dataclasses.replace(spec, method="gone"))


@pytest.mark.parametrize(
    "tensor",
    [
        TensorSpec("x", "float32", (1, ROWS, WIDTH + 1)),
        TensorSpec("x", "float32", (ROWS, WIDTH)),
        TensorSpec("x", "int64", (1, ROWS, WIDTH)),
    ],
)
def test_signature_that_is_not_the_manifest_s_is_refused(
    lowered: Lowered, tensor: TensorSpec
) -> None:
    spec = bundle_in(lowered.folder).manifest.programs["a"]
    for change in ({"inputs": (tensor,)}, {"outputs": (tensor, spec.outputs[1])}, {"inputs": ()}):
        changed = dataclasses.replace(spec, **change)
        assert "signature" in refusal(lowered.folder, a=changed)
