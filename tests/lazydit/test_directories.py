"""A directory is written whole or not at all."""

import os
import resource
import signal
from pathlib import Path

import pytest

from lazydit.directories import new_directory
from lazydit.errors import LazyDiTError


def write_bundle(out: Path, content: str, *, force: bool = False) -> None:
    with new_directory(out, force=force, mark="manifest.json") as directory:
        (directory / "gates").mkdir()
        (directory / "gates" / "10.f32").write_text(content)
        (directory / "manifest.json").write_text("{}")


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_writes_the_directory(tmp_path: Path) -> None:
    write_bundle(tmp_path / "out", "new")
    assert contents(tmp_path) == {"out/gates/10.f32": "new", "out/manifest.json": "{}"}


def test_an_existing_bundle_is_refused_and_replaced_with_force(tmp_path: Path) -> None:
    write_bundle(tmp_path / "out", "old")
    with pytest.raises(LazyDiTError, match="exists: choose another --out, or .* --force"):
        write_bundle(tmp_path / "out", "new")
    assert contents(tmp_path)["out/gates/10.f32"] == "old"
    write_bundle(tmp_path / "out", "new", force=True)
    assert contents(tmp_path) == {"out/gates/10.f32": "new", "out/manifest.json": "{}"}


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_force_replaces_nothing_of_another_kind(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "letter").write_text("dear")
    if kind == "file":
        out.write_text("dear")
    elif kind == "folder":
        (tmp_path / "precious").rename(out)
    else:
        out.symlink_to(tmp_path / "precious")
    before = contents(tmp_path)
    with pytest.raises(LazyDiTError, match="has no manifest.json, so --force does not"):
        write_bundle(out, "new", force=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, LazyDiTError, RuntimeError])
def test_whatever_fails_leaves_the_old_bundle_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    write_bundle(tmp_path / "out", "old")
    before = contents(tmp_path)
    with (
        pytest.raises(error),
        new_directory(tmp_path / "out", force=True, mark="manifest.json") as directory,
    ):
        (directory / "half").write_text("half")
        raise error("stop")
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("failing", [1, 2])
def test_an_interrupt_between_the_renames_puts_the_old_bundle_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    write_bundle(tmp_path / "out", "old")
    before = contents(tmp_path)
    rename, calls = Path.rename, 0

    def interrupted(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "out", "new", force=True)
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_came_to_the_place_meanwhile_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(LazyDiTError, match="exists"), new_directory(out, force=False) as directory:
        (directory / "manifest.json").write_text("{}")
        out.mkdir()
        (out / "letter").write_text("dear")
    assert contents(tmp_path) == {"out/letter": "dear"}


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LazyDiTError, match="cannot write .*No such file or directory"):
        write_bundle(tmp_path / "missing" / "out", "new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(LazyDiTError, match="cannot write .*Permission denied"):
        write_bundle(tmp_path / "out", "new")
    tmp_path.chmod(0o755)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_where_nothing_can_be_made_is_one_sentence() -> None:
    with pytest.raises(LazyDiTError, match="cannot write /proc/out"):
        write_bundle(Path("/proc/out"), "new")


def test_a_full_disk_leaves_the_old_bundle_and_nothing_else(tmp_path: Path) -> None:
    write_bundle(tmp_path / "out", "old")
    before = contents(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(LazyDiTError, match="cannot write .*has room"):
            write_bundle(tmp_path / "out", "x" * 2000, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_directory_of_no_kind_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(LazyDiTError, match="exists: choose another --out$"), new_directory(out):
        pass
    assert os.listdir(tmp_path) == ["out"]
