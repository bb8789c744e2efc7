"""Weights in 8 and 4 bits.

Compressed are the weights of all linear layers that are large enough, and nothing else: biases,
positions, the label table and the convolutions at either end are small.
"""

import math
from typing import Any

import coremltools as ct
import coremltools.optimize.coreml as cto

from lazydit_export.coreml.convert import FUNCTION

SMALLEST = 2048
"""Layers of fewer weights stay in fp16."""

SMALLEST_PALETTIZED = 10_000
"""From here on coremltools finds the palette by itself; for less it would want scikit-learn."""

LARGEST_BLOCK = 32
FIRST_WITH_BLOCKS = 18
"""The iOS from which a weight may have a scale per block; until then 4 bits need a palette."""


def compress(model: ct.models.MLModel, bits: int, minimum_ios: int) -> ct.models.MLModel:
    """A copy of `model` with the weights of its linear layers in 8 or 4 bits.

    8 bits: one scale per output channel. 4 bits: scale and zero point per block of up to 32 inputs
    of one output, or before iOS 18 a palette of 16 values per layer.
    """
    if bits == 8:
        return _quantize(model, mode="linear_symmetric", dtype="int8", granularity="per_channel")
    if minimum_ios < FIRST_WITH_BLOCKS:
        palette = cto.OpPalettizerConfig(nbits=bits, weight_threshold=SMALLEST_PALETTIZED - 1)
        return cto.palettize_weights(model, _linear_layers(palette))
    return _quantize(
        model,
        mode="linear",
        dtype="uint4",
        granularity="per_block",
        block_size=_block_size(model),
    )


def _quantize(model: ct.models.MLModel, **settings: Any) -> ct.models.MLModel:
    quantizer = cto.OpLinearQuantizerConfig(weight_threshold=SMALLEST - 1, **settings)
    return cto.linear_quantize_weights(model, _linear_layers(quantizer))


def _linear_layers(config: Any) -> cto.OptimizationConfig:
    return cto.OptimizationConfig(op_type_configs={"linear": config})


def _block_size(model: ct.models.MLModel) -> int:
    """The largest that divides the inputs of all layers: others would silently stay as they are."""
    operations = model._mil_program.functions[FUNCTION].operations
    inputs = [op.weight.shape[1] for op in operations if op.op_type == "linear"]
    return math.gcd(LARGEST_BLOCK, *inputs)
