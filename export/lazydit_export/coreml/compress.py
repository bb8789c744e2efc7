"""Weights in 8 and 4 bits.

Compressed are the weights of all linear layers that are large enough, and nothing else: biases,
positions, the label table and the convolutions at either end are small. Linear quantization beat
palettes of the same size (k-means, per layer or group of channels): docs/coreml.md has the numbers.
"""

import math
from typing import Any

import coremltools as ct
import coremltools.optimize.coreml as cto

from lazydit_export.coreml.convert import FUNCTION

SMALLEST = 2048
"""Layers of fewer weights stay in fp16."""

LARGEST_BLOCK = 16
"""Inputs of one output that share scale and zero point where weights have 4 bits."""


def compress(model: ct.models.MLModel, bits: int) -> ct.models.MLModel:
    """A copy of `model` with the weights of its linear layers in 8 bits, or from iOS 18 in 4.

    8 bits are symmetric with a scale per output; 4 bits have a scale and a zero point per block.
    """
    settings: dict[str, Any] = (
        {"mode": "linear_symmetric", "dtype": "int8", "granularity": "per_channel"}
        if bits == 8
        else {
            "mode": "linear",
            "dtype": "uint4",
            "granularity": "per_block",
            "block_size": _block_size(model),
        }
    )
    quantizer = cto.OpLinearQuantizerConfig(weight_threshold=SMALLEST - 1, **settings)
    config = cto.OptimizationConfig(op_type_configs={"linear": quantizer})
    return cto.linear_quantize_weights(model, config)


def _block_size(model: ct.models.MLModel) -> int:
    """The largest that divides the inputs of all layers: others would silently stay as they are."""
    operations = model._mil_program.functions[FUNCTION].operations
    inputs = [op.weight.shape[1] for op in operations if op.op_type == "linear"]
    return math.gcd(LARGEST_BLOCK, *inputs)
