"""Checkpoints, gates, scores, decisions and latents against the paper's public reference code."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch

from lazydit.checkpoints import load_checkpoint
from lazydit.diffusion import Schedule
from lazydit.gates import load_gates, save_reference_gates
from lazydit.policies import Lazy
from lazydit.sampling import sample

FOLDER = Path(__file__).parents[1] / "data" / "reference"
HEADS = 4
CASES = [
    (steps, case) for steps in (7, 10) for case in ((1, 11, 4.0), (9, 12, 1.5))
]  # label, seed, guidance


@pytest.mark.parametrize("steps", [7, 10])
def test_timesteps_are_those_of_the_reference(steps):
    expected = np.load(FOLDER / f"expected_{steps}.npz")["timestep_map"]
    assert list(Schedule.spaced(steps).timesteps) == expected[::-1].tolist()
    (gates,) = load_gates(FOLDER / f"gates_{steps}.pt")
    assert list(gates.timesteps) == expected[::-1].tolist()


@pytest.mark.parametrize(("steps", "case"), CASES)
def test_scores_decisions_and_latents_are_those_of_the_reference(steps, case):
    expected = np.load(FOLDER / f"expected_{steps}.npz")
    label, seed, guidance = case
    name = f"{label}_{seed}_{guidance}"
    scores = torch.from_numpy(expected[f"scores_{name}"])  # [T-1, 2L, S]

    result = run_reference_case(steps, label, seed, guidance)

    assert result.scores[0].isnan().all() and result.ran[0].all()
    ours = result.scores[1:, 0].transpose(1, 2)
    torch.testing.assert_close(ours, scores, atol=1e-4, rtol=0)
    assert result.ran[1:, 0].transpose(1, 2).equal(scores >= 0.5)
    assert 0 < result.lazy_ratio < 1
    latent = torch.from_numpy(expected[f"latent_{name}"])
    torch.testing.assert_close(result.latent[0], latent, atol=1e-3, rtol=0)


def test_gates_written_in_the_reference_format_have_its_names_and_values(tmp_path):
    source = torch_load(FOLDER / "gates_7.pt")
    (gates,) = load_gates(FOLDER / "gates_7.pt")

    save_reference_gates(gates, tmp_path / "gates.pt")

    written = torch_load(tmp_path / "gates.pt")
    assert set(written) == set(source)
    assert set(written["model"]) == set(source["model"])
    for key, weight in source["model"].items():
        assert written["model"][key].equal(weight)


def run_reference_case(steps, label, seed, guidance):
    model = load_checkpoint(FOLDER / f"dit_{steps}.pt", heads=HEADS)
    (gates,) = load_gates(FOLDER / f"gates_{steps}.pt")
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(seed))
    schedule = Schedule.spaced(steps)
    return sample(model, torch.tensor([label]), noise, schedule, Lazy.stored(gates), guidance)


def torch_load(path):
    with torch.serialization.safe_globals([argparse.Namespace]):
        return torch.load(path, weights_only=True)
