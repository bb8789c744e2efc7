"""The tools on an emulated 64-bit Arm processor: its kernels decide and draw the same."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import TOOLS, SmallBundle, run_tool

ARM_TOOLS = TOOLS.parent / "arm"
EMULATOR = ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"]
LEAST_PSNR = 80.0
PEAK = 2.0  # latents that are images lie in [-1, 1]


def run_on_arm(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [*EMULATOR, ARM_TOOLS / "lazydit-run", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("policy", ["lazy", "always"])
def test_decisions_and_image_are_those_of_x86(
    small_bundle: SmallBundle, tmp_path: Path, policy: str
) -> None:
    options = ["--bundle", small_bundle.directory, "--label", 2, "--seed", 5, "--steps", 4]
    options += ["--policy", policy, "--weight-cache", tmp_path / "weights"]
    here = [*options, "--out", tmp_path / "x86.f32", "--trace", tmp_path / "x86.json"]
    assert run_tool("lazydit-run", *here).code == 0
    latents, decisions = [np.fromfile(tmp_path / "x86.f32", "<f4")], []
    # The second time the packed weights of the first are mapped.
    for run in range(2):
        out, trace = tmp_path / f"arm{run}.f32", tmp_path / f"arm{run}.json"
        done = run_on_arm(*options, "--out", out, "--trace", trace)
        assert (done.returncode, done.stderr) == (0, "")
        latents.append(np.fromfile(out, "<f4"))
    for name in ("x86", "arm0", "arm1"):
        (image,) = json.loads((tmp_path / f"{name}.json").read_text())["images"]
        decisions.append(image["trace"]["ran"])
    assert decisions[1:] == [decisions[0]] * 2
    np.testing.assert_array_equal(latents[1], latents[2])
    error = float(np.mean((latents[1] - latents[0]) ** 2))
    psnr = 10 * np.log10(PEAK**2 / error)
    assert psnr >= LEAST_PSNR, psnr
    # Of both .pte files one for each processor.
    assert len(list((tmp_path / "weights").iterdir())) == 4


def test_damaged_bundle_is_refused_with_the_same_sentence(
    small_bundle: SmallBundle, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_bytes(
        (small_bundle.directory / "manifest.json").read_bytes()
    )
    arguments = ["--bundle", tmp_path, "--out", tmp_path / "image.png"]
    done = run_on_arm(*arguments)
    assert done.returncode == 2
    assert done.stderr == f"error: {run_tool('lazydit-run', *arguments).sentence}\n"
