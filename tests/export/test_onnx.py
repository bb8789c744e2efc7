"""What the onnx target makes of the programs, and what ONNX Runtime makes of the bundle."""

import functools
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto
from rich.console import Console
from torch import Tensor, nn

from lazydit.checkpoints import save_checkpoint
from lazydit.errors import LazyDiTError
from lazydit_export.export import export, split_for, write_bundle
from lazydit_export.recipe import ExportRecipe, read_source
from lazydit_export.report import Report
from lazydit_export.split import MAX_STEPS, Program, split
from lazydit_export.targets import find_target
from lazydit_export.targets.onnx_graph import IR_VERSION, OPSET, to_onnx
from lazydit_export.targets.onnx_precision import with_float16_weights, with_int8_weights
from lazydit_export.targets.target import TargetOptions
from lazydit_export.verification.program_errors import program_errors
from lazydit_runtime import Pipeline
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.manifest import Manifest, TensorSpec
from tests.conftest import SmallBundle, random_dit

SILENT = Report(Console(quiet=True), verbose=False)
TYPES = {"float32": onnx.TensorProto.FLOAT, "int64": onnx.TensorProto.INT64}


@pytest.fixture(scope="module")
def bundle(small_bundle: SmallBundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of `small_bundle`, exported and verified for onnx."""
    out = tmp_path_factory.mktemp("onnx") / "bundle"
    recipe = ExportRecipe(
        small_bundle.checkpoint, (small_bundle.gate_file,), find_target("onnx"), out, "small"
    )
    export(recipe, SILENT)
    return out


@pytest.fixture
def pipeline(bundle: Path) -> Iterator[Pipeline]:
    with Pipeline.load(bundle, "onnxruntime") as opened:
        yield opened


def models(bundle: Path) -> dict[str, onnx.ModelProto]:
    return {path.stem: onnx.load(path) for path in sorted(bundle.glob("programs/*.onnx"))}


def test_the_parity_gate_has_passed(bundle: Path) -> None:
    verification = Manifest.read(bundle / "manifest.json").verification
    assert verification["executor"] == "onnxruntime"
    assert verification["different"] == 0
    assert verification["decisions"] > 0
    assert verification["worst_program_error"] < 2e-6


def test_it_takes_the_decisions_that_executorch_takes(
    small_bundle: SmallBundle, pipeline: Pipeline
) -> None:
    with Pipeline.load(small_bundle.directory) as other:
        for gates in small_bundle.gate_sets:
            found = pipeline.generate(1, seed=2, gates=gates.name, steps=gates.steps)
            expected = other.generate(1, seed=2, gates=gates.name, steps=gates.steps)
            np.testing.assert_array_equal(found.trace.ran, expected.trace.ran)
            np.testing.assert_allclose(found.latent, expected.latent, atol=1e-4, rtol=1e-4)


def test_every_file_passes_the_checker(bundle: Path) -> None:
    files = sorted(bundle.glob("programs/*.onnx"))
    assert [path.stem for path in files] == sorted(Manifest.read(bundle / "manifest.json").programs)
    for path in files:
        onnx.checker.check_model(path, full_check=True)


def test_graphs_are_what_the_manifest_says(bundle: Path) -> None:
    manifest = Manifest.read(bundle / "manifest.json")
    assert manifest.formats == {"onnx_opset": OPSET, "onnx_ir_version": IR_VERSION}
    assert {"onnx", "onnxruntime"} <= manifest.tools.keys()
    assert "executorch" not in manifest.tools
    for name, model in models(bundle).items():
        assert model.ir_version == IR_VERSION
        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
        spec = manifest.programs[name]
        assert (spec.file, spec.method) == (f"programs/{name}.onnx", model.graph.name)
        for infos, specs in ((model.graph.input, spec.inputs), (model.graph.output, spec.outputs)):
            assert [signature(info) for info in infos] == [
                (tensor.name, TYPES[tensor.dtype], tensor.shape) for tensor in specs
            ]


def signature(info: onnx.ValueInfoProto) -> tuple[str, int, tuple[int | str, ...]]:
    tensor = info.type.tensor_type
    shape = tuple(dim.dim_param or dim.dim_value for dim in tensor.shape.dim)
    return info.name, tensor.elem_type, shape


def test_tensors_of_one_program_have_different_names(bundle: Path) -> None:
    for spec in Manifest.read(bundle / "manifest.json").programs.values():
        names = [tensor.name for tensor in (*spec.inputs, *spec.outputs)]
        assert len(set(names)) == len(names)


def test_names_tell_the_layers(bundle: Path) -> None:
    attention, mlp = (models(bundle)[f"block_00_{kind}"].graph for kind in ("attn", "mlp"))
    assert {"query", "key", "value", "output"} <= {node.name for node in attention.node}
    weights = {tensor.name for tensor in mlp.initializer}
    assert {"fc1.bias", "fc1.weight_transposed", "fc2.weight_transposed"} <= weights


def test_gelu_is_one_operator(bundle: Path) -> None:
    for name, model in models(bundle).items():
        operators = Counter(node.op_type for node in model.graph.node)
        assert operators["Gelu"] == int(name.endswith("_mlp"))
        assert operators["Sigmoid"] == (2 if name == "condition" else 0)


def test_weights_lie_in_one_file_outside_the_graphs(bundle: Path) -> None:
    for path in bundle.glob("programs/*.onnx"):
        for tensor in onnx.load(path, load_external_data=False).graph.initializer:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            if tensor.raw_data:
                assert len(tensor.raw_data) < 1024
            else:
                assert entries["location"] == "weights.bin"
                assert int(entries["offset"]) % 4096 == 0


def test_weights_that_programs_share_are_stored_once(tmp_path: Path) -> None:
    model = random_dit(width=64)
    model.blocks[1].load_state_dict(model.blocks[0].state_dict())
    save_checkpoint(model, tmp_path / "twins.safetensors")
    out = tmp_path / "bundle"
    out.mkdir()
    recipe = ExportRecipe(tmp_path / "twins.safetensors", (), find_target("onnx"), out, "twins")
    write_bundle(recipe, read_source(recipe), split(model), out, SILENT)
    for kind in ("attn", "mlp"):
        first, second = (
            onnx.load(out / "programs" / f"block_0{block}_{kind}.onnx", load_external_data=False)
            for block in (0, 1)
        )
        assert places(first) == places(second) != []
    with Pipeline.load(out) as pipeline:
        assert max(program_errors(split(model), pipeline.executor, [500], 1).values()) < 1e-5


def places(model: onnx.ModelProto) -> list[str]:
    """Where the weights that lie outside the graph begin."""
    return [
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "offset"
    ]


def test_the_same_input_gives_the_same_files(
    small_bundle: SmallBundle, bundle: Path, tmp_path: Path
) -> None:
    recipe = ExportRecipe(small_bundle.checkpoint, (), find_target("onnx"), tmp_path, "small")
    source = read_source(recipe)
    programs = split_for(recipe.target, source.model)
    manifest = write_bundle(recipe, source, programs, tmp_path, SILENT)
    written = Manifest.read(bundle / "manifest.json").files
    assert manifest.files == {
        name: entry for name, entry in written.items() if name.startswith("programs/")
    }


@pytest.mark.parametrize("steps", [1, 2, 17, MAX_STEPS])
def test_condition_takes_any_number_of_steps(
    small_bundle: SmallBundle, pipeline: Pipeline, steps: int
) -> None:
    condition = split(small_bundle.model)[0]
    inputs = (torch.tensor([3]), torch.linspace(999, 0, steps))
    with torch.no_grad():
        expected = condition.module(*inputs)
    found = [np.empty(tuple(output.shape), np.float32) for output in expected]
    pipeline.executor.run("condition", [tensor.numpy() for tensor in inputs], found)
    for output, reference in zip(found, expected, strict=True):
        np.testing.assert_allclose(output, reference.numpy(), atol=1e-5)


@pytest.fixture(scope="module")
def narrow_models(small_bundle: SmallBundle) -> Callable[[str], dict[str, onnx.ModelProto]]:
    compress = {"fp16": with_float16_weights, "int8": with_int8_weights}

    @functools.cache
    def make(precision: str) -> dict[str, onnx.ModelProto]:
        return {
            program.name: compress[precision](to_onnx(program))
            for program in split(small_bundle.model)
        }

    return make


def test_float16_is_for_weights_only(
    narrow_models: Callable[[str], dict[str, onnx.ModelProto]],
) -> None:
    for name, model in narrow_models("fp16").items():
        onnx.checker.check_model(model, full_check=True)
        narrow = {t.name for t in model.graph.initializer if t.data_type == TensorProto.FLOAT16}
        widened = {node.input[0] for node in model.graph.node if node.op_type == "Cast"}
        assert narrow == widened, name
        assert bool(narrow) == (name not in ("reuse", "extrapolate")), name


def test_int8_is_for_products_with_weights_only(
    narrow_models: Callable[[str], dict[str, onnx.ModelProto]],
) -> None:
    for name, model in narrow_models("int8").items():
        onnx.checker.check_model(model, full_check=True)
        count = Counter(node.op_type for node in model.graph.node)
        kind = name.rpartition("_")[2]
        # Attention's two products and the sum over the tokens are between activations.
        assert count["MatMulInteger"] == {"attn": 4, "mlp": 2, "condition": 4}.get(kind, 0), name
        sums = ("mlp", "reuse", "extrapolate", "embed")
        assert count["MatMul"] == {"attn": 3, **dict.fromkeys(sums, 1)}.get(kind, 0), name
        for tensor in model.graph.initializer:
            if tensor.data_type == TensorProto.INT8 and tensor.name.endswith("_quantized"):
                scale = next(
                    other
                    for other in model.graph.initializer
                    if other.name == tensor.name.replace("_quantized", "_scale")
                )
                assert list(scale.dims) == [tensor.dims[-1]], "one scale per output channel"


@pytest.mark.parametrize(("precision", "most"), [("fp16", 2e-3), ("int8", 5e-2)])
def test_narrow_programs_are_near(
    small_bundle: SmallBundle, tmp_path: Path, precision: str, most: float
) -> None:
    target = find_target("onnx", TargetOptions(precision))
    recipe = ExportRecipe(small_bundle.checkpoint, (), target, tmp_path, "small")
    source = read_source(recipe)
    programs = split_for(target, source.model)
    assert write_bundle(recipe, source, programs, tmp_path, SILENT).precision == precision
    with Pipeline.load(tmp_path) as pipeline:
        errors = program_errors(programs, pipeline.executor, [999, 400, 0], label=2)
    assert errors.pop("reuse") < 1e-5 and errors.pop("extrapolate") < 1e-5
    assert 1e-5 < max(errors.values()) < most


class Exotic(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.erfinv(x)


def test_operator_that_nobody_translated_is_named() -> None:
    x, y = TensorSpec("x", "float32", (1, 4)), TensorSpec("y", "float32", (1, 4))
    with pytest.raises(LazyDiTError, match="cannot translate aten.erfinv.default of program odd"):
        to_onnx(Program("odd", Exotic(), (x,), (y,)))


@pytest.fixture
def copied(bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / "copied"))


def refusal(bundle: Path, executor: str = "onnxruntime") -> str:
    with pytest.raises(LazyDiTError) as caught:
        Pipeline.load(bundle, executor)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_damaged_files_are_refused(bundle: Path, tmp_path: Path) -> None:
    for number, (name, damage, sentence) in enumerate(
        (
            ("block_00_attn.onnx", "cut", "truncated"),
            ("weights.bin", "cut", "truncated"),
            ("block_00_attn.onnx", "edit", "is not the file that was exported"),
            ("weights.bin", "edit", "is not the file that was exported"),
            ("block_00_mlp.onnx", "rename", "is missing"),
            ("weights.bin", "rename", "is missing"),
        )
    ):
        copied = Path(shutil.copytree(bundle, tmp_path / str(number)))
        path = copied / "programs" / name
        content = path.read_bytes()
        if damage == "cut":
            path.write_bytes(content[:-100])
        elif damage == "edit":
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        else:
            path.rename(path.with_suffix(".old"))
        found = refusal(copied)
        assert sentence in found and name in found


def test_swapped_programs_are_refused_even_if_the_manifest_agrees(copied: Path) -> None:
    path = copied / "manifest.json"
    manifest = json.loads(path.read_text())
    first, second = (manifest["programs"][f"block_0{block}_attn"] for block in (0, 1))
    first["file"], second["file"] = second["file"], first["file"]
    path.write_text(json.dumps(manifest))
    assert "the graph block_01_attn of programs/block_01_attn.onnx" in refusal(copied)


def test_unknown_opset_is_refused(copied: Path) -> None:
    path = copied / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["formats"]["onnx_opset"] = 99
    path.write_text(json.dumps(manifest))
    assert refusal(copied).startswith("this bundle has onnx_opset 99, this runtime knows 17 to 23")


def test_bundles_of_other_targets_name_the_other_executor(
    small_bundle: SmallBundle, bundle: Path
) -> None:
    assert "for target onnx and holds no ExecuTorch programs" in refusal(bundle, "executorch")
    assert "for target android and holds no ONNX programs" in refusal(small_bundle.directory)


WITHOUT_EXECUTORCH = """
import sys
sys.modules["executorch"] = None
from lazydit_runtime import Pipeline
assert "torch" not in sys.modules
Pipeline.load(sys.argv[1]).generate(1)
from lazydit_export.cli import main
sys.argv = ["lazydit-export", sys.argv[2], "--target", "onnx", "--out", sys.argv[3]]
main()
"""


def test_executorch_is_not_needed(small_bundle: SmallBundle, bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-c", WITHOUT_EXECUTORCH, bundle, small_bundle.checkpoint, out]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert f"next: lazydit generate {out}" in ended.stdout
    assert Bundle.open(out).manifest.target == "onnx"
