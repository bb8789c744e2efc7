"""Executors: the adapters that run a bundle's programs, one per engine, found by name.

A distribution adds one by registering a class under the entry-point group `lazydit.executors`.
"""

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError
from lazydit_runtime.bundle import Bundle

GROUP = "lazydit.executors"

_BY_TARGET = {
    "android": "executorch",
    "onnx": "onnxruntime",
    "ios": "coreml" if sys.platform == "darwin" else "coreml-evaluator",
}

Array = NDArray[np.generic]


class Executor(Protocol):
    """Runs programs; it never sees steps, gates or caches.

    An executor written in C or C++ may also have an attribute `capsule`: a PyCapsule named
    "lazydit_executor" that holds a pointer to the core's lazydit_executor. Generations then call
    that one, and `run` serves callers who want a single program.

    An executor of an engine with several devices may have a class method `open_on(bundle, device,
    *, threads, checkpoint)`: `open` on the device that the engine calls `device`.
    """

    @classmethod
    def open(
        cls, bundle: Bundle, *, threads: int | None = None, checkpoint: Path | None = None
    ) -> "Executor":
        """Load the programs of `bundle`.

        Args:
            bundle: opened, hence verified.
            threads: how many the engine uses; None leaves it to the engine.
            checkpoint: the weights that the bundle was made of; only an executor that runs the
                original model reads it.

        Raises LazyDiTError when the engine cannot run this bundle.
        """
        ...

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        """Compute `program` of `inputs` into `outputs`, in the order and shapes of the manifest.

        The arrays are the scheduler's own memory: write in place and keep none of them. Several
        generations may call from several threads at the same time. What it raises ends the
        generation and reaches the caller unchanged.
        """
        ...

    def close(self) -> None:
        """Let go of the engine's memory; nothing is run afterwards."""
        ...


def executor_for(target: str) -> str:
    """The name of the executor that runs bundles for `target` on this machine.

    Raises LazyDiTError for targets that this runtime does not know.
    """
    if target not in _BY_TARGET:
        raise LazyDiTError(
            f"this bundle is for target {target}, which this runtime does not know: "
            "update lazydit, or name an executor that can run it"
        )
    return _BY_TARGET[target]


def open_executor(
    name: str, bundle: Bundle, *, threads: int | None = None, checkpoint: Path | None = None
) -> Executor:
    """The executor called `name`, with the programs of `bundle` loaded.

    `name` may end in a colon and a device in the engine's words, for example
    "onnxruntime:CUDAExecutionProvider". Raises LazyDiTError when there is no such executor, it has
    no devices to choose from, or it cannot run the bundle.
    """
    name, _, device = name.partition(":")
    executor = find_executor(name)
    if not device:
        return executor.open(bundle, threads=threads, checkpoint=checkpoint)
    open_on: Callable[..., Executor] | None = getattr(executor, "open_on", None)
    if open_on is None:
        raise LazyDiTError(f"executor {name} has no devices to choose from: leave out :{device}")
    return open_on(bundle, device, threads=threads, checkpoint=checkpoint)


def executor_names() -> list[str]:
    """The names that `find_executor` knows."""
    return sorted(point.name for point in entry_points(group=GROUP))


def find_executor(name: str) -> type[Executor]:
    """The executor class registered under `name`.

    Raises LazyDiTError when there is none, or when what it needs is not installed.
    """
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        choices = ", ".join(sorted(known)) or "none, since lazydit is not installed"
        raise LazyDiTError(f"there is no executor {name}: choose from {choices}")
    try:
        executor: type[Executor] = known[name].load()
    except ImportError as error:
        missing = error.name or known[name].value
        raise LazyDiTError(
            f"executor {name} needs the Python package {missing}, which cannot be imported: "
            f"run pip install {missing.partition('.')[0]}"
        ) from error
    return executor
