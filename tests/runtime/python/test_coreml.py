"""The Core ML executor, on a stand-in of coremltools' interface that the evaluator computes for.

It shows that names, types and shapes are what that interface takes; Core ML itself needs a Mac.
"""

import dataclasses
import enum
import platform
import shutil
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import coremltools
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types as mil

from lazydit.errors import LazyDiTError
from lazydit_export.coreml.prepared import PreparedFunction
from lazydit_export.coreml.reader import read_package
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import find_executor
from lazydit_runtime.executors.coreml import CoreMLExecutor
from lazydit_runtime.manifest import ProgramSpec, TensorSpec

WIDTH = 8
TABLE = np.random.default_rng(0).normal(size=(3, WIDTH)).astype(np.float32)
X = TensorSpec("x", "float16", (2, WIDTH))
Y = TensorSpec("y", "float16", (2, WIDTH))
SUM = TensorSpec("total", "float32", (WIDTH,))
LABEL = TensorSpec("label", "int64", (1,))
TIMESTEPS = TensorSpec("timesteps", "float32", ("T",))
ROWS = TensorSpec("rows", "float32", ("T", WIDTH))


def twice(x: Any) -> Any:
    y = mb.add(x=x, y=x, name="y")
    total = mb.reduce_sum(x=mb.cast(x=y, dtype="fp32"), axes=[0], name="total")
    return y, total


def rows(label: Any, timesteps: Any) -> Any:
    row = mb.gather(x=TABLE, indices=label, axis=0)
    return mb.mul(x=mb.expand_dims(x=timesteps, axes=[1]), y=row, name="rows")


def converted(build: Callable[..., Any], inputs: list[Any], specs: list[Any]) -> Any:
    return coremltools.convert(
        mb.program(input_specs=specs, opset_version=coremltools.target.iOS18)(build),
        inputs=inputs,
        minimum_deployment_target=coremltools.target.iOS18,
        compute_precision=coremltools.precision.FLOAT32,
        pass_pipeline=coremltools.PassPipeline.EMPTY,
        skip_model_load=True,
    )


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of two functions, called twice and rows."""
    folder = tmp_path_factory.mktemp("coreml")
    half = mb.TensorSpec(shape=(2, WIDTH), dtype=mil.fp16)
    steps = coremltools.RangeDim(1, 4)
    symbol = mil.symbolic.get_new_symbol() if hasattr(mil, "symbolic") else None
    raise NotImplementedError((half, steps, symbol))
