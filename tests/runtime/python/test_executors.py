"""Finding executors by name."""

from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Pipeline, executors


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("mine", "pathlib:Path", executors.GROUP),
        EntryPoint("broken", "engine_that_nobody_has.adapter:Executor", executors.GROUP),
    ]
    monkeypatch.setattr(executors, "entry_points", lambda group: points)


@pytest.mark.usefixtures("registered")
def test_executor_is_found_by_the_name_of_its_entry_point() -> None:
    from pathlib import Path

    assert executors.find_executor("mine") is Path


@pytest.mark.usefixtures("registered")
def test_unknown_executor_names_those_there_are() -> None:
    with pytest.raises(LazyDiTError) as caught:
        executors.find_executor("yours")
    assert str(caught.value) == "there is no executor yours: choose from broken, mine"


@pytest.mark.usefixtures("registered")
def test_executor_whose_engine_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(LazyDiTError, match="pip install engine_that_nobody_has"):
        executors.find_executor("broken")


def test_pipeline_refuses_an_executor_that_nobody_registered(toy_bundle: Any) -> None:
    with pytest.raises(LazyDiTError, match="no executor vapour"):
        Pipeline.load(toy_bundle.directory, executor="vapour")


def test_device_goes_to_an_executor_that_has_several(
    toy: Any, toy_bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Manifold(toy.Executor):
        opened: ClassVar[list[str]] = []

        @classmethod
        def open_on(cls, bundle: Any, device: str, **_: Any) -> "Manifold":
            cls.opened.append(device)
            return cls()

    monkeypatch.setattr(executors, "find_executor", {"mine": Manifold, "toy": toy.Executor}.get)
    Pipeline.load(toy_bundle.directory, executor="mine:fastest")
    Pipeline.load(toy_bundle.directory, executor="mine")
    assert Manifold.opened == ["fastest"]
    with pytest.raises(LazyDiTError, match="executor toy has no devices to choose from"):
        Pipeline.load(toy_bundle.directory, executor="toy:fastest")


def test_pipeline_refuses_to_run_on_no_threads(toy_bundle: Any) -> None:
    with pytest.raises(LazyDiTError, match="0 threads"):
        Pipeline.load(toy_bundle.directory, threads=0)
