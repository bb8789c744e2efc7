"""manifest.json as frozen dataclasses; their fields are its keys.

`Manifest.read` applies the schema version and the JSON Schema; what holds between the parts of a
manifest, and between it and the files, is checked by `bundle.Bundle.open`.
"""

import dataclasses
import functools
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import jsonschema

from lazydit.errors import LazyDiTError

SCHEMA_VERSION = 1
FILE_NAME = "manifest.json"
_LONGEST_MESSAGE = 200

Kind = Literal["attn", "mlp"]
ActivationType = Literal["float32", "float16"]


@dataclass(frozen=True)
class TensorSpec:
    """`shape` holds sizes, or "T": the number of timesteps of one call of condition."""

    name: str
    dtype: Literal["float32", "float16", "int64"]
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class ProgramSpec:
    """A program: its file within the bundle, its method there, its signature.

    `file` may be a package: a folder, all files of which the manifest lists. `delegates` counts the
    pieces that the engine's accelerated backend took when it was lowered, `leftover_ops` names the
    operators that it did not take; both are empty where the target has no such thing. `operators`
    counts what one call runs, `weight_bytes` is what it reads of the bundle's weights; both are
    0 where the target does not tell.
    """

    file: str
    method: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    delegates: int = 0
    leftover_ops: tuple[str, ...] = ()
    operators: int = 0
    weight_bytes: int = 0


@dataclass(frozen=True)
class WeightsSpec:
    """The weights of all programs: bytes in the bundle, and how many of them are different.

    A weight that several programs read and one file holds counts once in both; one that lies in
    the bundle twice, twice in the first.
    """

    stored_bytes: int
    different_bytes: int


@dataclass(frozen=True)
class ModelSpec:
    """`latent_shape` is (C, h, w); `image` says what shows the image: the latent itself (values in
    [-1, 1]), the program decode, or nothing. `activation_type` is the element type of the tensors
    between programs, [1, N, D]: x, norm and output."""

    name: str
    family: str
    checkpoint_sha256: str
    depth: int
    width: int
    heads: int
    patch_size: int
    tokens: int
    latent_shape: tuple[int, int, int]
    output_channels: int
    num_classes: int
    guidance_channels: int
    image: Literal["latent", "decode"] | None
    activation_type: ActivationType = "float32"


@dataclass(frozen=True)
class DiffusionSpec:
    """The noise levels that the model was trained on."""

    train_steps: int
    beta_schedule: Literal["linear"]
    beta_start: float
    beta_end: float


@dataclass(frozen=True)
class Defaults:
    """What a generation uses when the caller does not say."""

    steps: int
    guidance: float


@dataclass(frozen=True)
class FileEntry:
    """Size and hexadecimal sha256 of one file of the bundle."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class ConditionNode:
    """The program `condition` and the most timesteps that one call of it takes."""

    program: str
    max_steps: int


@dataclass(frozen=True)
class ModuleNode:
    """A module: the program that computes it and the one that reuses its output."""

    name: str
    kind: Kind
    block: int
    program: str
    reuse: str


@dataclass(frozen=True)
class NormSpec:
    """The norm between modules, where it is a layer norm without weights over the width.

    With it a runtime may compute `reuse` and its like itself, in place of the program.
    """

    kind: Literal["layer_norm"]
    epsilon: float


@dataclass(frozen=True)
class GateGraph:
    """Which programs follow one another; `modules` in order attn 0, mlp 0, attn 1, ...

    `blocks` names a program per block that does what its two modules do, or none: it is called
    where both run whatever a gate says. `extrapolate` is the program that reuses the last two
    outputs of a module, None where the bundle has none: then policies cannot extrapolate.
    `norm` None: the manifest does not tell.
    """

    condition: ConditionNode
    embed: str
    modules: tuple[ModuleNode, ...]
    final: str
    decode: str | None
    blocks: tuple[str, ...] = ()
    extrapolate: str | None = None
    norm: NormSpec | None = None


@dataclass(frozen=True)
class Thresholds:
    """A module runs iff its score is at least the threshold of its kind."""

    attn: float
    mlp: float


@dataclass(frozen=True)
class CalibrationPoint:
    """What one threshold (for both kinds) gave: lazy ratio, and PSNR in dB against `always`.

    `psnr` None: the images are equal.
    """

    threshold: float
    lazy_ratio: float
    psnr: float | None


@dataclass(frozen=True)
class RatioPoint:
    """A gate set, thresholds and limit (None: no limit), and the lazy ratio that they gave."""

    gates: str
    thresholds: Thresholds
    max_reuse: int | None
    lazy_ratio: float


@dataclass(frozen=True)
class LazyRatios:
    """Points of one step count, of ascending lazy ratio, measured on so many images."""

    steps: int
    images: int
    points: tuple[RatioPoint, ...]


@dataclass(frozen=True)
class GateSetSpec:
    """A gate set; steps in sampling order.

    `max_reuse` None: no limit. `extrapolate`: what is reused is extrapolated from a module's last
    two outputs.
    """

    name: str
    steps: int
    timesteps: tuple[int, ...]
    alphas_cumprod: tuple[float, ...]
    file: str
    thresholds: Thresholds
    max_reuse: int | None
    target_ratio: float | None
    calibration: tuple[CalibrationPoint, ...]
    extrapolate: bool = False


@dataclass(frozen=True)
class Manifest:
    """The gate graph and everything that a runtime checks before it runs anything.

    `formats` holds the versions of the programs' file format, for example {"onnx_opset": 20}, where
    a runtime may know some and not others: it refuses those it does not know.
    `lazy_ratios` has an entry for every step count at which a lazy ratio may be wished for.
    `verification` holds the numbers of the parity gate, whatever it measured. `weights` is None
    where the target does not tell.
    """

    schema_version: int
    target: str
    precision: str
    tools: Mapping[str, str]
    model: ModelSpec
    diffusion: DiffusionSpec
    defaults: Defaults
    files: Mapping[str, FileEntry]
    programs: Mapping[str, ProgramSpec]
    graph: GateGraph
    gate_sets: tuple[GateSetSpec, ...]
    verification: Mapping[str, Any] = field(default_factory=dict)
    formats: Mapping[str, int] = field(default_factory=dict)
    weights: WeightsSpec | None = None
    lazy_ratios: tuple[LazyRatios, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """The manifest in the file `path`; LazyDiTError when it is not one of schema 1."""
        return cls.from_json(_load_json(path), str(path))

    @classmethod
    def from_json(cls, content: Any, source: str = "the manifest") -> "Manifest":
        """The manifest that `content` (decoded JSON) describes; `source` is named in errors."""
        _check_version(content, source)
        _check_schema(content, source)
        manifest: Manifest = _build(cls, content)
        return manifest

    def files_in(self, folder: str) -> list[str]:
        """The files below `folder`, a path within the bundle."""
        return [name for name in self.files if name.startswith(f"{folder}/")]

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads, in plain lists and dictionaries."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self), allow_nan=False))
        return plain

    def write(self, path: Path) -> None:
        """Write readable JSON; ValueError where a number is not finite."""
        path.write_text(json.dumps(self.to_json(), indent=1) + "\n", encoding="utf-8")


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of manifest.json."""
    text = resources.files("lazydit_runtime").joinpath("manifest.schema.json").read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def _load_json(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(
            text, parse_constant=_finite, parse_float=_finite, parse_int=_within_floats
        )
        # Half of a surrogate pair is no text: no file can be called so, no terminal can show it.
        json.dumps(content, ensure_ascii=False).encode()
        return content
    except (ValueError, RecursionError) as error:
        raise LazyDiTError(
            f"{path} is not readable JSON, it may be truncated: export the bundle again"
        ) from error
    except OSError as error:
        raise LazyDiTError(f"{path} cannot be read ({error.strerror}): check the path") from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def _within_floats(text: str) -> int:
    number = int(text)
    if abs(number) > sys.float_info.max:
        raise ValueError(f"{text} is larger than any float")
    return number


def _check_version(content: Any, source: str) -> None:
    version = content.get("schema_version") if isinstance(content, dict) else None
    if type(version) is not int:
        raise LazyDiTError(
            f"{source} has no schema_version: give a bundle that lazydit-export wrote"
        )
    if version > SCHEMA_VERSION:
        raise LazyDiTError(
            f"this bundle has schema {version}, this runtime knows {SCHEMA_VERSION}: update lazydit"
        )
    if version < SCHEMA_VERSION:
        raise LazyDiTError(
            f"this bundle has schema {version}, this runtime knows {SCHEMA_VERSION}: "
            "export the bundle again"
        )


def _check_schema(content: Any, source: str) -> None:
    error = jsonschema.exceptions.best_match(_validator().iter_errors(content))
    if error is None:
        return
    where = error.json_path.removeprefix("$.") if error.absolute_path else "its top level"
    message = f"{error.instance!r} is malformed" if error.validator == "pattern" else error.message
    where = " ".join(where.split())
    message = " ".join(message.split())[:_LONGEST_MESSAGE]
    raise LazyDiTError(f"{source} is wrong at {where} ({message}): export the bundle again")


@functools.cache
def _validator() -> Any:
    """A validator for which 6.0 is no integer: an array could not be that long."""
    draft = jsonschema.Draft202012Validator
    checker = draft.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    return jsonschema.validators.extend(draft, type_checker=checker)(schema())


_PARTS: dict[str, type] = {
    "model": ModelSpec,
    "diffusion": DiffusionSpec,
    "defaults": Defaults,
    "files": FileEntry,
    "programs": ProgramSpec,
    "weights": WeightsSpec,
    "inputs": TensorSpec,
    "outputs": TensorSpec,
    "graph": GateGraph,
    "condition": ConditionNode,
    "modules": ModuleNode,
    "norm": NormSpec,
    "gate_sets": GateSetSpec,
    "thresholds": Thresholds,
    "calibration": CalibrationPoint,
    "lazy_ratios": LazyRatios,
    "points": RatioPoint,
}
_BY_NAME = ("files", "programs")


def _build(part: type, content: Mapping[str, Any]) -> Any:
    """An instance of the dataclass `part` from JSON that the schema has accepted."""
    return part(**{key: _value(key, value) for key, value in content.items()})


def _value(key: str, value: Any) -> Any:
    part = _PARTS.get(key)
    if part is None or value is None:
        return tuple(value) if isinstance(value, list) else value
    if isinstance(value, list):
        return tuple(_build(part, item) for item in value)
    if key in _BY_NAME:
        return {name: _build(part, item) for name, item in value.items()}
    return _build(part, value)
