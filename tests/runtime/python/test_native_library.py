"""The native library on a bundle that export made, against PyTorch."""

import dataclasses
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Bundle, Pipeline
from lazydit_runtime.executors.executorch import ExecuTorchExecutor
from lazydit_runtime.executors.native_library import NativePrograms, Place

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def bundle(small_bundle: Any) -> Bundle:
    return Bundle.open(small_bundle.directory)


@pytest.fixture
def native(bundle: Bundle) -> Iterator[Pipeline]:
    with Pipeline(bundle, ExecuTorchExecutor.open(bundle)) as pipeline:
        yield pipeline


@pytest.fixture
def methods(bundle: Bundle) -> Iterator[Pipeline]:
    """Runs reuse as the method that export wrote: without the norm the library cannot do better."""
    graph = dataclasses.replace(bundle.manifest.graph, norm=None)
    manifest = dataclasses.replace(bundle.manifest, graph=graph)
    plain = dataclasses.replace(bundle, manifest=manifest)
    with Pipeline(plain, ExecuTorchExecutor.open(plain)) as pipeline:
        yield pipeline


@pytest.fixture(scope="module")
def eager(small_bundle: Any) -> Iterator[Pipeline]:
    directory, checkpoint = small_bundle.directory, small_bundle.checkpoint
    with Pipeline.load(directory, "torch", checkpoint=checkpoint) as pipeline:
        yield pipeline


def places(bundle: Bundle) -> list[Place]:
    files = bundle.manifest.files
    return [
        Place(bundle.path(spec.file), spec.method, files[spec.file].sha256)
        for spec in bundle.manifest.programs.values()
    ]


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("policy", ["always", "lazy", "every-n"])
def test_decisions_and_image_are_pytorch_s(native: Pipeline, eager: Pipeline, policy: str) -> None:
    # Longer and shorter than before: condition's outputs change their shape from run to run.
    for steps in (4, 6, 4):
        found = native.generate(2, seed=5, steps=steps, policy=policy)
        expected = eager.generate(2, seed=5, steps=steps, policy=policy)
        np.testing.assert_array_equal(found.trace.ran, expected.trace.ran)
        close(found.trace.scores, expected.trace.scores)
        close(found.latent, expected.latent)


def test_more_steps_than_one_call_of_condition_takes(native: Pipeline, eager: Pipeline) -> None:
    most = native.bundle.manifest.graph.condition.max_steps
    for steps in (most, most + 3):
        found = native.generate(0, steps=steps, policy="every-n")
        expected = eager.generate(0, steps=steps, policy="every-n")
        close(found.latent, expected.latent)


def test_generations_on_several_threads_share_the_executor(native: Pipeline) -> None:
    expected = [native.generate(label, policy="always").latent for label in range(4)]
    found: dict[int, np.ndarray] = {}

    def work(label: int) -> None:
        found[label] = native.generate(label, policy="always").latent

    threads = [threading.Thread(target=work, args=(label,)) for label in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for label, latent in enumerate(expected):
        np.testing.assert_array_equal(found[label], latent)


def test_a_single_program_may_be_run_from_python(native: Pipeline, eager: Pipeline) -> None:
    spec = native.bundle.manifest.programs["embed"]
    inputs = [np.random.default_rng(0).normal(size=spec.inputs[0].shape).astype(np.float32)]
    found, expected = (
        [np.full(output.shape, np.nan, np.float32) for output in spec.outputs] for _ in range(2)
    )
    native.executor.run("embed", inputs, found)
    eager.executor.run("embed", inputs, expected)
    for ours, theirs in zip(found, expected, strict=True):
        close(ours, theirs)


def test_reuse_is_pytorch_s_with_and_without_its_method(
    native: Pipeline, methods: Pipeline, eager: Pipeline
) -> None:
    spec = native.bundle.manifest.programs["reuse"]
    random = np.random.default_rng(0)
    inputs = [random.normal(3, 2, size=tensor.shape).astype(np.float32) for tensor in spec.inputs]
    kernel, method, expected = (
        [np.full(output.shape, np.nan, np.float32) for output in spec.outputs] for _ in range(3)
    )
    for pipeline, outputs in ((native, kernel), (methods, method), (eager, expected)):
        pipeline.executor.run("reuse", inputs, outputs)
    for ours, engine_s, theirs in zip(kernel, method, expected, strict=True):
        close(ours, theirs)
        close(engine_s, theirs)
    # In another order of additions: the last digits tell which of the two ran.
    assert not np.array_equal(kernel[1], method[1])


def zeros(shape: tuple[Any, ...]) -> np.ndarray:
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y: (x[:-1], y), "input 2 of method reuse is one too many or too few"),
        (
            lambda x, y: ([x[0].astype("int64"), *x[1:]], y),
            "input 0 of method reuse has another el",
        ),
        (
            lambda x, y: ([x[0][:, 1:].copy(), *x[1:]], y),
            "input 0 of method reuse has another shap",
        ),
        (
            lambda x, y: (x, [np.zeros((9, *y[0].shape[1:]), np.float32), *y[1:]]),
            "output 0 of meth",
        ),
        (lambda x, y: (x, [y[0][:, 1:].copy(), *y[1:]]), "output 0 of method reuse has another sh"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    native: Pipeline, methods: Pipeline, change: Any, words: str
) -> None:
    spec = native.bundle.manifest.programs["reuse"]
    inputs = [zeros(tensor.shape) for tensor in spec.inputs]
    outputs = [zeros(tensor.shape) for tensor in spec.outputs]
    with pytest.raises(LazyDiTError, match=words):
        methods.executor.run("reuse", *change(inputs, outputs))
    methods.executor.run("reuse", inputs, outputs)
    with pytest.raises(LazyDiTError, match="a reuse"):
        native.executor.run("reuse", *change(inputs, outputs))
    native.executor.run("reuse", inputs, outputs)


@pytest.mark.parametrize("length", [0, 100, 2000])
def test_file_that_is_no_program_is_refused(bundle: Bundle, tmp_path: Path, length: int) -> None:
    broken = tmp_path / "broken.pte"
    broken.write_bytes(places(bundle)[0][0].read_bytes()[:length])
    with pytest.raises(LazyDiTError, match=r"broken\.pte"):
        NativePrograms([Place(broken, "embed", "")], None)


def test_method_that_the_file_has_not_is_refused(bundle: Bundle) -> None:
    gone = dataclasses.replace(bundle.manifest.programs["embed"], method="gone")
    with pytest.raises(LazyDiTError, match="there is no method gone in"):
        NativePrograms([Place(bundle.path(gone.file), gone.method, "")], None)


@pytest.mark.parametrize(
    "change", [{"shape": (1, 3, 8, 9)}, {"shape": (3, 8, 8)}, {"dtype": "int64"}]
)
def test_signature_that_is_not_the_manifest_s_is_refused(
    bundle: Bundle, change: dict[str, Any]
) -> None:
    spec = bundle.manifest.programs["embed"]
    changed = dataclasses.replace(spec, inputs=(dataclasses.replace(spec.inputs[0], **change),))
    programs = {**bundle.manifest.programs, "embed": changed}
    other = dataclasses.replace(
        bundle, manifest=dataclasses.replace(bundle.manifest, programs=programs)
    )
    with pytest.raises(LazyDiTError, match=r"method embed of programs\.pte has not the signature"):
        ExecuTorchExecutor.open(other)


@pytest.mark.parametrize("threads", [-1, 5000])
def test_thread_count_out_of_range_is_refused(bundle: Bundle, threads: int) -> None:
    with pytest.raises(LazyDiTError, match=f"threads is {threads}: choose 1 to 1024"):
        NativePrograms(places(bundle), threads)


def test_opening_prints_nothing(bundle: Bundle, capfd: pytest.CaptureFixture[str]) -> None:
    ExecuTorchExecutor.open(bundle).close()
    assert capfd.readouterr().err == ""


def mapped(name: str) -> bool:
    return name in Path("/proc/self/maps").read_text()


def test_condition_in_a_file_of_its_own_is_unloaded_after_its_last_call(bundle: Bundle) -> None:
    condition, others = (str(bundle.path(f"{name}.pte")) for name in ("condition", "programs"))
    with Pipeline.load(bundle.directory) as pipeline:
        assert mapped(condition)
        seen: list[bool] = []
        first, second = (
            pipeline.generate(1, seed=3, steps=4, on_step=lambda _: seen.append(mapped(condition)))
            for _ in range(2)
        )
        assert seen == [False] * 8
        assert mapped(others)
    np.testing.assert_array_equal(first.latent, second.latent)
    assert not mapped(others)


def test_file_that_is_gone_when_it_is_loaded_again_fails_the_generation(
    bundle: Bundle, tmp_path: Path
) -> None:
    shutil.copytree(bundle.directory, tmp_path / "copy")
    with Pipeline.load(tmp_path / "copy") as pipeline:
        pipeline.generate(1, steps=4)
        (tmp_path / "copy" / "condition.pte").unlink()
        with pytest.raises(LazyDiTError, match=r"ExecuTorch cannot read .*condition\.pte"):
            pipeline.generate(1, steps=4)
