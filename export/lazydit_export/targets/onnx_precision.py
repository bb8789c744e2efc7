"""Programs with smaller weights: float16, and ONNX Runtime's dynamic int8 quantization.

Activations, norms, sums and what decides stay float32. Biases and small tables stay as they are:
they weigh nothing.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

SMALLEST_WEIGHT = 1024
"""Bytes in float32; smaller initializers are not worth an operator more."""


def with_float16_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` with its matrices and tables in float16, widened where they are used.

    The engine widens them once, when it loads the program: the file is half as large, time and
    memory are those of float32.
    """
    for tensor in list(model.graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT or not _is_weight(tensor):
            continue
        name = tensor.name
        narrow = onnx.numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(onnx.numpy_helper.from_array(narrow, f"{name}_float16"))
        widen = onnx.helper.make_node(
            "Cast", [tensor.name], [name], name=f"{name}_float32", to=onnx.TensorProto.FLOAT
        )
        model.graph.node.insert(0, widen)
    return model


def with_int8_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` with int8 matrices, a scale per output channel, and dynamically quantized inputs.

    Products of two activations (attention's, and the sum over the tokens), convolutions and tables
    are left alone.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quantized.onnx"
        quantize_dynamic(
            model,
            path,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(path)


def _is_weight(tensor: onnx.TensorProto) -> bool:
    return len(tensor.dims) > 1 and len(tensor.raw_data) >= SMALLEST_WEIGHT
