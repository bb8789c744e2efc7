"""A program as an ONNX model: torch.export's graph, translated operator by operator."""

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import GraphModule, Node
from torch.fx.subgraph_rewriter import replace_pattern

import lazydit
from lazydit.errors import LazyDiTError
from lazydit_export.programs import gelu_tanh
from lazydit_export.split import Program
from lazydit_export.targets.exported import export_program
from lazydit_export.targets.onnx_operators import TRANSLATIONS, Call, GraphBuilder, Weight
from lazydit_runtime.manifest import TensorSpec

OPSET = 20
"""The oldest that has everything: Gelu came with it."""

IR_VERSION = 9
"""The one that was released together with the opset: older engines read it."""


def to_onnx(program: Program) -> onnx.ModelProto:
    """`program` as a model whose graph, inputs and outputs are called as the manifest has it.

    Raises LazyDiTError when the program holds an operator that nobody has translated.
    """
    exported = export_program(program).run_decompositions({})
    _restore_gelu(exported.graph_module)
    builder = _translate(program, exported)
    graph = onnx.helper.make_graph(
        builder.nodes,
        program.name,
        [_value_info(spec) for spec in program.inputs],
        [_value_info(spec) for spec in program.outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in builder.initializers.items()],
    )
    return onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="lazydit",
        producer_version=lazydit.__version__,
    )


def _translate(program: Program, exported: ExportedProgram) -> GraphBuilder:
    nodes = exported.graph_module.graph.nodes
    builder = GraphBuilder([spec.name for spec in (*program.inputs, *program.outputs)])
    values = _inputs(program, exported)
    results: Sequence[Node] = exported.graph_module.graph.output_node().args[0]
    wanted = {node: spec.name for node, spec in zip(results, program.outputs, strict=True)}
    for node in nodes:
        if node.op != "call_function":
            continue
        if node.target not in TRANSLATIONS:
            raise LazyDiTError(
                f"target onnx cannot translate {node.target} of program {program.name}: add it to "
                "TRANSLATIONS in lazydit_export/targets/onnx_operators.py"
            )
        values[node] = TRANSLATIONS[node.target](Call(builder, node, values, wanted.get(node)))
    return builder


def _inputs(program: Program, exported: ExportedProgram) -> dict[Node, str | Weight]:
    """The exported graph's inputs: those of the program, and its parameters and buffers."""
    nodes = exported.graph_module.graph.find_nodes(op="placeholder")
    specs = iter(program.inputs)
    values: dict[Node, str | Weight] = {}
    for node, given in zip(nodes, exported.graph_signature.input_specs, strict=True):
        if given.kind == InputKind.USER_INPUT:
            values[node] = next(specs).name
            continue
        assert given.target is not None, f"{given} has no name"
        array: np.ndarray = exported.state_dict[given.target].detach().numpy()
        values[node] = Weight(given.target.removeprefix("module."), array)
    return values


class _Gelu(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return gelu_tanh(x)


def _restore_gelu(module: GraphModule) -> None:
    """Turns the written-out GELU back into one operator, which runs a tenth faster per module."""

    def whole(x: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.gelu.default(x, approximate="tanh")
        return result

    written_out = torch.export.export(_Gelu(), (torch.zeros(1, 1),)).run_decompositions({})
    replace_pattern(module, written_out.graph_module, whole)
    for node in module.graph.find_nodes(op="call_function", target=torch.ops.aten.gelu.default):
        node.meta["val"] = node.args[0].meta["val"]


def _value_info(spec: TensorSpec) -> onnx.ValueInfoProto:
    dtype = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))
    return onnx.helper.make_tensor_value_info(spec.name, dtype, spec.shape)
