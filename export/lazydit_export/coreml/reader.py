"""Reads a written Core ML package: what its bytes say, with every name, type and size checked.

The protobuf classes are coremltools' own. Nothing of the package is run or compiled.
"""

import importlib
import logging
import math
import warnings
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lazydit.quiet import quiet_stderr
from lazydit_export.coreml.blob import WeightFile
from lazydit_export.coreml.element_types import (
    Array,
    element_type,
    named_type,
    packed_bytes,
    unpack,
)
from lazydit_export.coreml.faults import UPDATE, Fault, blaming
from lazydit_export.coreml.layout import member, model_file
from lazydit_export.coreml.program import (
    Constant,
    Feature,
    Function,
    Operation,
    Package,
    TensorType,
    Value,
)

OPSETS = {8: "CoreML7", 9: "CoreML8"}
"""The operator set that each known specification version came with: iOS 17, iOS 18."""

_PROGRAM_VERSION = 1
_MODEL_PREFIX = "@model_path/"
_MOST_ELEMENTS = 2**31
_MAIN = "main"
_ARRAY_TYPES = {65568: "fp32", 131104: "int32", 65552: "fp16"}
"""ArrayFeatureType.ArrayDataType in FeatureTypes.proto."""


def read_package(path: Path) -> Package:
    """The package in the folder `path`.

    Raises LazyDiTError, one sentence that names the package, when it is not one, is damaged, or is
    of a version that is not known.
    """
    with blaming(path):
        file = model_file(path)
        model = _parse(file)
        version = model.specificationVersion
        if version not in OPSETS:
            known = " and ".join(map(str, OPSETS))
            raise Fault(f"it has specification version {version} and {known} are known", UPDATE)
        if model.WhichOneof("Type") != "mlProgram":
            raise Fault("it holds no ML Program")
        program = model.mlProgram
        if program.version != _PROGRAM_VERSION:
            raise Fault(f"its ML Program is of version {program.version}", UPDATE)
        reader = _Reader(file.parent, version)
        described = _descriptions(model.description)
        functions = {
            name: reader.function(name, function, described.get(name))
            for name, function in program.functions.items()
        }
        return Package(path, version, functions)


def _parse(file: Path) -> Any:
    with quiet_stderr(), warnings.catch_warnings():
        # coremltools remarks on its import what other features lack here.
        warnings.simplefilter("ignore")
        logging.getLogger("coremltools").setLevel(logging.ERROR)
        protobuf = importlib.import_module("google.protobuf.message")
        model = importlib.import_module("coremltools.proto.Model_pb2").Model()
    try:
        model.ParseFromString(file.read_bytes())
    except protobuf.DecodeError as error:
        raise Fault(f"its {file.name} is damaged or truncated") from error
    return model


def _descriptions(description: Any) -> dict[str, Any]:
    """What the model tells callers about each function, by its name."""
    if description.functions:
        return {function.name: function for function in description.functions}
    return {_MAIN: description}


class _Reader:
    """Reads the functions of one package, whose weight files it opens once."""

    def __init__(self, folder: Path, version: int) -> None:
        self._folder = folder
        self._opsets = [opset for known, opset in OPSETS.items() if known <= version]
        self._files: dict[str, WeightFile] = {}

    def function(self, name: str, function: Any, description: Any) -> Function:
        if function.opset not in self._opsets:
            raise Fault(f"its function {name} is of the unknown opset {function.opset!r}", UPDATE)
        if function.opset not in function.block_specializations:
            raise Fault(f"its function {name} has no body for {function.opset}")
        if description is None:
            raise Fault(f"its function {name} is not described")
        block = function.block_specializations[function.opset]
        if block.inputs:
            raise Fault(f"the body of its function {name} has inputs of its own")
        types = {value.name: _tensor_type(value.type, value.name) for value in function.inputs}
        operations = []
        for operation in block.operations:
            operations.append(self._operation(operation, types))
            for output in operations[-1].outputs:
                if output.name in types:
                    raise Fault(f"two values of its function {name} are called {output.name}")
                types[output.name] = output.type
        for result in block.outputs:
            if result not in types:
                raise Fault(f"its function {name} returns {result}, which nothing computes")
        read = Function(
            name,
            inputs=tuple(Value(value.name, types[value.name]) for value in function.inputs),
            features=tuple(Feature(item.name, _ranges(item)) for item in description.input),
            operations=tuple(operations),
            outputs=tuple(Value(result, types[result]) for result in block.outputs),
        )
        _check_described(read.name, read.inputs, description.input)
        _check_described(read.name, read.outputs, description.output)
        return read

    def _operation(self, operation: Any, known: Container[str]) -> Operation:
        """The operation; Fault when an argument is not among the names `known` before it."""
        if operation.blocks:
            raise Fault(f"it holds the operation {operation.type}, which has blocks", UPDATE)
        parameters: dict[str, tuple[str | Constant, ...]] = {
            name: (self._constant(value, name),)
            for name, value in operation.attributes.items()
            if name != "name"
        }
        for name, argument in operation.inputs.items():
            bindings = []
            for binding in argument.arguments:
                if binding.WhichOneof("binding") == "value":
                    bindings.append(self._constant(binding.value, name))
                elif binding.name in known:
                    bindings.append(binding.name)
                else:
                    raise Fault(
                        f"an operation {operation.type} takes the value {binding.name!r}, which "
                        "nothing before it computes"
                    )
            parameters[name] = tuple(bindings)
        outputs = tuple(
            Value(output.name, _tensor_type(output.type, output.name))
            for output in operation.outputs
        )
        return Operation(operation.type, parameters, outputs)

    def _constant(self, value: Any, name: str) -> Constant:
        declared = _tensor_type(value.type, name)
        if None in declared.shape:
            raise Fault(f"its constant {name} has no fixed shape")
        shape = tuple(size for size in declared.shape if size is not None)
        element = named_type(declared.dtype)
        count = math.prod(shape)
        if value.WhichOneof("value") == "blobFileValue":
            if element.blob is None:
                raise Fault(f"its constant {name} of type {element.name} is no weight")
            reference = value.blobFileValue
            array = self._file(reference.fileName).read(reference.offset, element, count)
        else:
            array = _immediate(value, declared.dtype, count, name)
        return Constant(declared, array.reshape(shape))

    def _file(self, name: str) -> WeightFile:
        if name not in self._files:
            inside = name.removeprefix(_MODEL_PREFIX)
            self._files[name] = WeightFile(member(self._folder, inside))
        return self._files[name]


def _tensor_type(value_type: Any, name: str) -> TensorType:
    if value_type.WhichOneof("type") != "tensorType":
        raise Fault(f"its value {name} is no tensor", UPDATE)
    tensor = value_type.tensorType
    sizes = []
    for dimension in tensor.dimensions:
        if dimension.WhichOneof("dimension") == "constant":
            sizes.append(dimension.constant.size)
        elif dimension.unknown.variadic:
            raise Fault(f"its value {name} has no fixed rank", UPDATE)
        else:
            sizes.append(None)
    if tensor.rank not in (-1, len(sizes)):
        raise Fault(f"its value {name} is of rank {tensor.rank} and has {len(sizes)} dimensions")
    if math.prod(size for size in sizes if size is not None) > _MOST_ELEMENTS:
        raise Fault(f"its value {name} has more than {_MOST_ELEMENTS} elements")
    return TensorType(element_type(tensor.dataType).name, tuple(sizes))


def _immediate(value: Any, dtype: str, count: int, name: str) -> Array:
    element = named_type(dtype)
    tensor = value.immediateValue.tensor
    kind = tensor.WhichOneof("value")
    if kind is None:
        raise Fault(f"its constant {name} holds no value")
    values = getattr(tensor, kind).values
    if kind == "bytes":
        if element.bits == 0 or len(values) != packed_bytes(element, count):
            raise Fault(f"its constant {name} is not {count} of type {dtype}")
        return unpack(np.frombuffer(values, np.uint8), element, count)
    try:
        array = np.array(list(values), element.numpy)
    except (OverflowError, ValueError, TypeError) as error:
        raise Fault(f"its constant {name} is not of type {dtype}") from error
    if array.shape != (count,) or (kind == "strings") != (dtype == "string"):
        raise Fault(f"its constant {name} is not {count} of type {dtype}")
    return array


def _check_described(name: str, values: Sequence[Value], features: Sequence[Any]) -> None:
    """What callers are told of a function must be what it has."""
    if [value.name for value in values] != [feature.name for feature in features]:
        raise Fault(f"its function {name} is described with other inputs or outputs")
    for value, feature in zip(values, features, strict=True):
        if not _fits(feature, value.type):
            raise Fault(
                f"{value.name} of its function {name} is {value.type} and described otherwise"
            )


def _fits(feature: Any, declared: TensorType) -> bool:
    array = feature.type.multiArrayType
    if _ARRAY_TYPES.get(array.dataType) != declared.dtype:
        return False
    ranges = _ranges(feature)
    # Outputs may be described without a shape.
    return not ranges or (
        len(ranges) == len(declared.shape)
        and all(
            size is None or low == high == size
            for (low, high), size in zip(ranges, declared.shape, strict=True)
        )
    )


def _ranges(feature: Any) -> tuple[tuple[int, int | None], ...]:
    """The smallest and the largest size of every dimension, None where there is no largest."""
    array = feature.type.multiArrayType
    if array.WhichOneof("ShapeFlexibility") == "shapeRange":
        return tuple(
            (size.lowerBound, size.upperBound if size.upperBound >= 0 else None)
            for size in array.shapeRange.sizeRanges
        )
    return tuple((size, size) for size in array.shape)
