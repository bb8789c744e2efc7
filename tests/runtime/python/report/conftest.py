"""A report on a small bundle with everything in it, opened in a real browser."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from typer.testing import CliRunner

from lazydit.analysis.run import AnalysisRecipe, AnalysisRun
from lazydit.checkpoints import checkpoint_sha256
from lazydit.cli import app
from lazydit.quality import Comparison, Estimate, ImageTime, PolicyQuality, QualityRun
from tests.quality_runs import estimate, policy_quality
from tests.quality_runs import quality_run as make_run

SCREENSHOTS = Path(__file__).parents[4] / "build" / "screenshots"


def policy(policy: str, steps: int, error: float, ms: float, **changes: Any) -> PolicyQuality:
    return policy_quality(
        policy,
        steps,
        error=estimate(error),
        image_ms=ImageTime(ms, 0.9 * ms, 1.1 * ms),
        multiply_adds=steps * 1e6,
        **changes,
    )


@pytest.fixture(scope="session")
def quality_run(small_bundle) -> QualityRun:
    better = Comparison("modules", 4.0, Estimate(0.71, 0.6, 0.8), None, None)
    lazy = {"name": "lazy 6-r50", "gates": "6-r50", "lazy_ratio": 0.5, "comparisons": (better,)}
    return make_run(
        policy("always", 4, 0.02, 4.0),
        policy("always", 6, 0.01, 6.0),
        policy("lazy", 6, 0.015, 4.2, **lazy),
        model="small",
        checkpoint_sha256=checkpoint_sha256(small_bundle.checkpoint),
        doubts=("This run was made up for a test.",),
    )


@pytest.fixture(scope="session")
def files(small_bundle, quality_run, tmp_path_factory) -> dict[str, Path]:
    """What a report is made of beside the bundle, by the options' names."""
    folder = tmp_path_factory.mktemp("measured")
    sha256 = checkpoint_sha256(small_bundle.checkpoint)
    quality_run.write(folder / "quality.json")
    recipe = AnalysisRecipe(model="small", steps=6, images=8, batch_size=4, sha256=sha256)
    gates = [small_bundle.gate_sets[0]]
    AnalysisRun(
        small_bundle.model, gates, recipe, folder / "analysis", torch.device("cpu")
    ).finish()
    row = {"engine": "executorch", "policy": "always", "steps": 6, "image_ms": 12.25}
    latency = {"checkpoint_sha256": sha256, "processor": "P", "rounds": 7, "rows": [row]}
    (folder / "latency.json").write_text(json.dumps(latency))
    return {
        "quality": folder / "quality.json",
        "analysis": folder / "analysis" / "analysis.json",
        "latency": folder / "latency.json",
    }


def run_report(bundle: Path, out: Path, *options: object) -> str:
    """`lazydit report` to its end; what it printed."""
    arguments = ["report", str(bundle), "--out", str(out), *map(str, options)]
    outcome = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


@pytest.fixture(scope="session")
def page(small_bundle, files, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("report") / "report.html"
    options = [part for name, path in files.items() for part in (f"--{name}", path)]
    run_report(small_bundle.directory, out, "--steps", 6, "--label", "0-2", *options)
    return out


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[Chrome]:
    """Headless Chromium without a network."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("Chromium and its driver are not installed")
    options = ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = Chrome(options=options, service=ChromeService(driver))
    yield started
    started.quit()
