"""What is said where the native library, or the engine that it was built for, is not there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Pipeline
from lazydit_runtime.executors import native_library


@pytest.fixture(autouse=True)
def loaded_anew() -> Iterator[None]:
    native_library._library.cache_clear()
    yield
    native_library._library.cache_clear()


def refusal(bundle: Any) -> str:
    with pytest.raises(LazyDiTError) as caught:
        Pipeline.load(bundle.directory)
    return str(caught.value)


def test_library_that_was_not_built(
    small_bundle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_library, "LIBRARY", tmp_path / "liblazydit_native.so")
    sentence = refusal(small_bundle)
    assert "liblazydit_native.so" in sentence and "pip install ." in sentence


def test_engine_that_is_not_installed(small_bundle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_library, "find_spec", lambda name: None)
    assert "pip install 'executorch==1.5.*'" in refusal(small_bundle)


def test_engine_of_another_version(small_bundle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_library, "version", lambda name: "1.5.99")
    sentence = refusal(small_bundle)
    assert "was built for ExecuTorch 1.5." in sentence and "1.5.99 is installed" in sentence
