"""The folder that an analysis leaves: written whole or not at all."""

import os
import shutil
import tempfile
from pathlib import Path

from lazydit.analysis.plots import plots
from lazydit.analysis.schema import FILE_NAME, Analysis
from lazydit.errors import LazyDiTError
from lazydit.plots.theme import FORMATS, save_figure


def write_results(analysis: Analysis, out: Path) -> None:
    """Write the JSON and all plots (PNG and SVG) into the new folder `out`.

    Raises LazyDiTError when that cannot be done; nothing is left then.
    """
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name}."))
        temporary.chmod(0o755)
        (temporary / FILE_NAME).write_text(analysis.to_json(), encoding="utf-8")
        for plot in plots(analysis):
            for suffix in FORMATS:
                save_figure(plot.draw, temporary / f"{plot.name}{suffix}")
        os.rename(temporary, out)
    except OSError as error:
        raise LazyDiTError(
            f"cannot write {out} ({error.strerror or error}): choose an --out in a folder that "
            "exists, is writable and has room"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
