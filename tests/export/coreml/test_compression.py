"""Compressed weights, as coremltools' optimizers write them, against its own decompression."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb
from coremltools.libmilstoragepython import _BlobStorageReader

from lazydit_export.coreml.reader import read_package
from tests.export.coreml.conftest import TARGETS, WEIGHTS, Written, save

WIDTH, OUTPUTS = 64, 48
WEIGHT = np.random.default_rng(0).normal(size=(OUTPUTS, WIDTH)).astype(np.float32)


def linear_model(ios: int, dtype: type[np.generic]) -> Any:
    """A linear layer, whose weights are what it gives for the rows of a unit matrix."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(WIDTH, WIDTH))], opset_version=TARGETS[ios])
    def program(x: Any) -> Any:
        x = mb.cast(x=x, dtype={np.float32: "fp32", np.float16: "fp16"}[dtype])
        return mb.cast(x=mb.linear(x=x, weight=WEIGHT.astype(dtype)), dtype="fp32")

    return ct.convert(
        program,
        minimum_deployment_target=TARGETS[ios],
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    )


def weights(written: Written) -> np.ndarray:
    (found,) = written.prepared().run([np.eye(WIDTH, dtype=np.float32)])
    return found.T


Compress = Callable[[Any], Any]


def quantized(**settings: Any) -> Compress:
    config = cto.OptimizationConfig(cto.OpLinearQuantizerConfig(weight_threshold=0, **settings))
    return lambda model: cto.linear_quantize_weights(model, config)


def palettized(**settings: Any) -> Compress:
    config = cto.OptimizationConfig(cto.OpPalettizerConfig(weight_threshold=0, **settings))
    return lambda model: cto.palettize_weights(model, config)


BLOCKS = {"granularity": "per_block", "block_size": 16}
SCALES = {"enable_per_channel_scale": True}
PACKED = (1, 2, 4, 6, 8)
GROUPS = {"granularity": "per_grouped_channel", "group_size": 8}
AFFINE, BLOCKWISE, LUT = (
    "constexpr_affine_dequantize",
    "constexpr_blockwise_shift_scale",
    "constexpr_lut_to_dense",
)

FORMS = {
    "17-int8": (17, quantized(mode="linear_symmetric"), AFFINE),
    "17-int8-asymmetric": (17, quantized(mode="linear"), AFFINE),
    "17-int8-per-tensor": (17, quantized(mode="linear", granularity="per_tensor"), AFFINE),
    "17-uint8": (17, quantized(mode="linear", dtype="uint8"), AFFINE),
    **{f"17-lut-{bits}": (17, palettized(mode="uniform", nbits=bits), LUT) for bits in PACKED},
    "18-int8": (18, quantized(mode="linear_symmetric"), BLOCKWISE),
    "18-int8-asymmetric": (18, quantized(mode="linear"), BLOCKWISE),
    "18-int4": (18, quantized(mode="linear_symmetric", dtype="int4", **BLOCKS), BLOCKWISE),
    "18-uint4": (18, quantized(mode="linear", dtype="uint4", **BLOCKS), BLOCKWISE),
    "18-uint8": (18, quantized(mode="linear", dtype="uint8"), BLOCKWISE),
    **{
        f"18-lut-{bits}": (18, palettized(mode="uniform", nbits=bits), LUT) for bits in (*PACKED, 3)
    },
    "18-lut-4-groups": (18, palettized(mode="uniform", nbits=4, **GROUPS), LUT),
    "18-lut-4-scales": (18, palettized(mode="uniform", nbits=4, **SCALES), LUT),
    "18-lut-6-groups-scales": (18, palettized(mode="uniform", nbits=6, **GROUPS, **SCALES), LUT),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_weights_are_what_coremltools_makes_of_them(
    form: tuple[int, Compress, str], dtype: type[np.generic], tmp_path: Path
) -> None:
    ios, compress, operator = form
    compressed = compress(linear_model(ios, dtype))
    written = save(compressed, tmp_path / "compressed.mlpackage")
    assert operator in written.operations()
    dense = save(cto.decompress_weights(compressed), tmp_path / "dense.mlpackage")
    assert operator not in dense.operations()
    found, expected = weights(written), weights(dense)
    if dtype is np.float32:
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    else:
        # coremltools computes in fp16, which rounds once more.
        np.testing.assert_array_max_ulp(
            found.astype(np.float16), expected.astype(np.float16), maxulp=1
        )


def test_blob_reader_agrees_with_coremltools(tmp_path: Path) -> None:
    model = linear_model(18, np.float16)
    written = save(
        quantized(mode="linear_symmetric", dtype="int4")(model), tmp_path / "a.mlpackage"
    )
    reader = _BlobStorageReader(str(written.path / WEIGHTS))
    (operation,) = [
        operation
        for operation in read_package(written.path).functions["main"].operations
        if operation.type == BLOCKWISE
    ]
    (data,) = operation.parameters["data"]
    np.testing.assert_array_equal(data.array.reshape(-1), reader.read_int4_data(64))
