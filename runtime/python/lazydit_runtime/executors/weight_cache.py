"""Where the native library keeps the weights as the engine packs them for this processor."""

import os
from pathlib import Path

VARIABLE = "LAZYDIT_WEIGHT_CACHE"
"""The environment variable that names another folder, or is "off"."""


def weight_cache_folder() -> Path | None:
    """The folder, or None for no cache: a user's own, as the XDG base directories have it."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen:
        return None if chosen == "off" else Path(chosen)
    caches = os.environ.get("XDG_CACHE_HOME", "")
    # The specification has relative paths ignored.
    home = Path(caches) if os.path.isabs(caches) else Path("~/.cache").expanduser()
    return home / "lazydit" / "weights"
