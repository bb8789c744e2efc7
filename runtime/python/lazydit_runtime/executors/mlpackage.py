"""What the executors of Core ML packages have in common."""

from pathlib import Path, PurePosixPath

from lazydit.errors import LazyDiTError
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.manifest import Manifest, ProgramSpec

FORMAT = "coreml_specification"
"""The manifest's name for the version of Core ML's model format."""

SPECIFICATIONS = {8: "iOS 17", 9: "iOS 18"}
"""The versions that are known, and the systems that they came with."""

_SUFFIX = ".mlpackage"


def check_holds_packages(manifest: Manifest) -> None:
    """Raise LazyDiTError when the bundle's programs are of another engine or an unknown version."""
    version = manifest.formats.get(FORMAT)
    if version is None:
        raise LazyDiTError(
            f"this bundle is for target {manifest.target} and holds no Core ML programs: choose "
            "another executor, or run lazydit-export --target ios"
        )
    if version not in SPECIFICATIONS:
        known = " and ".join(map(str, SPECIFICATIONS))
        raise LazyDiTError(
            f"this bundle has {FORMAT} {version}, this runtime knows {known}: "
            "update lazydit, or export the bundle again"
        )


def package_path(bundle: Bundle, spec: ProgramSpec) -> Path:
    """The package that holds a program: a folder, of which the manifest names one file."""
    inside = PurePosixPath(spec.file)
    for folder in (inside, *inside.parents):
        if folder.suffix == _SUFFIX:
            return bundle.path(str(folder))
    raise LazyDiTError(
        f"{spec.file} in {bundle.directory} lies in no {_SUFFIX} folder: export the bundle again"
    )
