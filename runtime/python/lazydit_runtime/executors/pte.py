"""What the executors of .pte files have in common."""

from lazydit.errors import LazyDiTError
from lazydit_runtime.manifest import Manifest

LOG_LINE = r"(\[|[DIEF] [\d:.]+ executorch:)\w+\.cpp:\d+\] "
"""How ExecuTorch's log lines begin, from its Python binding and from the engine itself."""


def check_holds_pte(manifest: Manifest) -> None:
    """Raise LazyDiTError when the bundle's programs are of another engine."""
    if manifest.formats:
        raise LazyDiTError(
            f"this bundle is for target {manifest.target} and holds no ExecuTorch "
            "programs: choose another executor, or run lazydit-export --target android"
        )
