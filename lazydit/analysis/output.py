"""The folder that an analysis leaves: written whole or not at all."""

import os
import shutil
import tempfile
from pathlib import Path

from lazydit.analysis.plots import draw_plots
from lazydit.analysis.schema import FILE_NAME, Analysis
from lazydit.errors import LazyDiTError


def write_results(analysis: Analysis, out: Path) -> None:
    """Write the JSON and all plots (PNG and SVG) into the new folder `out`.

    Raises LazyDiTError when that cannot be done; nothing is left then.
    """
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name}."))
        temporary.chmod(0o755)
        (temporary / FILE_NAME).write_text(analysis.to_json(), encoding="utf-8")
        for name, figure in draw_plots(analysis):
            for suffix in ("png", "svg"):
                figure.savefig(temporary / f"{name}.{suffix}", bbox_inches="tight")
        os.rename(temporary, out)
    except OSError as error:
        raise LazyDiTError(
            f"cannot write {out} ({error.strerror or error}): choose an --out in a folder that "
            "exists, is writable and has room"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
