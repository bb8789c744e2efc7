"""Writes what the Python runtime says of damaged manifests: the Swift package is held against it.

write_refusals.py BUNDLE --out FILE: FILE holds the text of a sound manifest (that of BUNDLE with
all its optional parts), and per case the piece of it that is replaced, with the sentence of the
refusal, if any; and what lazy ratios that are wished for become.
"""

import argparse
import copy
import json
import os.path
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lazydit.errors import LazyDiTError
from lazydit_runtime.lazy_ratio import policy_for
from lazydit_runtime.manifest import Manifest
from lazydit_runtime.policies import Lazy
from lazydit_runtime.signatures import check_manifest

SOURCE = "manifest.json"

Json = dict[str, Any]
Place = tuple[str | int, ...]
Change = Callable[[Json], object]

LARGEST_SIZE = 2**20
LARGEST_INTEGER = 2**63 - 1
WRONG_VALUES: tuple[Any, ...] = (None, True, 0, "text", [], {})
BOUNDS = (LARGEST_SIZE, LARGEST_SIZE + 1, LARGEST_INTEGER, LARGEST_INTEGER + 1, 2**64)
NUMBERS = (-1, 1, 6.0, 1.5, *BOUNDS, 10**30)


@dataclass(frozen=True)
class Case:
    """A damaged manifest, which may be no object any more, and how it came about."""

    name: str
    manifest: Any


def sound_manifest(bundle: Path) -> Json:
    """The bundle's manifest with every optional part, and few enough items to damage each kind."""
    manifest: Json = json.loads((bundle / "manifest.json").read_text())
    model, graph = manifest["model"], manifest["graph"]
    manifest["formats"] = {"executorch": 1}
    manifest["weights"] = {"stored_bytes": 2, "different_bytes": 1}
    programs = manifest["programs"]
    programs["embed"] |= {
        "delegates": 1, "leftover_ops": ["native_layer_norm"], "operators": 3, "weight_bytes": 4,
    }  # fmt: skip
    attn, mlp = (programs[graph["modules"][index]["program"]] for index in (0, 1))
    block = copy.deepcopy(attn)
    block["inputs"] += mlp["inputs"][2:]
    block["outputs"].append(mlp["outputs"][3])
    graph["blocks"] = [f"block_{number:02d}" for number in range(model["depth"])]
    programs |= {name: copy.deepcopy(block) for name in graph["blocks"]}
    latent = programs["embed"]["inputs"]
    image = [{"name": "image", "dtype": "float32", "shape": [1, 3, 32, 32]}]
    programs["decode"] = programs["final"] | {"inputs": copy.deepcopy(latent), "outputs": image}
    graph["decode"], model["image"] = "decode", "decode"
    add_second_gate_set(manifest)
    return manifest


def add_second_gate_set(manifest: Json) -> None:
    """And a calibration in which gate set and limit change from point to point."""
    first = manifest["gate_sets"][0]
    first |= {"target_ratio": 0.3, "max_reuse": 2, "extrapolate": False}
    first["calibration"] = [{"threshold": 0.5, "lazy_ratio": 0.2, "psnr": 40.5}]
    manifest["gate_sets"] = [first, copy.deepcopy(first) | {"name": "second", "max_reuse": None}]
    points = [
        (first["name"], 0.2, 0.1, 1, 0.1),
        (first["name"], 0.5, 0.25, 1, 0.3),
        ("second", 0.3, 0.9, 1, 0.4),
        ("second", 0.8, 0.95, 1, 0.6),
        ("second", 0.7, 0.7, None, 0.65),
    ]
    manifest["lazy_ratios"] = [
        {
            "steps": first["steps"],
            "images": 8,
            "points": [
                {
                    "gates": gates,
                    "thresholds": {"attn": attn, "mlp": mlp},
                    "max_reuse": limit,
                    "lazy_ratio": ratio,
                }
                for gates, attn, mlp, limit, ratio in points
            ],
        }
    ]


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    """One place of every kind: of a list or of names the first item, or one with all parts."""
    if isinstance(value, dict):
        keys: list[str] = list(value)
        if path == ("programs",):
            keys = ["embed"]
        if path in (("files",), ("tools",)):
            keys = keys[:1]
        if path == ("verification",):
            keys = []
        children: list[Place] = [(*path, key) for key in keys]
    elif isinstance(value, list):
        children = [(*path, 0)] if value else []
    else:
        children = []
    for child in children:
        yield child
        yield from places(value[child[-1]], child)


def replaced(manifest: Json, path: Place, value: Any) -> Json:
    changed = copy.deepcopy(manifest)
    value_at(changed, path[:-1])[path[-1]] = value
    return changed


def removed(manifest: Json, path: Place) -> Json:
    changed = copy.deepcopy(manifest)
    del value_at(changed, path[:-1])[path[-1]]
    return changed


def value_at(manifest: Json, path: Place) -> Any:
    value: Any = manifest
    for key in path:
        value = value[key]
    return value


def structure_cases(manifest: Json) -> Iterator[Case]:
    """Every key removed, every value replaced by others, every object with a key too many."""
    yield Case("sound", manifest)
    for value in (None, [], 1, "text", {}):
        yield Case(f"all is {value!r}", value)
    yield Case("a key too many", manifest | {"novelty": 1})
    for path in places(manifest):
        where = ".".join(map(str, path))
        yield Case(f"{where} removed", removed(manifest, path))
        for value in (*WRONG_VALUES, *other_values(value_at(manifest, path))):
            yield Case(f"{where} is {value!r}", replaced(manifest, path, value))


def other_values(old: Any) -> Sequence[Any]:
    """Values of the same type that are at or beyond what is allowed."""
    match old:
        case dict():
            return [old | {"nov\nelty": 1}]
        case list():
            return [old + old, [1]]
        case str():
            texts = ["", "T", "../x", "two\nlines", "a" * 101]
            return [*texts, *(old + more for more in ("\n", "\u007f", "/", "é"))]
        case _:
            return NUMBERS


def contradictions(manifest: Json) -> dict[str, Change]:
    """Changes after which two parts of the manifest disagree."""
    depth = manifest["model"]["depth"]
    steps = manifest["gate_sets"][0]["steps"]

    def at(*path: str | int, value: Any) -> Change:
        def change(changed: Json) -> None:
            value_at(changed, path[:-1])[path[-1]] = value

        return change

    def change_all(*changes: Change) -> Change:
        return lambda changed: [change(changed) for change in changes]

    def gates(**values: Any) -> Change:
        return lambda changed: changed["gate_sets"][1].update(values)

    def point(**values: Any) -> Change:
        return lambda changed: changed["lazy_ratios"][0]["points"][1].update(values)

    programs = manifest["programs"]
    changes: dict[str, Change] = {
        "tokens": at("model", "tokens", value=manifest["model"]["tokens"] + 1),
        "patch size": at("model", "patch_size", value=3),
        "output channels": at("model", "output_channels", value=3),
        "guidance channels": at("model", "guidance_channels", value=5),
        "width": at("model", "width", value=manifest["model"]["width"] * 2),
        "depth": at("model", "depth", value=depth + 1),
        "activation type": at("model", "activation_type", value="float16"),
        "decode without image": at("model", "image", value="latent"),
        "image without decode": at("graph", "decode", value=None),
        "decode that is no program": at("graph", "decode", value="nothing"),
        "decode that gives no image": at("graph", "decode", value="reuse"),
        "decode that gives nothing": at("programs", "decode", "outputs", value=[]),
        "image of two channels": at(
            "programs", "decode", "outputs", 0, "shape", value=[1, 2, 32, 32]
        ),
        "image of timesteps": at("programs", "decode", "outputs", 0, "shape", 3, value="T"),
        "several images": at("programs", "decode", "outputs", 0, "shape", 0, value=2),
        "default steps": at("defaults", "steps", value=1001),
        "betas": at("diffusion", "beta_start", value=0.5),
        "module too few": lambda changed: changed["graph"]["modules"].pop(),
        "module of another kind": at("graph", "modules", 1, "kind", value="attn"),
        "module of another block": at("graph", "modules", 2, "block", value=0),
        "module that reuses otherwise": at("graph", "modules", 2, "reuse", value="final"),
        "block too few": lambda changed: changed["graph"]["blocks"].pop(),
        "no blocks": at("graph", "blocks", value=[]),
        "block of another signature": at("graph", "blocks", 0, value="reuse"),
        "no such extrapolate": at("graph", "extrapolate", value="nothing"),
        "extrapolate of another signature": at("graph", "extrapolate", value="reuse"),
        "extrapolating gates": change_all(
            gates(extrapolate=True), at("graph", "extrapolate", value=None)
        ),
        "extrapolating gates with a program": gates(extrapolate=True),
        "two gate sets of one name": gates(name=manifest["gate_sets"][0]["name"]),
        "gate set of other steps": gates(steps=steps + 1),
        "gate set of few alphas": gates(alphas_cumprod=[0.1]),
        "timesteps that ascend": gates(timesteps=list(range(steps))),
        "timesteps that repeat": gates(timesteps=[5] * steps),
        "timestep beyond training": gates(timesteps=[1000 - n for n in range(steps)]),
        "alphas that descend": gates(alphas_cumprod=[0.9 - n / 100 for n in range(steps)]),
        "gate file of a program": gates(file="programs.pte"),
        "gate file that is not listed": gates(file="gates/lost.f32"),
        "point of no gate set": point(gates="third"),
        "point of threshold 1": point(thresholds={"attn": 1, "mlp": 0.5}),
        "point of threshold 0": point(thresholds={"attn": 0.5, "mlp": 0}),
        "points that do not ascend": point(lazy_ratio=0.05),
        "points that repeat": point(lazy_ratio=0.1),
        "lazy ratios twice": lambda changed: changed["lazy_ratios"].append(
            changed["lazy_ratios"][0]
        ),
        "lazy ratios of other steps": at("lazy_ratios", 0, "steps", value=steps + 1),
        "newer schema": at("schema_version", value=2),
        "newer schema with new keys": lambda changed: changed.update(schema_version=2, novel=[1]),
        "far newer schema": at("schema_version", value=2**64 - 1),
        "older schema": at("schema_version", value=-1),
        "package": change_all(
            at("programs", "embed", "file", value="embed.mlpackage"),
            at("files", "embed.mlpackage/Data/model", value={"bytes": 1, "sha256": "0" * 64}),
        ),
        "empty package": at("programs", "embed", "file", value="embed.mlpackage"),
        "name of a path that another begins with": at("programs", "embed", "file", value="prog"),
    }
    for path in ("../x", "/etc/x", "gates/../x", "./x", "a//b", "a\\b", "", "c:x", "a/", "a\nb"):
        entry = {"bytes": 1, "sha256": "0" * 64}
        changes[f"file {path!r}"] = at("files", path, value=entry)
    for name in ("a/b", "", "a b", "é", "a\n", "a" * 101):
        changes[f"program {name!r}"] = at("programs", name, value=programs["embed"])
    graph = manifest["graph"]
    roles = [graph["condition"]["program"], "embed", "reuse", "extrapolate", "final", "decode"]
    for name in [*roles, graph["modules"][1]["program"], graph["blocks"][0]]:
        changes |= {
            f"{name} that is gone": lambda changed, name=name: changed["programs"].pop(name),
            f"{name} in no file": at("programs", name, "file", value="lost.pte"),
        }
        for side in ("inputs", "outputs"):
            tensors = programs[name][side]
            changes[f"{name} without {side}"] = at("programs", name, side, value=[])
            for index, tensor in enumerate(tensors):
                place = ("programs", name, side, index)
                for shape in ([*tensor["shape"][:-1], 7], ["T", *tensor["shape"][1:]], [1]):
                    changes[f"{name} {side} {index} {shape}"] = at(*place, "shape", value=shape)
                changes[f"{name} {side} {index} type"] = at(*place, "dtype", value="float16")
    return changes


def cases(manifest: Json) -> Iterator[Case]:
    yield from structure_cases(manifest)
    for name, change in contradictions(manifest).items():
        changed = copy.deepcopy(manifest)
        change(changed)
        yield Case(name, changed)


def refusal(manifest: Json) -> str | None:
    """The sentence with which the manifest is refused; None where it is accepted."""
    try:
        check_manifest(Manifest.from_json(manifest, SOURCE))
    except LazyDiTError as error:
        return str(error)
    return None


def case_json(case: Case, sound: str) -> Json:
    """The piece of the sound manifest's text that the case replaces."""
    text = json.dumps(case.manifest)
    start = len(os.path.commonprefix([sound, text]))
    rest = os.path.commonprefix([sound[start:][::-1], text[start:][::-1]])
    end = len(sound) - len(rest)
    return {
        "name": case.name,
        "start": start,
        "end": end,
        "text": text[start : len(text) - len(rest)],
        "sentence": refusal(case.manifest),
    }


def wish_json(manifest: Manifest, steps: int, ratio: float) -> Json:
    """What a lazy ratio becomes: a sentence, or a policy, all of which is null for `always`."""
    wish: Json = {"ratio": ratio, "steps": steps, "sentence": None}
    try:
        policy = policy_for(manifest, steps, ratio)
    except LazyDiTError as error:
        return wish | {"sentence": str(error)}
    if not isinstance(policy, Lazy):
        return wish | {"gates": None, "thresholds": None, "max_reuse": None}
    return wish | {
        "gates": policy.gates,
        "thresholds": policy.threshold_pair,
        "max_reuse": policy.max_reuse,
    }


def wishes(manifest: Manifest) -> list[Json]:
    steps = manifest.lazy_ratios[0].steps
    ratios = [number / 100 for number in range(-1, 71)] + [1e-9, 0.6700000001, 1.0, 123456789.0]
    return [
        *(wish_json(manifest, steps, ratio) for ratio in ratios),
        wish_json(manifest, steps + 1, 0.3),
        wish_json(manifest, steps + 1, 0),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    manifest = sound_manifest(arguments.bundle)
    sound = json.dumps(manifest)
    content = {
        "manifest": sound,
        "cases": [case_json(case, sound) for case in cases(manifest)],
        "wishes": wishes(Manifest.from_json(manifest, SOURCE)),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(content))


if __name__ == "__main__":
    main()
