"""Every operator of the evaluator, out of a written package, against PyTorch."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from coremltools.converters.mil import Builder as mb

from lazydit_export.coreml.compression import COMPRESSION
from lazydit_export.coreml.operators import OPERATORS
from tests.export.coreml.conftest import Written

Write = Callable[..., Written]
Constant = Callable[[np.ndarray], Any]

DRAWN = np.random.default_rng(0)
WEIGHT = DRAWN.normal(size=(6, 8)).astype(np.float32)
BIAS = DRAWN.normal(size=6).astype(np.float32)
GAMMA, BETA = DRAWN.normal(size=(2, 8)).astype(np.float32)
KERNEL = DRAWN.normal(size=(4, 3, 2, 2)).astype(np.float32)
KERNEL_BIAS = DRAWN.normal(size=4).astype(np.float32)
TURNED = DRAWN.normal(size=(3, 4, 3, 3)).astype(np.float32)
EPSILON = np.array(1e-3, np.float32)
TWO, THREE, SEVERAL = (np.array(value, np.float32) for value in (2.0, 3.0, 2.5))

X = (2, 5, 8)
IMAGE = (1, 3, 6, 6)
HEADS = (1, 2, 5, 4)


class Case(NamedTuple):
    """An operator as PyMIL builds it and as PyTorch has it.

    Both are made for a function that gives constants in the precision at hand.
    """

    name: str
    build: Callable[[Constant], Callable[..., Any]]
    expected: Callable[[Constant], Callable[..., Any]]
    shapes: tuple[tuple[int, ...], ...] = (X,)


def same(function: Callable[..., Any]) -> Callable[[Constant], Callable[..., Any]]:
    return lambda constant: function


CASES = [
    Case("add", same(lambda x, y: mb.add(x=x, y=y)), same(torch.add), (X, (5, 1))),
    Case("sub", same(lambda x, y: mb.sub(x=x, y=y)), same(torch.sub), (X, X)),
    Case("mul", same(lambda x, y: mb.mul(x=x, y=y)), same(torch.mul), ((2, 1, 8), (5, 1))),
    Case("pow", lambda c: lambda x: mb.pow(x=x, y=c(TWO)), same(lambda x: x**2)),
    Case("pow", lambda c: lambda x: mb.pow(x=x, y=c(THREE)), same(lambda x: x**3)),
    Case(
        "pow",
        lambda c: lambda x: mb.pow(x=mb.sigmoid(x=x), y=c(SEVERAL)),
        lambda c: lambda x: rounded(torch.sigmoid(x), c) ** 2.5,
    ),
    Case("cos", same(lambda x: mb.cos(x=x)), same(torch.cos)),
    Case("sin", same(lambda x: mb.sin(x=x)), same(torch.sin)),
    Case("tanh", same(lambda x: mb.tanh(x=x)), same(torch.tanh)),
    Case("sigmoid", same(lambda x: mb.sigmoid(x=x)), same(torch.sigmoid)),
    Case("silu", same(lambda x: mb.silu(x=x)), same(F.silu)),
    Case("gelu", same(lambda x: mb.gelu(x=x)), same(F.gelu)),
    Case("gelu", same(lambda x: mb.gelu(x=x, mode="EXACT")), same(F.gelu)),
    Case(
        "gelu",
        same(lambda x: mb.gelu(x=x, mode="TANH_APPROXIMATION")),
        same(lambda x: F.gelu(x, approximate="tanh")),
    ),
    Case(
        "gelu",
        same(lambda x: mb.gelu(x=x, mode="SIGMOID_APPROXIMATION")),
        same(lambda x: x * torch.sigmoid(1.702 * x)),
    ),
    Case(
        "select",
        same(lambda x, y: mb.select(cond=mb.greater_equal(x=x, y=y), a=x, b=y)),
        same(torch.maximum),
        (X, X),
    ),
    Case("greater_equal", same(lambda x, y: mb.greater_equal(x=x, y=y)), same(torch.ge), (X, X)),
    Case("cast", same(lambda x: mb.cast(x=x, dtype="int32")), same(lambda x: x.int())),
    Case(
        "cast",
        same(lambda x: mb.cast(x=mb.cast(x=x, dtype="int32"), dtype="fp32")),
        same(lambda x: x.int().float()),
    ),
    Case("identity", same(lambda x: mb.identity(x=x)), same(lambda x: x)),
    Case(
        "reshape",
        same(lambda x: mb.reshape(x=x, shape=[4, -1, 5])),
        same(lambda x: x.reshape(4, -1, 5)),
    ),
    Case(
        "transpose",
        same(lambda x: mb.transpose(x=x, perm=[2, 0, -2])),
        same(lambda x: x.permute(2, 0, 1)),
    ),
    Case(
        "expand_dims",
        same(lambda x: mb.expand_dims(x=x, axes=[1, -1])),
        same(lambda x: x[:, None, ..., None]),
    ),
    Case(
        "squeeze",
        same(lambda x: mb.squeeze(x=x, axes=[1])),
        same(lambda x: x.squeeze(1)),
        ((2, 1, 8),),
    ),
    Case(
        "concat",
        same(lambda x, y: mb.concat(values=[x, y, x], axis=-1)),
        same(lambda x, y: torch.cat([x, y, x], -1)),
        (X, (2, 5, 3)),
    ),
    Case(
        "split",
        same(lambda x: mb.split(x=x, num_splits=4, axis=2)),
        same(lambda x: x.split(2, 2)),
    ),
    Case(
        "split",
        same(lambda x: mb.split(x=x, split_sizes=[1, 4], axis=1)),
        same(lambda x: x.split([1, 4], 1)),
    ),
    Case(
        "slice_by_size",
        same(lambda x: mb.slice_by_size(x=x, begin=[0, 2, 3], size=[2, 3, -1])),
        same(lambda x: x[:, 2:5, 3:]),
    ),
    Case(
        "slice_by_index",
        same(
            lambda x: mb.slice_by_index(
                x=x,
                begin=[0, 1, 2],
                end=[1, -1, 0],
                stride=[1, 1, 3],
                begin_mask=[True, False, False],
                end_mask=[False, False, True],
            )
        ),
        same(lambda x: x[:1, 1:-1, 2::3]),
    ),
    Case(
        "gather",
        same(lambda x: mb.gather(x=x, indices=np.array([[4, 0], [-1, 2]], np.int32), axis=1)),
        same(lambda x: x[:, [[4, 0], [-1, 2]]]),
    ),
    Case(
        "linear",
        lambda c: lambda x: mb.linear(x=x, weight=c(WEIGHT), bias=c(BIAS)),
        lambda c: lambda x: F.linear(x, c(WEIGHT), c(BIAS)),
    ),
    Case(
        "linear",
        lambda c: lambda x: mb.linear(x=x, weight=c(WEIGHT)),
        lambda c: lambda x: F.linear(x, c(WEIGHT)),
    ),
    Case(
        "matmul",
        same(lambda x, y: mb.matmul(x=x, y=y)),
        same(torch.matmul),
        ((3, 1, 4, 5), (2, 5, 6)),
    ),
    Case(
        "matmul",
        same(lambda x, y: mb.matmul(x=x, y=y, transpose_x=True, transpose_y=True)),
        same(lambda x, y: x.mT @ y.mT),
        ((2, 5, 4), (2, 6, 5)),
    ),
    Case(
        "layer_norm",
        lambda c: (
            lambda x: mb.layer_norm(
                x=x, axes=[-1], gamma=c(GAMMA), beta=c(BETA), epsilon=c(EPSILON)
            )
        ),
        lambda c: lambda x: F.layer_norm(x, (8,), c(GAMMA), c(BETA), float(c(EPSILON))),
    ),
    Case(
        "layer_norm",
        same(lambda x: mb.layer_norm(x=x, axes=[1, 2])),
        same(lambda x: F.layer_norm(x, (5, 8))),
    ),
    Case("softmax", same(lambda x: mb.softmax(x=x)), same(lambda x: x.softmax(-1))),
    Case("softmax", same(lambda x: mb.softmax(x=x, axis=1)), same(lambda x: x.softmax(1))),
    Case(
        "reduce_sum",
        same(lambda x: mb.reduce_sum(x=x, axes=[1], keep_dims=False)),
        same(lambda x: x.sum(1)),
    ),
    Case(
        "reduce_sum",
        same(lambda x: mb.reduce_sum(x=x, axes=[-1, 0], keep_dims=True)),
        same(lambda x: x.sum((0, 2), keepdim=True)),
    ),
    Case(
        "scaled_dot_product_attention",
        same(lambda x, y, z: mb.scaled_dot_product_attention(query=x, key=y, value=z)),
        same(F.scaled_dot_product_attention),
        (HEADS, (1, 2, 7, 4), (1, 2, 7, 3)),
    ),
    Case(
        "conv",
        lambda c: (
            lambda x: mb.conv(
                x=x, weight=c(KERNEL), bias=c(KERNEL_BIAS), strides=[2, 2], pad_type="valid"
            )
        ),
        lambda c: lambda x: F.conv2d(x, c(KERNEL), c(KERNEL_BIAS), stride=2),
        (IMAGE,),
    ),
    Case(
        "conv",
        lambda c: (
            lambda x: mb.conv(
                x=x, weight=c(KERNEL), strides=[1, 3], pad_type="custom", pad=[1, 0, 2, 1]
            )
        ),
        lambda c: lambda x: F.conv2d(F.pad(x, (2, 1, 1, 0)), c(KERNEL), stride=(1, 3)),
        (IMAGE,),
    ),
    Case(
        "conv_transpose",
        lambda c: (
            lambda x: mb.conv_transpose(
                x=x, weight=c(TURNED), bias=c(KERNEL_BIAS), strides=[3, 3], pad_type="valid"
            )
        ),
        lambda c: lambda x: F.conv_transpose2d(x, c(TURNED), c(KERNEL_BIAS), stride=3),
        (IMAGE,),
    ),
    Case(
        "conv_transpose",
        lambda c: (
            lambda x: mb.conv_transpose(
                x=x, weight=c(TURNED), strides=[2, 1], pad_type="custom", pad=[1, 1, 0, 0]
            )
        ),
        lambda c: lambda x: F.conv_transpose2d(x, c(TURNED), stride=(2, 1), padding=(1, 0)),
        (IMAGE,),
    ),
]

NUMPY_TYPES = {"fp32": np.float32, "fp16": np.float16}


def rounded(x: torch.Tensor, constant: Constant) -> torch.Tensor:
    """`x` in the precision at hand, as a value between two operators is."""
    return x.half().float() if constant.__name__ == "fp16" else x


def torch_constant(dtype: str) -> Constant:
    def fp32(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array)

    def fp16(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).half().float()

    return {"fp32": fp32, "fp16": fp16}[dtype]


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operator_computes_what_pytorch_does(write: Write, case: Case, dtype: str) -> None:
    built = case.build(lambda array: array.astype(NUMPY_TYPES[dtype]))
    written = write(built, [(shape, dtype) for shape in case.shapes])
    assert case.name in written.operations()
    draw = np.random.default_rng(1).normal
    inputs = [draw(size=shape, scale=2).astype(np.float32) for shape in case.shapes]
    inputs = [array.astype(NUMPY_TYPES[dtype]).astype(np.float32) for array in inputs]
    found = written.prepared().run(inputs)
    expected = case.expected(torch_constant(dtype))(*map(torch.from_numpy, inputs))
    expected = expected if isinstance(expected, tuple) else (expected,)
    for output, reference in zip(found, expected, strict=True):
        assert output.shape == tuple(reference.shape)
        if reference.dtype != torch.float32:
            np.testing.assert_array_equal(output, reference.numpy())
        elif dtype == "fp32":
            np.testing.assert_allclose(output, reference.numpy(), rtol=2e-6, atol=2e-6)
        else:
            halves = output.astype(np.float16)
            np.testing.assert_array_equal(halves.astype(np.float32), output)
            # fp32 sums of another order may fall on the other side of a half.
            np.testing.assert_array_max_ulp(halves, reference.half().numpy(), maxulp=1)


def test_all_operators_are_tested() -> None:
    assert {case.name for case in CASES} == OPERATORS.keys() - COMPRESSION.keys()


def test_every_stored_value_is_rounded_to_fp16(write: Write) -> None:
    # 1/4096 is lost beside 1 in fp16, so that the order of additions shows.
    written = write(lambda x, y: mb.sub(x=mb.add(x=x, y=y), y=x), [((1,), "fp16")] * 2)
    one, little = np.float32([1]), np.float32([2**-12])
    assert written.prepared().run([one, little]) == [np.float32([0])]
    wide = write(lambda x, y: mb.sub(x=mb.add(x=x, y=y), y=x), [((1,), "fp32")] * 2)
    assert wide.prepared().run([one, little]) == [little]


def test_sums_inside_an_operator_are_not_rounded(write: Write) -> None:
    # Summed in fp16, 4096 ones end at 2048.
    x = np.ones((1, 4096), np.float32)
    total = write(lambda x: mb.reduce_sum(x=x, axes=[1]), [(x.shape, "fp16")])
    assert total.prepared().run([x]) == [np.float32([4096])]
    product = write(lambda x: mb.matmul(x=x, y=x, transpose_y=True), [(x.shape, "fp16")])
    assert product.prepared().run([x]) == [np.float32([[4096]])]


def test_fp16_overflows_to_infinity(write: Write) -> None:
    written = write(lambda x: mb.mul(x=x, y=x), [((2,), "fp16")])
    (found,) = written.prepared().run([np.float32([300, -200])])
    np.testing.assert_array_equal(found, np.float32([np.inf, 40000]))


def test_casts_round_once(write: Write) -> None:
    written = write(lambda x: mb.cast(x=mb.cast(x=x, dtype="fp16"), dtype="fp32"), [(X, "fp32")])
    x = np.random.default_rng(2).normal(size=X).astype(np.float32)
    (found,) = written.prepared().run([x])
    np.testing.assert_array_equal(found, torch.from_numpy(x).half().float().numpy())


def test_weights_that_are_computed_from_constants_are_computed_once(write: Write) -> None:
    function = write(
        lambda x: mb.add(x=x, y=mb.mul(x=np.float32([2]), y=np.float32([3]))), [((1,), "fp32")]
    ).prepared()
    assert function.run([np.float32([1])]) == [np.float32([7])]
    assert function.run([np.float32([2])]) == [np.float32([8])]
