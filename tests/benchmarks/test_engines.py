"""Engines in processes of their own: what becomes of those that fail."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from conductor import EngineFailed
from contestants import bring_to_start
from device import Host
from measurement import Timed
from protocol import BUNDLE, Case, EngineSpec
from rounds import run_rounds

CASE = Case("every-n", 4)


@pytest.fixture
def spec(small_bundle) -> EngineSpec:
    return EngineSpec(
        kind=BUNDLE,
        name="executorch",
        threads=1,
        bundle=str(small_bundle.directory),
        guidance=3.0,
    )


def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    spec = EngineSpec(
        kind="torch", name="torch", threads=1, checkpoint="nothing.pt", latent_shape=(3, 8, 8)
    )
    with ExitStack() as stack:
        contestant = bring_to_start(Host().start, spec, tmp_path, stack)
    assert contestant.failure == "there is no checkpoint at nothing.pt: check the path"
    assert contestant.process is None


@pytest.mark.parametrize("error", [0.02, float("nan")])
def test_a_peer_that_computes_something_else_does_not_take_part(
    error: float, spec: EngineSpec, tmp_path: Path
) -> None:
    answers = {"prepare": {"made": None}, "load": {"load_ms": 1.0}, "check": {"error": error}}
    process = MagicMock(name="EngineProcess")
    process.return_value.__enter__.return_value.ask = lambda do, **_: answers[do]
    with ExitStack() as stack:
        contestant = bring_to_start(process, spec, tmp_path, stack)
    assert contestant.failure is not None
    assert "its output differs from PyTorch's by" in contestant.failure


def test_a_process_that_dies_fails_with_its_signal(spec: EngineSpec, tmp_path: Path) -> None:
    with Host().start(spec, tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(EngineFailed, match="SIGKILL"):
            process.ask("load", cold=False)


def test_rounds_go_on_without_an_engine_that_failed(spec: EngineSpec, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        good, bad = (bring_to_start(Host().start, spec, folder, stack) for folder in folders)
        entries = [Timed(good, CASE), Timed(bad, Case("lazy", 4, "no such gates"))]
        settled: list[int] = []
        drawn = entries[0].images
        run_rounds(
            entries, 2, num_classes=5, settle=lambda: settled.append(len(drawn)), done=lambda: None
        )
        good.note_peak()
    assert settled == [0, 1], "before every round"
    assert [len(entry.images) for entry in entries] == [2, 0]
    assert bad.failure is not None and "no such gates" in bad.failure
    image = entries[0].images[0]
    # 4 steps of 2 modules of each kind for 2 samples, half of them reused.
    assert image.runs == {"attn": 8, "mlp": 8}
    assert image.lazy_ratio == 0.5
    assert len(image.step_ms) == 4 and sum(image.step_ms) <= image.image_ms
    assert good.peak_mb is not None and good.peak_mb > 0
    assert good.load_cold_ms is not None and good.load_warm_ms is not None
