"""What the ios target writes, and what lazydit's evaluator makes of it."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coremltools.proto import MIL_pb2, Model_pb2
from rich.console import Console

from lazydit.checkpoints import save_checkpoint
from lazydit.errors import LazyDiTError
from lazydit.models.dit import DiT
from lazydit_export.export import export, split_for, write_bundle
from lazydit_export.recipe import ExportRecipe, read_source
from lazydit_export.report import Report
from lazydit_export.split import MAX_STEPS, split
from lazydit_export.targets import find_target
from lazydit_export.targets.target import TargetOptions
from lazydit_export.verification.bars import BARS
from lazydit_export.verification.program_errors import program_errors
from lazydit_runtime import Pipeline
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.manifest import Manifest, WeightsSpec
from tests.conftest import SmallBundle, random_dit

SILENT = Report(Console(quiet=True), verbose=False)
EXECUTOR = "coreml-evaluator"
MODEL = "Data/com.apple.CoreML/model.mlmodel"
TYPES = {"float32": "FLOAT32", "float16": "FLOAT16", "int64": "INT32"}

CONFIGURATIONS = [("fp16", 17), ("int8", 17)]
CONFIGURATIONS += [(precision, 18) for precision in ("fp32", "fp16", "int8", "int4")]


def write(checkpoint: Path, out: Path, precision: str, ios: int) -> Path:
    """A bundle without gates that no gate has judged."""
    out.mkdir(parents=True)
    target = find_target("ios", TargetOptions(precision, ios))
    recipe = ExportRecipe(checkpoint, (), target, out, "model")
    source = read_source(recipe)
    write_bundle(recipe, source, split_for(target, source.model), out, SILENT)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ios")


@pytest.fixture(scope="module")
def wide_model() -> DiT:
    """One block, wide enough that weights are most of it and all linear layers are large."""
    return random_dit(width=128, depth=1)


@pytest.fixture(scope="module")
def bundles(folder: Path, wide_model: DiT) -> dict[tuple[str, int], Path]:
    """`wide_model` for every precision and iOS."""
    save_checkpoint(wide_model, folder / "wide.safetensors")
    return {
        (precision, ios): write(
            folder / "wide.safetensors", folder / f"{precision}-{ios}", precision, ios
        )
        for precision, ios in CONFIGURATIONS
    }


@pytest.fixture(scope="module")
def bundle(folder: Path, small_bundle: SmallBundle) -> Path:
    """The model of `small_bundle`, exported in fp32 and verified."""
    target, out = find_target("ios", TargetOptions("fp32")), folder / "small"
    export(
        ExportRecipe(small_bundle.checkpoint, (small_bundle.gate_file,), target, out, "small"),
        SILENT,
    )
    return out


def models(bundle: Path) -> dict[str, Any]:
    """The packages of a bundle by their paths in it."""
    return {
        path.relative_to(bundle).as_posix(): Model_pb2.Model.FromString((path / MODEL).read_bytes())
        for path in sorted(bundle.rglob("*.mlpackage"))
    }


def operations(bundle: Path, program: str) -> list[Any]:
    """What the function of a program holds, constants included."""
    spec = Manifest.read(bundle / "manifest.json").programs[program]
    function = models(bundle)[spec.file].mlProgram.functions[spec.method]
    (block,) = function.block_specializations.values()
    return list(block.operations)


def kinds(bundle: Path, program: str) -> Counter[str]:
    return Counter(operation.type for operation in operations(bundle, program))


def test_the_parity_gate_has_passed(bundle: Path) -> None:
    verification = Manifest.read(bundle / "manifest.json").verification
    assert verification["executor"] == EXECUTOR
    assert verification["decisions"] > 0
    assert verification["different"] == 0
    assert verification["worst_program_error"] < 1e-5
    assert "Core ML's own rounding" in verification["unchecked"][0]


def test_it_takes_the_decisions_that_executorch_takes(
    small_bundle: SmallBundle, bundle: Path
) -> None:
    with Pipeline.load(bundle, EXECUTOR) as found, Pipeline.load(small_bundle.directory) as other:
        for gates in small_bundle.gate_sets:
            results = [
                pipeline.generate(1, seed=2, gates=gates.name, steps=gates.steps)
                for pipeline in (found, other)
            ]
            assert (results[0].trace.ran == results[1].trace.ran).all()
            assert abs(results[0].latent - results[1].latent).max() < 1e-3


def test_half_precision_passes_the_gate(folder: Path) -> None:
    # Not an image: what a random model draws is far outside [-1, 1], which its PSNR would assume.
    save_checkpoint(random_dit(in_channels=4), folder / "latent.safetensors")
    recipe = ExportRecipe(
        folder / "latent.safetensors", (), find_target("ios"), folder / "latent", "latent"
    )
    export(recipe, SILENT)
    manifest = Manifest.read(recipe.out / "manifest.json")
    assert (manifest.precision, manifest.model.activation_type) == ("fp16", "float16")
    assert manifest.verification["psnr"] >= 40


@pytest.mark.parametrize(("precision", "ios"), CONFIGURATIONS)
def test_programs_do_what_pytorch_does(
    bundles: dict[tuple[str, int], Path], wide_model: DiT, precision: str, ios: int
) -> None:
    path = bundles[precision, ios]
    manifest = Manifest.read(path / "manifest.json")
    whole_blocks = bool(manifest.graph.blocks)
    programs = split(wide_model, manifest.model.activation_type, whole_blocks=whole_blocks)
    with Pipeline.load(path, EXECUTOR) as pipeline:
        errors = program_errors(programs, pipeline.executor, [999, 500, 0], label=1)
    limit = 1e-5 if precision == "fp32" else BARS[precision].max_program_error
    assert max(errors.values()) < limit


def test_packages_for_ios_18_hold_a_function_per_program(
    bundles: dict[tuple[str, int], Path],
) -> None:
    found = models(bundles["fp16", 18])
    manifest = Manifest.read(bundles["fp16", 18] / "manifest.json")
    assert manifest.formats == {"coreml_specification": 9}
    assert {model.specificationVersion for model in found.values()} == {9}
    assert {name: set(model.mlProgram.functions) for name, model in found.items()} == {
        "condition.mlpackage": {"condition"},
        "programs.mlpackage": set(manifest.programs) - {"condition"},
    }
    assert all(spec.method == name for name, spec in manifest.programs.items())


def test_packages_for_ios_17_hold_a_program_each(bundles: dict[tuple[str, int], Path]) -> None:
    found = models(bundles["fp16", 17])
    manifest = Manifest.read(bundles["fp16", 17] / "manifest.json")
    assert manifest.formats == {"coreml_specification": 8}
    assert found.keys() == {f"programs/{name}.mlpackage" for name in manifest.programs}
    for name, spec in manifest.programs.items():
        model = found[spec.file]
        assert model.specificationVersion == 8
        assert model.description.metadata.shortDescription == name
        assert (spec.method, list(model.mlProgram.functions)) == ("main", ["main"])


@pytest.mark.parametrize(("precision", "ios"), [("fp32", 18), ("fp16", 18), ("int8", 17)])
def test_features_are_what_the_manifest_says(
    bundles: dict[tuple[str, int], Path], precision: str, ios: int
) -> None:
    path = bundles[precision, ios]
    found = models(path)
    for spec in Manifest.read(path / "manifest.json").programs.values():
        description = found[spec.file].description
        functions = {function.name: function for function in description.functions}
        features = functions.get(spec.method, description)
        for given, wanted in ((features.input, spec.inputs), (features.output, spec.outputs)):
            assert [signature(feature) for feature in given] == [
                (tensor.name, TYPES[tensor.dtype]) for tensor in wanted
            ]
        for feature, tensor in zip(features.input, spec.inputs, strict=True):
            if "T" in tensor.shape:
                (bounds,) = feature.type.multiArrayType.shapeRange.sizeRanges
                assert (bounds.lowerBound, bounds.upperBound) == (1, MAX_STEPS)
            else:
                assert tuple(feature.type.multiArrayType.shape) == tensor.shape


def signature(feature: Any) -> tuple[str, str]:
    array = feature.type.multiArrayType
    return feature.name, array.ArrayDataType.Name(array.dataType)


def test_attention_is_one_operator_from_ios_18(bundles: dict[tuple[str, int], Path]) -> None:
    fused, written_out = (kinds(bundles["fp16", ios], "block_00_attn") for ios in (18, 17))
    assert fused["scaled_dot_product_attention"] == 1
    assert (fused["softmax"], fused["matmul"], fused["linear"]) == (0, 0, 2)
    assert written_out["scaled_dot_product_attention"] == 0
    assert (written_out["softmax"], written_out["matmul"], written_out["linear"]) == (1, 2, 4)


@pytest.mark.parametrize("ios", [17, 18])
def test_gelu_is_one_operator_in_its_tanh_form(
    bundles: dict[tuple[str, int], Path], ios: int
) -> None:
    found = operations(bundles["fp16", ios], "block_00_mlp")
    (gelu,) = [operation for operation in found if operation.type == "gelu"]
    (mode,) = gelu.inputs["mode"].arguments
    texts = {
        operation.outputs[0].name: operation.attributes["val"].immediateValue.tensor.strings.values
        for operation in found
        if operation.type == "const"
    }
    assert list(texts[mode.name]) == ["TANH_APPROXIMATION"]
    assert not {"tanh", "sigmoid"} & {operation.type for operation in found}


def test_half_precision_stops_where_it_would_spoil(
    bundles: dict[tuple[str, int], Path],
) -> None:
    path = bundles["fp16", 18]
    types = {
        (program, operation.type): MIL_pb2.DataType.Name(output.type.tensorType.dataType)
        for program in Manifest.read(path / "manifest.json").programs
        for operation in operations(path, program)
        for output in operation.outputs
    }
    for program in ("embed", "block_00_attn", "block_00_mlp", "reuse", "extrapolate"):
        assert types[program, "layer_norm"] == types[program, "reduce_sum"] == "FLOAT32"
    assert types["condition", "sin"] == types["condition", "cos"] == "FLOAT32"
    for program, kind in (
        ("condition", "linear"),
        ("embed", "conv"),
        ("block_00_attn", "scaled_dot_product_attention"),
        ("block_00_mlp", "gelu"),
        ("final", "conv_transpose"),
    ):
        assert types[program, kind] == "FLOAT16"


@pytest.mark.parametrize(
    ("precision", "ios", "kind"),
    [
        ("int8", 18, "constexpr_blockwise_shift_scale"),
        ("int8", 17, "constexpr_affine_dequantize"),
        ("int4", 18, "constexpr_blockwise_shift_scale"),
    ],
)
def test_weights_of_linear_layers_are_compressed_and_nothing_else(
    bundles: dict[tuple[str, int], Path], precision: str, ios: int, kind: str
) -> None:
    path = bundles[precision, ios]
    for program in Manifest.read(path / "manifest.json").programs:
        found = operations(path, program)
        unpacked = {o.outputs[0].name for o in found if o.type.startswith("constexpr_")}
        weights = {o.inputs["weight"].arguments[0].name for o in found if o.type == "linear"}
        assert unpacked == weights
        assert {o.type for o in found if o.type.startswith("constexpr_")} <= {kind}


def test_precisions_shrink_the_weights(bundles: dict[tuple[str, int], Path]) -> None:
    stored = {}
    for precision in BARS:
        path = bundles[precision, 18]
        weights = Manifest.read(path / "manifest.json").weights
        assert weights is not None
        stored[precision] = weights.stored_bytes
        files = sum(file.stat().st_size for file in path.rglob("weight.bin"))
        # A weight is preceded by 64 bytes and begins on a multiple of 64.
        assert 0.97 * files < weights.stored_bytes < files
    assert stored["fp16"] <= 0.52 * stored["fp32"]
    assert stored["int8"] <= 0.28 * stored["fp32"]
    assert stored["int4"] <= 0.22 * stored["fp32"]


def test_weights_that_programs_share_are_stored_once(folder: Path) -> None:
    model = random_dit(width=64, depth=2)
    model.blocks[1].load_state_dict(model.blocks[0].state_dict())
    save_checkpoint(model, folder / "twins.safetensors")
    path = write(folder / "twins.safetensors", folder / "twins", "fp32", 18)
    manifest = Manifest.read(path / "manifest.json")
    read = sum(
        program.weight_bytes
        for name, program in manifest.programs.items()
        if name not in manifest.graph.blocks
    )
    twins = sum(manifest.programs[f"block_01_{kind}"].weight_bytes for kind in ("attn", "mlp"))
    assert twins > 0
    assert manifest.weights == WeightsSpec(read - twins, read - twins)


def test_operators_are_counted(bundles: dict[tuple[str, int], Path]) -> None:
    for precision in ("fp32", "int4"):
        path = bundles[precision, 18]
        for name, spec in Manifest.read(path / "manifest.json").programs.items():
            run = [kind for kind in kinds(path, name).elements() if not kind.startswith("const")]
            assert spec.operators == len(run) > 0


@pytest.mark.parametrize(("precision", "ios"), [("fp16", 17), ("int4", 18)])
def test_the_same_input_gives_the_same_files(
    bundles: dict[tuple[str, int], Path], folder: Path, tmp_path: Path, precision: str, ios: int
) -> None:
    again = write(folder / "wide.safetensors", tmp_path / "again", precision, ios)
    first = Manifest.read(bundles[precision, ios] / "manifest.json")
    assert Manifest.read(again / "manifest.json").files == first.files
    listed = {path.relative_to(again).as_posix() for path in again.rglob("*") if path.is_file()}
    assert listed == {*first.files, "manifest.json"}


@pytest.fixture
def copied(bundle: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(bundle, tmp_path / "copied"))


def refusal(bundle: Path) -> str:
    with pytest.raises(LazyDiTError) as caught:
        Bundle.open(bundle)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_packages_hold_nothing_that_the_manifest_does_not_list(copied: Path) -> None:
    (copied / "programs.mlpackage/Data/com.apple.CoreML/weights/more.bin").write_bytes(b"more")
    assert "weights/more.bin in" in refusal(copied)
    assert "is not listed in the manifest: remove it" in refusal(copied)


def test_packages_hold_no_links(copied: Path, tmp_path: Path) -> None:
    (copied / "programs.mlpackage/Data/elsewhere").symlink_to(tmp_path, target_is_directory=True)
    assert "elsewhere in" in refusal(copied)


def test_missing_packages_are_named(copied: Path) -> None:
    path = copied / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["programs"]["embed"]["file"] = "other.mlpackage"
    path.write_text(json.dumps(manifest))
    assert "other.mlpackage of program embed is not listed in files" in refusal(copied)


WITHOUT_COREMLTOOLS = """
import sys
sys.modules["coremltools"] = None
from lazydit_export.cli import main
sys.argv = ["lazydit-export", "--target", "ios"]
main()
"""


def test_missing_coremltools_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_COREMLTOOLS]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == (
        "error: target ios needs the Python package coremltools, which cannot be imported: "
        "run pip install coremltools\n"
    )
    assert list(tmp_path.iterdir()) == []


INSPECT_WITHOUT_COREMLTOOLS = """
import sys
sys.modules["coremltools"] = None
from lazydit.cli import main
sys.argv = ["lazydit", "inspect", sys.argv[1]]
main()
"""


def test_inspect_shows_functions_operators_and_shared_weights(bundle: Path) -> None:
    command = [sys.executable, "-c", INSPECT_WITHOUT_COREMLTOOLS, bundle]
    ended = subprocess.run(command, capture_output=True, text=True, env={"COLUMNS": "200"})
    assert ended.returncode == 0, ended.stderr
    attention = Manifest.read(bundle / "manifest.json").programs["block_00_attn"]
    (row,) = [line for line in ended.stdout.splitlines() if line.startswith("│ block_00_attn")]
    assert row.strip("│").replace("│", " ").split() == [
        "block_00_attn",
        "programs.mlpackage",
        "block_00_attn",
        str(attention.operators),
        f"{attention.weight_bytes / 1e6:.3f}",
    ]
    assert "of which 100.0% are stored once" in ended.stdout
