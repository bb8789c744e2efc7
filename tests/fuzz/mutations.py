"""Damage to a bundle, drawn from a seed: a file's bytes, the manifest's values, files that moved.

Hashes and sizes are made to agree again where the manifest or a gate file was changed, so that the
checks behind them are reached; never those of a program's file, whose hash is what stands between
it and the engine's loader.
"""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Files = dict[str, bytes]
"""The files of a bundle by their path within it, manifest.json included."""

MANIFEST = "manifest.json"

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 5, 64, 2**31, 2**32 + 1, 2**53, 2**63 - 1, 2**63, 2**64,
    10**30, 10**400, 0.5, 1.0, -0.0, 1e308, 5e-324, "", "T", "a", "\u0000", "a\nb", "embed\n", "..",
    "../x", "x" * 3000, "\ud800", "float16", "int64", "latent", "decode", [], {}, [1], ["T"],
    [1, 4, 32], {"a": 1}, [[[[]]]],
)  # fmt: skip
"""What a value of the manifest may turn into: limits of every number type, text that is none."""

PROGRAM_FILES = (".pte", ".onnx", ".mlmodel", "weight.bin")
"""How the files of programs end, whatever the engine."""

PIECES = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"-1", b"1e999", b"NaN", b"\xff",
    b"\\u0000", b"\n",
)  # fmt: skip
"""What is put between the bytes of a file: marks of JSON, and what is not JSON."""


@dataclass(frozen=True)
class Mutation:
    """A damaged bundle: what was done, and its files; those that `links` names are links."""

    kind: str
    files: Files
    links: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write the files into an empty folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in self.links:
                path.with_name(f"{path.name}-behind").write_bytes(content)
                path.symlink_to(f"{path.name}-behind")
            else:
                path.write_bytes(content)


def mutate(files: Files, seed: int) -> Mutation:
    """The mutation that belongs to `seed`; the same for ever, for the same files."""
    draw = random.Random(seed)
    kind = draw.choices(list(_KINDS), weights=[weight for weight, _ in _KINDS.values()])[0]
    return Mutation(kind, *_KINDS[kind][1](dict(files), draw))


Outcome = tuple[Files] | tuple[Files, tuple[str, ...]]


def _manifest_bytes(files: Files, draw: random.Random) -> Outcome:
    files[MANIFEST] = _damaged(files[MANIFEST], draw)
    return (files,)


def _manifest_values(files: Files, draw: random.Random) -> Outcome:
    manifest = json.loads(files[MANIFEST])
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        place, key = draw.choice(list(_places(manifest)))
        action = draw.randrange(6)
        if action == 0:
            del place[key]
        elif action == 1:
            other_place, other_key = draw.choice(list(_places(manifest)))
            place[key], other_place[other_key] = other_place[other_key], place[key]
        elif action == 2 and isinstance(place, dict):
            place[draw.choice(("new", "", "a\nb", "programs.pte\n"))] = place[key]
        elif isinstance(place[key], int) and draw.random() < 0.5:
            place[key] += draw.choice((-1, 1, 4))
        else:
            place[key] = draw.choice(VALUES)
    files[MANIFEST] = json.dumps(manifest).encode()
    return (files,)


def _shapes(files: Files, draw: random.Random) -> Outcome:
    manifest = json.loads(files[MANIFEST])
    shapes = [
        tensor["shape"]
        for program in manifest["programs"].values()
        for tensor in program["inputs"] + program["outputs"]
    ]
    sizes = [manifest["model"], *shapes, manifest["model"]["latent_shape"]]
    place = draw.choice(sizes)
    keys = [key for key, value in _items(place) if isinstance(value, int)]
    if keys:
        key = draw.choice(keys)
        value = place[key]
        factor = draw.choice((0, 2, 2**20, 2**40))
        # Wherever the number stands: it may then be wrong without a contradiction.
        everywhere = draw.random() < 0.5
        for other in sizes if everywhere else [place]:
            for other_key, other_value in _items(other):
                if other_value == value and (everywhere or other_key == key):
                    other[other_key] = value * factor
    else:
        place.append(1)
    files[MANIFEST] = json.dumps(manifest).encode()
    return (files,)


def _file_entries(files: Files, draw: random.Random) -> Outcome:
    manifest = json.loads(files[MANIFEST])
    name = draw.choice(list(manifest["files"]))
    entry = manifest["files"][name]
    action = draw.randrange(4)
    if action == 0:
        entry["bytes"] = draw.choice((0, entry["bytes"] + 1, entry["bytes"] - 1, 2**62))
    elif action == 1:
        digest = entry["sha256"]
        entry["sha256"] = draw.choice((digest.upper(), digest[1:], digest[::-1], digest + "\n"))
    elif action == 2:
        other = draw.choice(list(manifest["files"]))
        manifest["files"][name], manifest["files"][other] = manifest["files"][other], entry
    else:
        manifest["files"][draw.choice(("../x", "a\nb", "\ud800", "x" * 300, name + "\n"))] = entry
    files[MANIFEST] = json.dumps(manifest).encode()
    return (files,)


def _gate_bytes(files: Files, draw: random.Random) -> Outcome:
    name = draw.choice([name for name in files if name.startswith("gates/")])
    if draw.random() < 0.5:
        content = bytearray(files[name])
        for _ in range(draw.randrange(1, 9)):
            place = 4 * draw.randrange(len(content) // 4)
            content[place : place + 4] = draw.choice(
                (
                    b"\0\0\x80\x7f",
                    b"\0\0\xc0\x7f",
                    b"\xff\xff\x7f\x7f",
                    b"\1\0\0\0",
                    draw.randbytes(4),
                )
            )
        files[name] = bytes(content)
    else:
        files[name] = _damaged(files[name], draw)
    return (_consistent(files, name) if draw.random() < 0.8 else files,)


def _program_bytes(files: Files, draw: random.Random) -> Outcome:
    name = draw.choice([name for name in files if name.endswith(PROGRAM_FILES)])
    files[name] = _damaged(files[name], draw)
    return (files,)


def _moved_files(files: Files, draw: random.Random) -> Outcome:
    first, second = draw.sample(list(files), 2)
    action = draw.randrange(6)
    if action == 0:
        files[first], files[second] = files[second], files[first]
    elif action == 1:
        files[draw.choice(("other", "gates/other.f32"))] = files.pop(first)
    elif action == 2:
        del files[first]
    elif action == 3:
        files[first] = b""
    elif action == 4:
        files[f"{first}/folder-in-its-place"] = files.pop(first)
    else:
        return files, (first,)
    return (files,)


_KINDS: dict[str, tuple[int, Callable[[Files, random.Random], Outcome]]] = {
    "manifest, bytes": (20, _manifest_bytes),
    "manifest, values": (30, _manifest_values),
    "manifest, shapes and sizes": (15, _shapes),
    "manifest, list of files": (8, _file_entries),
    "gate file": (12, _gate_bytes),
    "file of programs": (8, _program_bytes),
    "files swapped, renamed, missing": (7, _moved_files),
}


KINDS_OF_DAMAGE = tuple(_KINDS)


def _damaged(content: bytes, draw: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 3))):
        place = draw.randrange(len(damaged) + 1)
        action = draw.randrange(5)
        if action == 0 and place < len(damaged):
            damaged[place] ^= 1 << draw.randrange(8)
        elif action == 1:
            del damaged[place : place + draw.randrange(1, 9)]
        elif action == 2:
            damaged[place:place] = draw.choice(PIECES)
        elif action == 3:
            damaged[place : place + 16] = draw.randbytes(16)
        elif draw.random() < 0.2:
            del damaged[place:]
    return bytes(damaged)


def _consistent(files: Files, name: str) -> Files:
    """With the size and hash of `name` in the manifest."""
    manifest = json.loads(files[MANIFEST])
    digest = hashlib.sha256(files[name]).hexdigest()
    manifest["files"][name] = {"bytes": len(files[name]), "sha256": digest}
    return files | {MANIFEST: json.dumps(manifest).encode()}


def _items(place: Any) -> list[tuple[Any, Any]]:
    return list(place.items() if isinstance(place, dict) else enumerate(place))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (object or list, key) of a JSON value."""
    found = []
    for key, inner in _items(value):
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += _places(inner)
    return found
