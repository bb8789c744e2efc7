"""Packed weights on the disk: found again, not used when damaged, never in the way."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Bundle, Pipeline
from lazydit_runtime.executors.native_library import NativePrograms, Place
from lazydit_runtime.executors.weight_cache import weight_cache_folder

MONTH = 30 * 24 * 3600

# Prints the image of a generation with the bundle and the cache of the environment.
GENERATE = """
import sys
from lazydit_runtime import Pipeline
with Pipeline.load(sys.argv[1]) as pipeline:
    print(pipeline.generate(2, seed=5, steps=4, policy="always").latent.tobytes().hex())
"""


@pytest.fixture(scope="module")
def bundle(small_bundle: Any) -> Bundle:
    return Bundle.open(small_bundle.directory)


@pytest.fixture(scope="module")
def expected(bundle: Bundle) -> np.ndarray:
    """The image without a cache."""
    return image(bundle)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "weights"
    monkeypatch.setenv("LAZYDIT_WEIGHT_CACHE", str(folder))
    yield folder


def image(bundle: Bundle) -> np.ndarray:
    with Pipeline.load(bundle.directory) as pipeline:
        return pipeline.generate(2, seed=5, steps=4, policy="always").latent


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_weights_are_written_once_and_change_nothing(
    bundle: Bundle, cache: Path, expected: np.ndarray
) -> None:
    first = image(bundle)
    written = content(cache)
    second = image(bundle)
    assert content(cache) == written
    files = ("condition.pte", "programs.pte")
    assert sorted(name[:64] for name in written) == sorted(
        bundle.manifest.files[file].sha256 for file in files
    )
    np.testing.assert_array_equal(first, expected)
    np.testing.assert_array_equal(second, expected)


def test_second_load_maps_the_file_and_packs_nothing(bundle: Bundle, cache: Path) -> None:
    image(bundle)
    with Pipeline.load(bundle.directory):
        mapped = Path("/proc/self/maps").read_text()
    assert all(str(file) in mapped for file in cache.iterdir())
    assert "memfd:lazydit" not in mapped


@pytest.mark.parametrize("position", [0, 1000, -1])
def test_damaged_file_is_thrown_away(
    bundle: Bundle, cache: Path, expected: np.ndarray, position: int
) -> None:
    image(bundle)
    written = content(cache)
    name, data = next(iter(written.items()))
    damaged = bytearray(data)
    damaged[position] ^= 1
    (cache / name).chmod(0o600)
    (cache / name).write_bytes(damaged)
    np.testing.assert_array_equal(image(bundle), expected)
    assert content(cache) == written


def test_truncated_file_is_thrown_away(bundle: Bundle, cache: Path, expected: np.ndarray) -> None:
    image(bundle)
    written = content(cache)
    file = next(cache.iterdir())
    os.truncate(file, file.stat().st_size // 2)
    np.testing.assert_array_equal(image(bundle), expected)
    assert content(cache) == written


def test_what_nobody_used_for_a_month_is_removed(bundle: Bundle, cache: Path) -> None:
    cache.mkdir()
    ages = {"old.weights": MONTH + 60, "new.weights": MONTH - 60, "killed.unfinished": MONTH + 60}
    ages["notes.txt"] = 2 * MONTH
    for name, age in ages.items():
        (cache / name).touch()
        then = (cache / name).stat().st_mtime - age
        os.utime(cache / name, (then, then))
    image(bundle)
    left = set(content(cache)) & set(ages)
    assert left == {"new.weights", "notes.txt"}


def test_use_makes_a_file_young_again(bundle: Bundle, cache: Path) -> None:
    image(bundle)
    for file in cache.iterdir():
        os.utime(file, (0, 0))
    image(bundle)
    assert all(file.stat().st_mtime > 0 for file in cache.iterdir())


def test_folder_that_cannot_be_made_is_done_without(
    bundle: Bundle, cache: Path, expected: np.ndarray
) -> None:
    cache.write_text("in the way")
    np.testing.assert_array_equal(image(bundle), expected)
    assert cache.read_text() == "in the way"


def test_load_that_fails_keeps_nothing(bundle: Bundle, cache: Path) -> None:
    file = bundle.path("programs.pte")
    digest = bundle.manifest.files["programs.pte"].sha256
    wrong = [Place(file, "embed", digest), Place(file, "gone", digest)]
    with pytest.raises(LazyDiTError, match="method gone"):
        NativePrograms(wrong, None, cache)
    assert not cache.exists()


def generating(bundle: Bundle, **options: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", GENERATE, str(bundle.directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def test_limit_on_file_sizes_is_done_without(
    bundle: Bundle, cache: Path, expected: np.ndarray
) -> None:
    def limit() -> None:
        # Python ignores this signal and would pass that on.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    process = generating(bundle, preexec_fn=limit)
    output, _ = process.communicate(timeout=60)
    assert output.strip() == expected.tobytes().hex()
    assert process.returncode == 0
    assert not cache.exists()


def test_processes_may_write_at_the_same_time(
    bundle: Bundle, cache: Path, expected: np.ndarray
) -> None:
    processes = [generating(bundle) for _ in range(3)]
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert output.strip() == expected.tobytes().hex()
        assert process.returncode == 0
    assert len(content(cache)) == 2
    np.testing.assert_array_equal(image(bundle), expected)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_disk_that_is_full_is_done_without(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: np.ndarray
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], stderr=subprocess.DEVNULL
    )
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount")
    try:
        monkeypatch.setenv("LAZYDIT_WEIGHT_CACHE", str(disk))
        process = generating(bundle)
        output, _ = process.communicate(timeout=60)
        assert output.strip() == expected.tobytes().hex()
        assert process.returncode == 0
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_folder_is_the_user_s_own_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("LAZYDIT_WEIGHT_CACHE", raising=False)
    for caches, folder in (
        ("", "/home/ada/.cache/lazydit/weights"),
        ("caches", "/home/ada/.cache/lazydit/weights"),
        ("/var/caches", "/var/caches/lazydit/weights"),
    ):
        monkeypatch.setenv("XDG_CACHE_HOME", caches)
        assert weight_cache_folder() == Path(folder)
    monkeypatch.setenv("LAZYDIT_WEIGHT_CACHE", "/elsewhere")
    assert weight_cache_folder() == Path("/elsewhere")
    monkeypatch.setenv("LAZYDIT_WEIGHT_CACHE", "off")
    assert weight_cache_folder() is None


def test_images_with_kept_weights_say_nothing(bundle: Bundle, cache: Path) -> None:
    # In a process without the engine's Python binding, which has its own idea of what to tell.
    # Condition is loaded again for the second image.
    twice = f"{GENERATE}    pipeline.generate(3, steps=4)\n"
    for _ in range(2):
        command = [sys.executable, "-c", twice, str(bundle.directory)]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stderr == b""
