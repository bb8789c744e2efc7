"""Written packages, whole and damaged."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb

from lazydit.errors import LazyDiTError
from lazydit_export.coreml.program import TensorType
from lazydit_export.coreml.reader import read_package
from tests.export.coreml.conftest import ITEMS, MODEL, WEIGHTS, Written

WIDTH = 16
WEIGHT = np.random.default_rng(0).normal(size=(WIDTH, WIDTH)).astype(np.float32)
BIAS = np.random.default_rng(1).normal(size=WIDTH).astype(np.float32)
X = np.random.default_rng(2).normal(size=(2, WIDTH)).astype(np.float32)


@pytest.fixture
def written(write: Callable[..., Written]) -> Written:
    """linear and silu; the weights lie in the weight file."""
    return write(
        lambda x: mb.silu(x=mb.linear(x=x, weight=WEIGHT, bias=BIAS), name="y"),
        [(X.shape, "fp32")],
    )


def body(model: Any) -> Any:
    (block,) = model.mlProgram.functions["main"].block_specializations.values()
    return block


def operation(model: Any, type_: str) -> Any:
    return next(found for found in body(model).operations if found.type == type_)


def weight_constant(model: Any) -> Any:
    """The operation that holds the linear layer's weight."""
    name = operation(model, "linear").inputs["weight"].arguments[0].name
    return next(found for found in body(model).operations if found.outputs[0].name == name)


def weight_of(model: Any) -> Any:
    return weight_constant(model).attributes["val"]


def refusal(package: Written, function: str = "main") -> str:
    """The sentence: it names the package and says what to do."""
    with pytest.raises(LazyDiTError) as caught:
        package.prepared(function)
    said = str(caught.value)
    assert said.startswith(f"{package.path} c") and "\n" not in said
    assert said.partition(": ")[2]
    return said


def test_functions_operations_and_types_are_read(written: Written) -> None:
    package = read_package(written.path)
    assert package.specification == 9
    function = package.functions["main"]
    assert [(value.name, value.type) for value in function.inputs] == [
        ("x", TensorType("fp32", X.shape))
    ]
    assert [(value.name, value.type) for value in function.outputs] == [
        ("y", TensorType("fp32", X.shape))
    ]
    assert [found.type for found in function.operations if found.type != "const"] == [
        "linear",
        "silu",
    ]


def test_whole_package_runs(written: Written) -> None:
    (found,) = written.prepared().run([X])
    hidden = X @ WEIGHT.T + BIAS
    np.testing.assert_allclose(found, hidden / (1 + np.exp(-hidden)), atol=1e-5)


def test_weights_are_not_copied_from_the_file(written: Written) -> None:
    constants = [
        argument.array
        for found in read_package(written.path).functions["main"].operations
        for arguments in found.parameters.values()
        for argument in arguments
        if not isinstance(argument, str) and argument.array.nbytes == WEIGHT.nbytes
    ]
    assert len(constants) == 1
    np.testing.assert_array_equal(constants[0], WEIGHT)
    assert not constants[0].flags.owndata and not constants[0].flags.writeable


@pytest.mark.parametrize("length", [0, 63, 64, 100, 128, 1000])
def test_truncated_weights_are_refused(written: Written, length: int) -> None:
    path = written.path / WEIGHTS
    path.write_bytes(path.read_bytes()[:length])
    said = refusal(written)
    assert "weight.bin" in said and "truncated" in said and "copy the file again" in said


def test_missing_weights_are_refused(written: Written) -> None:
    (written.path / WEIGHTS).unlink()
    assert "weight.bin' is missing" in refusal(written)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (4, 1, "is of version 1 instead of 2"),
        (64, 0, "there are no weights at byte 64"),
        (68, 1, "of type 1\\) are not the 256 of type fp32"),
        (72, 1020, "\\(1020 bytes of type 2\\) are not the 256"),
        (72, 2**40, "truncated"),
        (80, 2**40, "truncated"),
        (80, 100, "out of order"),
        (80, 0, "out of order"),
    ],
)
def test_edited_weight_files_are_refused(
    written: Written, place: int, value: int, words: str
) -> None:
    path = written.path / WEIGHTS
    content = bytearray(path.read_bytes())
    struct.pack_into("<I" if place < 72 else "<Q", content, place, value)
    path.write_bytes(content)
    with pytest.raises(LazyDiTError, match=words):
        written.prepared()


def edited(package: Written, change: Callable[[Any], Any]) -> str:
    """What is said of the package once its model is changed."""
    model = package.model()
    change(model)
    package.replace(model)
    return refusal(package)


def dangle(model: Any) -> None:
    operation(model, "silu").inputs["x"].arguments[0].name = "nowhere"


def turn_around(model: Any) -> None:
    operations = body(model).operations
    reversed_ = [type(found).FromString(found.SerializeToString()) for found in operations][::-1]
    del operations[:]
    operations.extend(reversed_)


def reshape_weight(model: Any) -> None:
    for value in (weight_of(model), weight_constant(model).outputs[0]):
        dimensions = value.type.tensorType.dimensions
        dimensions[0].constant.size, dimensions[1].constant.size = 8, 32


def redeclare_weight(model: Any) -> None:
    weight_of(model).type.tensorType.dimensions[0].constant.size = 8


def declare(model: Any, **changes: Any) -> None:
    tensor = operation(model, "linear").outputs[0].type.tensorType
    for name, value in changes.items():
        setattr(tensor, name, value)


def shrink_output(model: Any) -> None:
    operation(model, "silu").outputs[0].type.tensorType.dimensions[1].constant.size = WIDTH // 2


def add_parameter(model: Any) -> None:
    linear = operation(model, "linear")
    linear.inputs["activation"].CopyFrom(linear.inputs["bias"])


def call_twice(model: Any) -> None:
    operation(model, "linear").outputs[0].name = "y"
    operation(model, "silu").inputs["x"].arguments[0].name = "y"


FLOAT16 = 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dangle, "takes the value 'nowhere', which nothing before it computes"),
        (turn_around, "which nothing before it computes"),
        (call_twice, "two values of its function main are called y"),
        (redeclare_weight, "(1024 bytes of type 2) are not the 128 of type fp32"),
        (reshape_weight, "the parameter weight of linear has shape [8, 32], which does not fit"),
        (lambda model: declare(model, dataType=FLOAT16), "is declared as fp16 [2, 16] and gives"),
        (lambda model: declare(model, dataType=999), "values of an unknown type (number 999)"),
        (lambda model: declare(model, rank=7), "is of rank 7 and has 2 dimensions"),
        (shrink_output, "y of its function main is fp32 [2, 8] and described otherwise"),
        (
            lambda model: setattr(operation(model, "silu"), "type", "vaporize"),
            "the operation vaporize is not known: update lazydit, or export the bundle again",
        ),
        (add_parameter, "the parameter activation of linear is not known: update lazydit"),
        (
            lambda model: operation(model, "linear").inputs.pop("weight"),
            "an operation linear has no parameter weight",
        ),
        (
            lambda model: setattr(model, "specificationVersion", 99),
            "it has specification version 99 and 8 and 9 are known: update lazydit",
        ),
        (
            lambda model: setattr(model.mlProgram, "version", 2),
            "its ML Program is of version 2: update lazydit",
        ),
        (
            lambda model: setattr(model.mlProgram.functions["main"], "opset", "CoreML99"),
            "its function main is of the unknown opset 'CoreML99': update lazydit",
        ),
        (
            lambda model: setattr(model.mlProgram.functions["main"], "opset", "CoreML7"),
            "its function main has no body for CoreML7",
        ),
        (lambda model: model.mlProgram.functions.pop("main"), "it has no function main"),
        (lambda model: model.ClearField("mlProgram"), "it holds no ML Program"),
        (lambda model: body(model).outputs.append("z"), "returns z, which nothing computes"),
        (
            lambda model: setattr(model.description.input[0], "name", "z"),
            "is described with other inputs or outputs",
        ),
        (
            lambda model: setattr(weight_of(model).blobFileValue, "offset", 65),
            "refers to weights at byte 65 of weight.bin, where none can be",
        ),
        (
            lambda model: setattr(weight_of(model).blobFileValue, "offset", 2**63),
            "truncated before byte",
        ),
        (
            lambda model: setattr(
                weight_of(model).blobFileValue, "fileName", "@model_path/../../../outside.bin"
            ),
            "is missing or leads out of it",
        ),
    ],
)
def test_edited_models_are_refused(
    written: Written, change: Callable[[Any], Any], words: str
) -> None:
    (written.path.parent / "outside.bin").write_bytes((written.path / WEIGHTS).read_bytes())
    assert words in edited(written, change)


def test_newer_operators_in_an_older_package_are_refused(
    write: Callable[..., Written],
) -> None:
    older = write(lambda x: mb.silu(x=x), [(X.shape, "fp32")], ios=17)
    model = older.model()
    function = model.mlProgram.functions["main"]
    function.block_specializations["CoreML8"].CopyFrom(function.block_specializations["CoreML7"])
    del function.block_specializations["CoreML7"]
    function.opset = "CoreML8"
    older.replace(model)
    assert "is of the unknown opset 'CoreML8'" in refusal(older)


@pytest.mark.parametrize("length", [0, 10, 500])
def test_truncated_models_are_refused(written: Written, length: int) -> None:
    path = written.path / MODEL
    path.write_bytes(path.read_bytes()[:length])
    refusal(written)


def test_folders_that_are_no_package_are_refused(written: Written, tmp_path: Path) -> None:
    empty = tmp_path / "empty.mlpackage"
    empty.mkdir()
    assert "it is no Core ML package (it has no Manifest.json)" in refusal(Written(empty))
    assert "it is no Core ML package" in refusal(Written(tmp_path / "missing.mlpackage"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda items: items.pop("rootModelIdentifier"), "is not that of a Core ML package"),
        (lambda items: items.update(itemInfoEntries=[]), "is not that of a Core ML package"),
        (lambda items: items.update(fileFormatVersion=1), "is not that of a Core ML package"),
        (lambda items: items.update(fileFormatVersion="9.0"), "of the unknown version 9.0"),
        (
            lambda items: items["itemInfoEntries"][items["rootModelIdentifier"]].update(
                path="../../outside"
            ),
            "is missing or leads out of it",
        ),
    ],
)
def test_other_item_lists_are_refused(
    written: Written, change: Callable[[Any], Any], words: str
) -> None:
    shutil.copy(written.path / MODEL, written.path.parent / "outside")
    path = written.path / ITEMS
    items = json.loads(path.read_text())
    change(items)
    path.write_text(json.dumps(items))
    assert words in refusal(written)


def test_item_list_that_is_no_json_is_refused(written: Written) -> None:
    (written.path / ITEMS).write_text("{")
    assert "is not that of a Core ML package" in refusal(written)
