"""What is wrong with a bundle is said in one sentence before anything of it runs."""

import copy
import json
import math
import os
from collections.abc import Callable
from typing import Any

import jsonschema
import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Bundle
from lazydit_runtime.manifest import Manifest, schema
from tests.conftest import run_tool

Change = Callable[[dict[str, Any]], None]


def refusal(toy_bundle: Any) -> str:
    """The sentence with which the bundle is refused."""
    with pytest.raises(LazyDiTError) as caught:
        Bundle.open(toy_bundle.directory)
    sentence = str(caught.value)
    assert "\n" not in sentence and ": " in sentence
    out = toy_bundle.directory.parent / "image.png"
    in_cpp = run_tool("lazydit-run", "--bundle", toy_bundle.directory, "--out", out).sentence
    # Of a wrong structure the two readers have words of their own.
    assert in_cpp == sentence or " is wrong at " in sentence
    assert not out.exists()
    return sentence


def changed(toy_bundle: Any, change: Change) -> str:
    """The sentence with which the bundle is refused after `change` to its manifest."""
    manifest = toy_bundle.manifest()
    change(manifest)
    toy_bundle.write_manifest(manifest)
    return refusal(toy_bundle)


def test_sound_bundle_opens(toy_bundle: Any, toy: Any) -> None:
    bundle = Bundle.open(toy_bundle.directory)
    assert bundle.path("programs.bin") == toy_bundle.directory / "programs.bin"
    np.testing.assert_array_equal(bundle.gates("6-r50"), toy.gates("6-r50"))
    with pytest.raises(ValueError, match="read-only"):
        bundle.gates("6-r50")[0] = 0


def test_manifest_survives_reading_and_writing(toy_bundle: Any, tmp_path: Any) -> None:
    content = toy_bundle.manifest()
    manifest = Manifest.from_json(content)
    manifest.write(tmp_path / "manifest.json")
    assert Manifest.read(tmp_path / "manifest.json") == manifest
    written = json.loads((tmp_path / "manifest.json").read_text())
    jsonschema.validate(written, schema())
    assert {key: written[key] for key in content if key != "programs"} == {
        key: content[key] for key in content if key != "programs"
    }


def test_what_a_target_tells_of_a_program_is_optional(toy_bundle: Any) -> None:
    content = toy_bundle.manifest()
    content["programs"]["embed"] |= {"delegates": 1, "leftover_ops": ["native_layer_norm"]}
    for optional in ("delegates", "leftover_ops"):
        content["programs"]["final"].pop(optional, None)
    del content["verification"]
    programs = Manifest.from_json(content).programs
    assert (programs["embed"].delegates, programs["final"].delegates) == (1, 0)
    assert programs["embed"].leftover_ops == ("native_layer_norm",)


def test_schema_is_a_valid_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_missing_bundle_says_to_export_first(tmp_path: Any) -> None:
    with pytest.raises(LazyDiTError, match="run lazydit-export"):
        Bundle.open(tmp_path / "nowhere")


def test_file_in_place_of_a_bundle_is_refused(tmp_path: Any) -> None:
    (tmp_path / "file").write_text("no bundle")
    with pytest.raises(LazyDiTError, match="no bundle"):
        Bundle.open(tmp_path / "file")


def test_newer_schema_says_to_update(toy_bundle: Any) -> None:
    sentence = changed(toy_bundle, lambda manifest: manifest.update(schema_version=2))
    assert sentence == "this bundle has schema 2, this runtime knows 1: update lazydit"


def test_newer_schema_is_told_before_its_unknown_keys_are(toy_bundle: Any) -> None:
    sentence = changed(toy_bundle, lambda m: m.update(schema_version=2, novelty=[1]))
    assert "schema 2" in sentence


@pytest.mark.parametrize("version", [None, "1", True, 1.5, 0])
def test_schema_version_that_is_none_is_refused(toy_bundle: Any, version: Any) -> None:
    assert "schema" in changed(toy_bundle, lambda m: m.update(schema_version=version))


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", "null", '{"schema_version": NaN}', "[" * 100_000]
)
def test_manifest_that_is_not_one_is_refused(toy_bundle: Any, text: str) -> None:
    (toy_bundle.directory / "manifest.json").write_text(text)
    assert "manifest.json" in refusal(toy_bundle)


def test_manifest_that_is_not_text_is_refused(toy_bundle: Any) -> None:
    (toy_bundle.directory / "manifest.json").write_bytes(b"\xff\xfe\x00")
    assert "manifest.json" in refusal(toy_bundle)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_numbers_that_are_not_finite_are_refused(toy_bundle: Any, number: str) -> None:
    path = toy_bundle.directory / "manifest.json"
    path.write_text(path.read_text().replace('"guidance": 2.5', f'"guidance": {number}'))
    assert "manifest.json" in refusal(toy_bundle)


def test_half_of_a_surrogate_pair_is_refused(toy_bundle: Any) -> None:
    path = toy_bundle.directory / "manifest.json"
    path.write_text(path.read_text().replace('"files": {', '"files": {"\\ud800": {}, '))
    assert "is not readable JSON" in refusal(toy_bundle)


@pytest.mark.parametrize("letters", ["\n", "\u0000", "\u007f", "a\nb"])
def test_control_characters_are_refused_in_whatever_a_sentence_names(
    toy_bundle: Any, letters: str
) -> None:
    sound = toy_bundle.manifest()
    for path in (
        "target", "precision", "model/name", "model/family", "model/checkpoint_sha256",
        "graph/embed", "gate_sets/0/name", "gate_sets/0/file", "programs/embed/file",
    ):  # fmt: skip
        value = value_at(sound, path)
        assert path.split("/")[0] in changed(toy_bundle, change_at(path, value + letters))
        toy_bundle.write_manifest(sound)
    for part in ("files", "programs"):
        name = next(iter(sound[part]))
        assert part in changed(toy_bundle, change_at(f"{part}|{name}{letters}", sound[part][name]))
        toy_bundle.write_manifest(sound)


@pytest.mark.parametrize("version", [2**63, 2**64 - 1])
def test_schema_version_of_any_size_is_told_as_it_is(toy_bundle: Any, version: int) -> None:
    sentence = changed(toy_bundle, change_at("schema_version", version))
    assert sentence == f"this bundle has schema {version}, this runtime knows 1: update lazydit"


def test_unfinite_number_is_not_written(toy_bundle: Any, tmp_path: Any) -> None:
    content = toy_bundle.manifest()
    content["verification"] = {"psnr": math.inf}
    with pytest.raises(ValueError, match="JSON"):
        Manifest.from_json(content).write(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    "key", ["target", "model", "diffusion", "defaults", "files", "programs", "graph", "gate_sets"]
)
def test_missing_key_is_named(toy_bundle: Any, key: str) -> None:
    assert key in changed(toy_bundle, lambda manifest: manifest.pop(key))


def value_at(manifest: dict[str, Any], path: str) -> Any:
    place: Any = manifest
    for key in path.split("/"):
        place = place[int(key) if isinstance(place, list) else key]
    return place


def change_at(path: str, value: Any) -> Change:
    """Sets the value at `path`; its keys stand between slashes, or bars where they hold some."""

    def change(manifest: dict[str, Any]) -> None:
        *parents, last = path.split("|" if "|" in path else "/")
        place: Any = manifest
        for parent in parents:
            place = place[int(parent) if isinstance(place, list) else parent]
        place[int(last) if isinstance(place, list) else last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("model/depth", "two", "model.depth"),
        ("model/depth", 3, "modules"),
        ("model/depth", 0, "model.depth"),
        ("model/depth", 10**30, "model.depth"),
        ("model/width", 16, "programs."),
        ("model/tokens", 5, "tokens"),
        ("model/patch_size", 3, "tokens"),
        ("model/latent_shape", [3, 4], "latent_shape"),
        ("model/output_channels", 5, "output_channels"),
        ("model/guidance_channels", 4, "guidance_channels"),
        ("model/image", "decode", "image"),
        ("model/image", "jpeg", "model.image"),
        ("model/activation_type", "float16", "programs.embed.outputs[0]"),
        ("model/activation_type", "float8", "model.activation_type"),
        ("diffusion/beta_schedule", "cosine", "beta_schedule"),
        ("diffusion/beta_end", 1.5, "beta_end"),
        ("defaults/steps", 1000, "steps"),
        ("programs/embed/inputs/0/shape", [1, 3, 8, 8], "programs.embed.inputs[0]"),
        ("programs/embed/outputs/2/shape", [1, 9], "programs.embed.outputs[2]"),
        ("programs/embed/outputs/2/shape", [1, -8], "programs.embed"),
        ("programs/condition/inputs/0/dtype", "float32", "programs.condition.inputs[0]"),
        ("programs/condition/outputs/0/shape", ["T", 2, 47], "programs.condition.outputs[0]"),
        ("programs/condition/outputs/0/shape", [4, 2, 48], "programs.condition.outputs[0]"),
        ("programs/block_01_mlp/inputs", [], "programs.block_01_mlp"),
        ("programs/final/file", "other.bin", "other.bin"),
        ("graph/embed", "nothing", "nothing"),
        ("graph/decode", "embed", "decode"),
        ("graph/modules/1/kind", "attn", "modules[1]"),
        ("graph/modules/2/block", 0, "modules[2]"),
        ("graph/modules/2/reuse", "final", "reuse"),
        ("graph/extrapolate", "nothing", "nothing"),
        ("graph/extrapolate", "reuse", "programs.reuse.inputs"),
        ("gate_sets/0/extrapolate", 1, "gate_sets[0].extrapolate"),
        ("gate_sets/0/steps", 5, "4-r50"),
        ("gate_sets/0/timesteps", [99, 66, 33], "4-r50"),
        ("gate_sets/0/timesteps", [0, 33, 66, 99], "4-r50"),
        ("gate_sets/0/timesteps", [100, 66, 33, 0], "4-r50"),
        ("gate_sets/0/alphas_cumprod", [0.9, 0.8, 0.7, 0.6], "4-r50"),
        ("gate_sets/0/alphas_cumprod/3", 1.0, "alphas_cumprod"),
        ("gate_sets/0/file", "gates/6-r30.f32", "4-r50"),
        ("gate_sets/0/file", "gates/lost.f32", "gates/lost.f32"),
        ("gate_sets/1/name", "4-r50", "4-r50"),
        ("gate_sets/0/max_reuse", 0, "max_reuse"),
        ("files/programs.bin/bytes", 2**64, "files"),
        ("programs/embed/operators", 2**64, "operators"),
        ("programs/embed/weight_bytes", 2**63, "weight_bytes"),
        ("weights", {"stored_bytes": 2**63, "different_bytes": 1}, "stored_bytes"),
        ("formats", {"onnx_opset": 2**63}, "onnx_opset"),
        ("graph/norm", {"kind": "rms_norm", "epsilon": 1e-6}, "graph.norm.kind"),
        ("graph/norm", {"kind": "layer_norm", "epsilon": 0}, "graph.norm.epsilon"),
    ],
)
def test_manifest_that_contradicts_itself_names_the_place(
    toy_bundle: Any, path: str, value: Any, words: str
) -> None:
    assert words in changed(toy_bundle, change_at(path, value))


def test_gate_set_that_extrapolates_needs_the_program(toy_bundle: Any) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["graph"]["extrapolate"] = None
        manifest["gate_sets"][0]["extrapolate"] = True

    sentence = changed(toy_bundle, change)
    assert "gate set 4-r50 extrapolates and graph.extrapolate names no program" in sentence


@pytest.mark.parametrize("file", ["programs.bin", "gates/4-r50.f32"])
class TestFiles:
    """What may happen to any file of a bundle."""

    def test_truncated_file_is_refused(self, toy_bundle: Any, file: str) -> None:
        path = toy_bundle.directory / file
        path.write_bytes(path.read_bytes()[:-1])
        sentence = refusal(toy_bundle)
        assert file in sentence and "truncated" in sentence

    def test_missing_file_is_refused(self, toy_bundle: Any, file: str) -> None:
        (toy_bundle.directory / file).unlink()
        sentence = refusal(toy_bundle)
        assert file in sentence and "missing" in sentence

    def test_renamed_file_is_refused(self, toy_bundle: Any, file: str) -> None:
        path = toy_bundle.directory / file
        path.rename(path.with_name("other-name"))
        assert file in refusal(toy_bundle)

    def test_flipped_bit_is_refused(self, toy_bundle: Any, file: str) -> None:
        path = toy_bundle.directory / file
        content = bytearray(path.read_bytes())
        content[7] ^= 1
        path.write_bytes(content)
        sentence = refusal(toy_bundle)
        assert file in sentence and "sha256" in sentence

    def test_link_is_refused(self, toy_bundle: Any, file: str, tmp_path: Any) -> None:
        path = toy_bundle.directory / file
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        sentence = refusal(toy_bundle)
        assert file in sentence and "out of the bundle" in sentence

    def test_folder_in_its_place_is_refused(self, toy_bundle: Any, file: str) -> None:
        (toy_bundle.directory / file).unlink()
        (toy_bundle.directory / file).mkdir()
        assert file in refusal(toy_bundle)


def test_swapped_gate_files_are_refused(toy_bundle: Any) -> None:
    first, second = (toy_bundle.directory / f"gates/6-r{ratio}.f32" for ratio in (30, 50))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert "sha256" in refusal(toy_bundle)


def test_linked_folder_is_refused(toy_bundle: Any, tmp_path: Any) -> None:
    (toy_bundle.directory / "gates").rename(tmp_path / "gates")
    (toy_bundle.directory / "gates").symlink_to(tmp_path / "gates")
    assert "out of the bundle" in refusal(toy_bundle)


@pytest.mark.parametrize(
    "name",
    [
        "../outside.bin",
        "/etc/hostname",
        "gates/../../outside.bin",
        "./programs.bin",
        "a//b",
        "a\\b",
        "",
    ],
)
def test_file_name_that_leads_out_of_the_bundle_is_refused(toy_bundle: Any, name: str) -> None:
    (toy_bundle.directory.parent / "outside.bin").write_bytes(b"not yours")

    def change(manifest: dict[str, Any]) -> None:
        entry = copy.deepcopy(manifest["files"]["programs.bin"])
        manifest["files"][name] = entry

    assert "files" in changed(toy_bundle, change)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_refused(toy_bundle: Any) -> None:
    (toy_bundle.directory / "programs.bin").chmod(0)
    assert "permissions" in refusal(toy_bundle)


@pytest.mark.parametrize("shape", [(5, 4, 8), (4, 6, 8), (4, 4, 16), (3, 4, 8)])
def test_gate_file_of_other_steps_depth_or_width_is_refused(
    toy_bundle: Any, shape: tuple[int, ...]
) -> None:
    np.zeros(shape, "<f4").tofile(toy_bundle.directory / "gates/4-r50.f32")
    toy_bundle.list_files()
    sentence = refusal(toy_bundle)
    assert "gates/4-r50.f32" in sentence and "4 steps, 4 modules, width 8" in sentence


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_gates_that_are_not_finite_are_refused(toy_bundle: Any, toy: Any, value: float) -> None:
    gates = toy.gates("4-r50")
    gates[2, 1, 3] = value
    gates.tofile(toy_bundle.directory / "gates/4-r50.f32")
    toy_bundle.list_files()
    assert "not finite" in refusal(toy_bundle)


def test_unknown_gate_set_names_those_there_are(toy_bundle: Any) -> None:
    with pytest.raises(LazyDiTError, match="4-r50, 6-r30, 6-r50"):
        Bundle.open(toy_bundle.directory).gates("10-r30")
