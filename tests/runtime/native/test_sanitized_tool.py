"""lazydit-run under the address and undefined-behaviour sanitizers, on a bundle that export made.

The sanitizers end the process with another exit code and many lines, leaks at its end included.
"""

import hashlib
import json
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import TOOLS, SmallBundle

TOOL = TOOLS.parent / "core-tests" / "lazydit-run"

pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="not built: run make test-core")


def start(
    bundle: Path, folder: Path, *options: object, limit: Callable[[], None] | None = None
) -> "subprocess.Popen[str]":
    command = [TOOL, "--bundle", bundle, "--out", folder / "image.png", *options]
    return subprocess.Popen(
        list(map(str, command)), stderr=subprocess.PIPE, text=True, preexec_fn=limit
    )


def test_loads_with_and_without_packed_weights_are_clean(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    for _ in range(2):
        process = start(small_bundle.directory, tmp_path, "--weight-cache", tmp_path / "weights")
        assert process.communicate(timeout=60) == (None, "") and process.returncode == 0
    assert len(list((tmp_path / "weights").iterdir())) == 2


def test_program_that_cannot_be_loaded_is_a_sentence(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(small_bundle.directory, bundle)
    content = (bundle / "programs.pte").read_bytes()[:-4096]
    (bundle / "programs.pte").write_bytes(content)
    manifest = json.loads((bundle / "manifest.json").read_text())
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"]["programs.pte"] = {"bytes": len(content), "sha256": digest}
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    process = start(bundle, tmp_path, "--weight-cache", tmp_path / "weights")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert stderr.startswith("error: ExecuTorch cannot") and stderr.count("\n") == 1
    assert not (tmp_path / "image.png").exists()


@pytest.mark.parametrize("milliseconds", [0, 30, 60, 120, 240])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_at_any_time_leaves_nothing_half_written(
    small_bundle: SmallBundle, tmp_path: Path, milliseconds: int, number: signal.Signals
) -> None:
    options = ("--policy", "always", "--steps", 1000, "--trace", tmp_path / "trace.json")
    process = start(small_bundle.directory, tmp_path, *options)
    while not handles(number, process.pid):
        time.sleep(0.001)
    time.sleep(milliseconds / 1000)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    left = sorted(path.name for path in tmp_path.iterdir())
    interrupted = (130, "interrupted\n", [])
    # The latest signals find a fast machine at its end.
    whole = (0, "", ["image.png", "trace.json"])
    assert (process.returncode, stderr, left) in (
        [interrupted, whole] if milliseconds else [interrupted]
    )


def handles(number: signal.Signals, process: int) -> bool:
    """Whether the process has set a handler for the signal yet."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def test_disk_that_takes_no_image_is_a_sentence(small_bundle: SmallBundle, tmp_path: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))

    process = start(small_bundle.directory, tmp_path, limit=limit)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert stderr.startswith(f"error: cannot write {tmp_path}/image.png (File too large)")
    assert list(tmp_path.iterdir()) == []
