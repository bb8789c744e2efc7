"""The demo's gate sets: complete, for the demo model, and as lazy as they say."""

import pytest
import torch

from lazydit.checkpoints import load_checkpoint
from lazydit.demo import demo_checkpoint, demo_gates
from lazydit.diffusion import Schedule
from lazydit.gates import gate_set_name, load_gates
from lazydit.policies import Lazy
from lazydit.sampling import sample

IMAGES = 8
NAMES = ["10-r15", "10-r30", "10-r50", "20-r15", "20-r30", "20-r50"]


def test_there_is_one_file_a_set_in_order_of_steps_and_target():
    sets = [gates for path in demo_gates() for gates in load_gates(path)]
    assert [gates.name for gates in sets] == NAMES == [path.stem for path in demo_gates()]
    assert [gate_set_name(gates.steps, gates.target_ratio) for gates in sets] == NAMES


def test_weights_and_gates_stay_small():
    assert sum(path.stat().st_size for path in (demo_checkpoint(), *demo_gates())) <= 12e6


@pytest.mark.parametrize("path", demo_gates(), ids=lambda path: path.stem)
def test_sampling_is_as_lazy_as_the_gates_were_learned_to_be(path):
    (gates,) = load_gates(path)
    model = load_checkpoint(demo_checkpoint())
    random = torch.Generator().manual_seed(5)
    noise = torch.randn(IMAGES, 3, 32, 32, generator=random)
    schedule = Schedule.spaced(gates.steps)
    result = sample(model, torch.arange(IMAGES), noise, schedule, Lazy.stored(gates), 3.0)
    assert result.lazy_ratio == pytest.approx(gates.target_ratio, abs=0.03)
