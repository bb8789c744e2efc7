"""The native executor on a bundle that export made, against the executor `executorch`."""

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Bundle, Pipeline
from lazydit_runtime.executors import native_library
from lazydit_runtime.executors.executorch import ExecuTorchExecutor
from lazydit_runtime.executors.native import NativeExecutor

pytestmark = pytest.mark.skipif(
    not native_library.LIBRARY.exists(), reason="the native library is not built: run make native"
)


@pytest.fixture(scope="module")
def bundle(small_bundle: Any) -> Bundle:
    return Bundle.open(small_bundle.directory)


@pytest.fixture
def native(bundle: Bundle) -> Iterator[Pipeline]:
    with Pipeline(bundle, NativeExecutor.open(bundle)) as pipeline:
        yield pipeline


@pytest.fixture(scope="module")
def python(bundle: Bundle) -> Iterator[Pipeline]:
    with Pipeline(bundle, ExecuTorchExecutor.open(bundle)) as pipeline:
        yield pipeline


def places(bundle: Bundle) -> list[tuple[Path, str]]:
    return [(bundle.path(spec.file), spec.method) for spec in bundle.manifest.programs.values()]


@pytest.mark.parametrize("policy", ["always", "lazy", "every-n"])
def test_decisions_and_image_are_those_of_the_python_executor(
    native: Pipeline, python: Pipeline, policy: str
) -> None:
    # Longer and shorter than before: condition's outputs change their shape from run to run.
    for steps in (4, 6, 4):
        found = native.generate(2, seed=5, steps=steps, policy=policy)
        expected = python.generate(2, seed=5, steps=steps, policy=policy)
        np.testing.assert_array_equal(found.trace.ran, expected.trace.ran)
        np.testing.assert_array_equal(found.trace.scores, expected.trace.scores)
        np.testing.assert_array_equal(found.latent, expected.latent)


def test_more_steps_than_one_call_of_condition_takes(native: Pipeline, python: Pipeline) -> None:
    most = native.bundle.manifest.graph.condition.max_steps
    for steps in (most, most + 3):
        found = native.generate(0, steps=steps, policy="every-n")
        expected = python.generate(0, steps=steps, policy="every-n")
        np.testing.assert_array_equal(found.latent, expected.latent)


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


def test_a_single_program_may_be_run_from_python(native: Pipeline, python: Pipeline) -> None:
    spec = native.bundle.manifest.programs["embed"]
    inputs = [np.random.default_rng(0).normal(size=spec.inputs[0].shape).astype(np.float32)]
    found, expected = (
        [np.full(output.shape, np.nan, np.float32) for output in spec.outputs] for _ in range(2)
    )
    native.executor.run("embed", inputs, found)
    python.executor.run("embed", inputs, expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


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
def test_tensors_that_do_not_fit_are_refused(native: Pipeline, change: Any, words: str) -> None:
    spec = native.bundle.manifest.programs["reuse"]
    inputs = [zeros(tensor.shape) for tensor in spec.inputs]
    outputs = [zeros(tensor.shape) for tensor in spec.outputs]
    with pytest.raises(LazyDiTError, match=words):
        native.executor.run("reuse", *change(inputs, outputs))
    native.executor.run("reuse", inputs, outputs)


@pytest.mark.parametrize("length", [0, 100, 2000])
def test_file_that_is_no_program_is_refused(bundle: Bundle, tmp_path: Path, length: int) -> None:
    broken = tmp_path / "broken.pte"
    broken.write_bytes(places(bundle)[0][0].read_bytes()[:length])
    with pytest.raises(LazyDiTError, match=r"broken\.pte"):
        native_library.NativePrograms([(broken, "embed")], None)


def test_method_that_the_file_has_not_is_refused(bundle: Bundle) -> None:
    gone = dataclasses.replace(bundle.manifest.programs["embed"], method="gone")
    with pytest.raises(LazyDiTError, match="there is no method gone in"):
        native_library.NativePrograms([(bundle.path(gone.file), gone.method)], None)


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
        NativeExecutor.open(other)


@pytest.mark.parametrize("threads", [-1, 5000])
def test_thread_count_out_of_range_is_refused(bundle: Bundle, threads: int) -> None:
    with pytest.raises(LazyDiTError, match=f"threads is {threads}: choose 1 to 1024"):
        native_library.NativePrograms(places(bundle), threads)


def test_opening_prints_nothing(bundle: Bundle, capfd: pytest.CaptureFixture[str]) -> None:
    NativeExecutor.open(bundle).close()
    assert capfd.readouterr().err == ""


def embedded(programs: native_library.NativePrograms, bundle: Bundle) -> list[np.ndarray]:
    """Outputs of the program embed for a fixed latent."""
    names, spec = list(bundle.manifest.programs), bundle.manifest.programs["embed"]
    latent = np.random.default_rng(1).normal(size=spec.inputs[0].shape).astype(np.float32)
    outputs = [zeros(tensor.shape) for tensor in spec.outputs]
    programs.run(names.index("embed"), [latent], outputs)
    return outputs


def test_weight_cache_is_written_once_and_changes_nothing(bundle: Bundle, tmp_path: Path) -> None:
    cache = tmp_path / "weights"
    results, times = [], []
    for file in (None, cache, cache):
        programs = native_library.NativePrograms(places(bundle), None, file)
        results.append(embedded(programs, bundle))
        programs.close()
        times.append(cache.stat().st_mtime_ns if cache.exists() else None)
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
    assert times[0] is None and times[1] == times[2]
    for outputs in results[1:]:
        for found, expected in zip(outputs, results[0], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_load_that_fails_leaves_no_weight_cache(bundle: Bundle, tmp_path: Path) -> None:
    wrong = [*places(bundle)[:2], (places(bundle)[0][0], "gone")]
    with pytest.raises(LazyDiTError, match="method gone"):
        native_library.NativePrograms(wrong, None, tmp_path / "weights")
    assert list(tmp_path.iterdir()) == []


def test_weight_cache_that_cannot_be_written_is_done_without(
    bundle: Bundle, tmp_path: Path
) -> None:
    programs = native_library.NativePrograms(places(bundle), None, tmp_path / "none" / "weights")
    assert all(np.isfinite(output).all() for output in embedded(programs, bundle))


def test_path_too_long_for_the_engine_is_refused(bundle: Bundle) -> None:
    with pytest.raises(LazyDiTError, match="weight_cache is a path of 400 bytes"):
        native_library.NativePrograms(places(bundle), None, Path("w" * 400))
