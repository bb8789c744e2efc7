"""Packages with random bytes changed: they run or are refused, and nothing else happens."""

import os
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_export.coreml.faults import Fault, blaming
from lazydit_export.coreml.prepared import PreparedFunction
from lazydit_export.coreml.program import Function
from lazydit_export.coreml.reader import read_package
from lazydit_export.split import split
from tests.conftest import random_dit
from tests.export.coreml.conftest import ITEMS, MODEL, WEIGHTS, Written, convert, save

DAMAGES = int(os.environ.get("LAZYDIT_DAMAGES", "150"))
MOST_GROWTH = 512 * 2**20
"""Bytes that a damaged package of some KB may make the process grow by."""


@pytest.fixture(scope="module", params=["condition", "embed", "block_00_attn", "final"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    programs = {program.name: program for program in split(random_dit())}
    model = convert(programs[request.param], 18, half=True)
    return save(model, tmp_path_factory.mktemp("whole") / f"{request.param}.mlpackage")


def inputs_of(function: Function) -> list[np.ndarray]:
    types = {"fp32": np.float32, "int32": np.int32}
    return [
        np.ones([size or 3 for size in value.type.shape], types[value.type.dtype])
        for value in function.inputs
    ]


def run(path: Path, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """As the executor does, which holds signatures against the manifest."""
    with blaming(path):
        function = read_package(path).functions.get("main")
        if function is None or [len(value.type.shape) for value in function.inputs] != [
            array.ndim for array in inputs
        ]:
            raise Fault("it has another signature")
        prepared = PreparedFunction(function)
        try:
            return prepared.run(inputs)
        except ValueError as error:
            raise Fault(str(error)) from error


def test_random_damage_does_no_more_than_that(whole: Written, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    inputs = inputs_of(read_package(whole.path).functions["main"])
    shapes = [result.shape for result in run(whole.path, inputs)]
    copied = whole.copied(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for _ in range(DAMAGES):
        name = draw.choice([MODEL, MODEL, MODEL, WEIGHTS, ITEMS])
        content = bytearray((whole.path / name).read_bytes())
        for place in draw.integers(len(content), size=draw.integers(1, 4)):
            content[place] = draw.integers(256)
        (copied.path / name).write_bytes(content)
        try:
            assert [result.shape for result in run(copied.path, inputs)] == shapes
        except LazyDiTError as error:
            assert "\n" not in str(error)
            refused += 1
        shutil.copy(whole.path / name, copied.path / name)
    assert 0 < refused < DAMAGES
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < MOST_GROWTH
