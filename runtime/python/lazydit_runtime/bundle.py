"""Opening a bundle: everything is checked before anything of it is run or mapped."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError
from lazydit.files import sha256
from lazydit_runtime.manifest import FILE_NAME, FileEntry, GateSetSpec, Manifest
from lazydit_runtime.signatures import check_manifest


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle whose files are what its manifest says. Immutable: threads may share it."""

    directory: Path
    manifest: Manifest
    _gates: Mapping[str, NDArray[np.float32]] = field(repr=False)

    @classmethod
    def open(cls, directory: Path | str) -> "Bundle":
        """Check the bundle in `directory`: schema, shapes, files, sizes, sha256, gates.

        Raises LazyDiTError with what is wrong and what to do.
        """
        directory = Path(directory)
        try:
            found = (directory / FILE_NAME).is_file()
        except OSError as error:
            raise LazyDiTError(
                f"{directory} cannot be read ({error.strerror}): check its permissions"
            ) from error
        if not found:
            raise LazyDiTError(
                f"there is no bundle at {directory} (no {FILE_NAME}): "
                "run lazydit-export --target android first, or give the folder that it wrote"
            )
        manifest = Manifest.read(directory / FILE_NAME)
        check_manifest(manifest)
        # Hashing lets go of the interpreter, and takes most of the time that loading takes.
        with ThreadPoolExecutor() as pool:
            checks = pool.map(partial(_check_file, directory), manifest.files.items())
            for _ in checks:  # raises for the first that is wrong
                pass
        for file in {program.file for program in manifest.programs.values()}:
            _check_package(directory, file, manifest)
        gates = {spec.name: _read_gates(directory, manifest, spec) for spec in manifest.gate_sets}
        return cls(directory, manifest, gates)

    def path(self, file: str) -> Path:
        """Where the file that the manifest calls `file` lies."""
        return self.directory / file

    def gate_set(self, name: str) -> GateSetSpec:
        """The manifest's entry of a gate set; LazyDiTError when there is none of that name."""
        for spec in self.manifest.gate_sets:
            if spec.name == name:
                return spec
        known = ", ".join(spec.name for spec in self.manifest.gate_sets) or "none"
        raise LazyDiTError(f"this bundle has no gate set {name}: choose from {known}")

    def gates(self, name: str) -> NDArray[np.float32]:
        """The weights of a gate set, read-only [steps, 2 * depth, width]."""
        return self._gates[self.gate_set(name).name]


def _check_file(directory: Path, file: tuple[str, FileEntry]) -> None:
    name, entry = file
    path = directory / name
    try:
        # A link may lead back into the bundle today and elsewhere tomorrow.
        if path.is_symlink() or not path.resolve().is_relative_to(directory.resolve()):
            raise LazyDiTError(
                f"{name} in {directory} is a link or leads out of the bundle: "
                "export the bundle again"
            )
        if not path.is_file():
            raise LazyDiTError(
                f"{name} is missing from {directory}, it may have been renamed: "
                "export the bundle again"
            )
        size = path.stat().st_size
        if size != entry.bytes:
            raise LazyDiTError(
                f"{name} in {directory} has {size} bytes instead of {entry.bytes}, "
                "it may be truncated: copy or export the bundle again"
            )
        digest = sha256(path)
    except OSError as error:
        raise LazyDiTError(
            f"{name} in {directory} cannot be read ({error.strerror}): check its permissions"
        ) from error
    if digest != entry.sha256:
        raise LazyDiTError(
            f"{name} in {directory} is not the file that was exported (its sha256 differs): "
            "copy or export the bundle again"
        )


def _check_package(directory: Path, file: str, manifest: Manifest) -> None:
    """Refuses a program's folder that holds more than the manifest lists: engines read it whole."""
    listed = {directory / name for name in manifest.files_in(file)}
    for path in (directory / file).rglob("*") if listed else ():
        if path not in listed and (path.is_symlink() or not path.is_dir()):
            raise LazyDiTError(
                f"{path.relative_to(directory).as_posix()} in {directory} is not listed in the "
                "manifest: remove it, or copy or export the bundle again"
            )


def _read_gates(directory: Path, manifest: Manifest, spec: GateSetSpec) -> NDArray[np.float32]:
    shape = (spec.steps, len(manifest.graph.modules), manifest.model.width)
    gates = np.fromfile(directory / spec.file, dtype="<f4").astype(np.float32, copy=False)
    gates = gates.reshape(shape)
    if not np.isfinite(gates).all():
        raise LazyDiTError(
            f"{spec.file} in {directory} holds values that are not finite: learn the gates again"
        )
    gates.flags.writeable = False
    return gates
