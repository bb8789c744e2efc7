"""Which ONNX nodes each operator of an exported program becomes.

Another model family may need another operator: one function here, listed under its ATen overload.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch.fx import Node

aten = torch.ops.aten

Array = npt.NDArray[np.generic]


class GraphBuilder:
    """Collects the nodes and initializers of one ONNX graph, whose names are all different."""

    def __init__(self, reserved: Sequence[str]) -> None:
        """`reserved` are the names of the graph's inputs and outputs."""
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, Array] = {}
        self._taken = set(reserved)

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        """Adds a node called as its only output, `output`, which is returned."""
        self._taken.add(output)
        node = onnx.helper.make_node(operator, inputs, [output], name=output, **attributes)
        self.nodes.append(node)
        return output

    def initializer(self, name: str, values: Array) -> str:
        """The name of an initializer of these values; a name given again is the same values."""
        self.initializers.setdefault(name, values)
        self._taken.add(name)
        return name

    def unused(self, name: str) -> str:
        """`name`, with a number behind it where something is already called so."""
        unused, count = name, 1
        while unused in self._taken:
            count += 1
            unused = f"{name}_{count}"
        return unused


@dataclass(frozen=True, eq=False)
class Weight:
    """A parameter or buffer of a program, under its name in the program's module."""

    name: str
    values: Array


@dataclass(frozen=True)
class Call:
    """One operator call; `values` says what the tensors before it are called in the ONNX graph.

    `output` is the name that the result must have, or None where any will do.
    """

    graph: GraphBuilder
    node: Node
    values: Mapping[Node, "str | Weight"]
    output: str | None

    def add(
        self, operator: str, inputs: Sequence[str], name: str | None = None, **attributes: object
    ) -> str:
        """Adds the node of the call's result; `name` is used where any will do."""
        output = self.output or self.graph.unused(name or self.node.name)
        return self.graph.add(operator, inputs, output, **attributes)

    def add_before(self, operator: str, inputs: Sequence[str], suffix: str) -> str:
        """Adds a node on the way to the result."""
        output = self.graph.unused(f"{self.node.name}_{suffix}")
        return self.graph.add(operator, inputs, output)

    def argument(self, index: int, default: Any = None) -> Any:
        """An argument as it stands; `default` where the call leaves it out."""
        return self.node.args[index] if index < len(self.node.args) else default

    def tensor(self, index: int) -> str:
        """The name of an argument that is a tensor, or a number that has to become one."""
        argument = self.argument(index)
        if not isinstance(argument, Node):
            return self.graph.initializer(f"value_{argument}", np.array(argument, np.float32))
        return self._name(argument)

    def tensors(self, index: int) -> list[str]:
        """The names of an argument that is a list of tensors."""
        return [self._name(node) for node in self.argument(index)]

    def weight(self, index: int) -> Weight:
        """The argument, which must be a parameter."""
        value = self.values[self.argument(index)]
        assert isinstance(value, Weight), f"{self.node} has no parameter at {index}"
        return value

    def integers(self, values: Sequence[int]) -> str:
        """A list of numbers, such as a shape, as the int64 tensor that ONNX wants."""
        name = "_".join(["integers", *map(str, values)])
        return self.graph.initializer(name, np.array(values, np.int64))

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of a tensor argument."""
        return tuple(self.argument(index).meta["val"].shape)

    def _name(self, node: Node) -> str:
        value = self.values[node]
        return value if isinstance(value, str) else self.graph.initializer(value.name, value.values)


Translation = Callable[[Call], str]
"""Adds the nodes of a call and returns the name of its result."""


def _plain(operator: str, inputs: int) -> Translation:
    """For operators that take nothing but tensors and mean the same in ONNX."""
    return lambda call: call.add(operator, [call.tensor(index) for index in range(inputs)])


def _silu(call: Call) -> str:
    return call.add("Mul", [call.tensor(0), call.add_before("Sigmoid", [call.tensor(0)], "gate")])


def _gelu(call: Call) -> str:
    return call.add("Gelu", [call.tensor(0)], approximate=call.node.kwargs["approximate"])


def _linear(call: Call) -> str:
    """x [..., in], weight [out, in], bias [out]. Gemm is for matrices only."""
    x, weight, bias = call.tensor(0), call.weight(1), call.tensor(2)
    layer = weight.name.removesuffix(".weight")
    if len(call.shape(0)) == 2:
        return call.add("Gemm", [x, call.tensor(1), bias], layer, transB=1)
    transposed = call.graph.initializer(
        f"{weight.name}_transposed", np.ascontiguousarray(weight.values.T)
    )
    product = call.graph.add("MatMul", [x, transposed], call.graph.unused(f"{layer}_product"))
    return call.add("Add", [product, bias], layer)


def _reshape(call: Call) -> str:
    return call.add("Reshape", [call.tensor(0), call.integers(call.argument(1))])


def _unsqueeze(call: Call) -> str:
    return call.add("Unsqueeze", [call.tensor(0), call.integers([call.argument(1)])])


def _transpose(call: Call) -> str:
    order = list(range(len(call.shape(0))))
    first, second = call.argument(1), call.argument(2)
    order[first], order[second] = order[second], order[first]
    return call.add("Transpose", [call.tensor(0)], perm=order)


def _concat(call: Call) -> str:
    return call.add("Concat", call.tensors(0), axis=call.argument(1, 0))


def _softmax(call: Call) -> str:
    return call.add("Softmax", [call.tensor(0)], axis=call.argument(1))


def _sum(call: Call) -> str:
    """Over the rows of [1, rows, columns], as a product with ones.

    ONNX Runtime's ReduceSum takes twice the time of the layer norm before it there.
    """
    one, rows, columns = call.shape(0)
    assert one == 1 and call.argument(1) == [1] and not call.argument(2, False), call.node
    ones = call.graph.initializer(f"ones_1_1_{rows}", np.ones((1, 1, rows), np.float32))
    product = call.add_before("MatMul", [ones, call.tensor(0)], "product")
    return call.add("Reshape", [product, call.integers([1, columns])])


def _layer_norm(call: Call) -> str:
    """Over the last dimension, without weight or bias; ONNX has no norm without weight."""
    (width,) = call.argument(1)
    ones = call.graph.initializer(f"ones_{width}", np.ones(width, np.float32))
    return call.add("LayerNormalization", [call.tensor(0), ones], axis=-1, epsilon=call.argument(4))


def _convolution(operator: str) -> Translation:
    def translate(call: Call) -> str:
        bias = [] if call.argument(2) is None else [call.tensor(2)]
        layer = call.weight(1).name.removesuffix(".weight")
        inputs = [call.tensor(0), call.tensor(1), *bias]
        return call.add(operator, inputs, layer, strides=call.argument(3))

    return translate


def _unchanged(call: Call) -> str:
    return call.tensor(0)


TRANSLATIONS: dict[Any, Translation] = {
    aten.add.Tensor: _plain("Add", 2),
    aten.sub.Tensor: _plain("Sub", 2),
    aten.mul.Tensor: _plain("Mul", 2),
    aten.bmm.default: _plain("MatMul", 2),
    aten.embedding.default: _plain("Gather", 2),
    aten.cos.default: _plain("Cos", 1),
    aten.sin.default: _plain("Sin", 1),
    aten.silu.default: _silu,
    aten.gelu.default: _gelu,
    aten.linear.default: _linear,
    aten.view.default: _reshape,
    aten._unsafe_view.default: _reshape,
    aten.unsqueeze.default: _unsqueeze,
    aten.transpose.int: _transpose,
    aten.cat.default: _concat,
    aten.softmax.int: _softmax,
    aten.sum.dim_IntList: _sum,
    aten.layer_norm.default: _layer_norm,
    aten.conv2d.default: _convolution("Conv"),
    aten.conv_transpose2d.input: _convolution("ConvTranspose"),
    aten.clone.default: _unchanged,
}
