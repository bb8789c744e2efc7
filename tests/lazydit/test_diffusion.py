"""Timesteps, DDIM and guidance, against the published lists and the scheduler of diffusers."""

import pytest
import torch
from diffusers import DDIMScheduler

from lazydit.diffusion import Schedule, guide
from lazydit.errors import LazyDiTError
from lazydit.policies import Always
from lazydit.sampling import sample

# space_timesteps(1000, "N") of the published DiT code, in sampling order.
PUBLISHED = {
    10: [999, 888, 777, 666, 555, 444, 333, 222, 111, 0],
    20: [
        *[999, 946, 894, 841, 789, 736, 684, 631, 578, 526],
        *[473, 421, 368, 315, 263, 210, 158, 105, 53, 0],
    ],
}


@pytest.mark.parametrize("steps", PUBLISHED)
def test_timesteps_are_the_published_ones(steps):
    assert list(Schedule.spaced(steps).timesteps) == PUBLISHED[steps]


@pytest.mark.parametrize("steps", [2, 3, 7, 50, 250, 1000])
def test_timesteps_descend_from_the_last_to_the_first(steps):
    timesteps = Schedule.spaced(steps).timesteps
    assert len(timesteps) == steps
    assert timesteps[0] == 999 and timesteps[-1] == 0
    gaps = {before - after for before, after in zip(timesteps, timesteps[1:], strict=False)}
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_impossible_step_counts_are_refused(steps):
    with pytest.raises(LazyDiTError, match="choose from 1 to 1000"):
        Schedule.spaced(steps)


def test_noise_levels_are_those_of_diffusers():
    expected = ddim_scheduler().alphas_cumprod.double()
    schedule = Schedule.spaced(50)
    torch.testing.assert_close(
        schedule.alphas_cumprod, expected[list(schedule.timesteps)], atol=1e-6, rtol=1e-5
    )
    assert schedule.alphas_cumprod_prev[:-1].equal(schedule.alphas_cumprod[1:])
    assert schedule.alphas_cumprod_prev[-1] == 1.0


@pytest.mark.parametrize("learn_sigma", [True, False])
@pytest.mark.parametrize("guidance_channels", [3, None])
def test_guided_trajectory_equals_diffusers(
    learn_sigma, guidance_channels, random_dit, as_diffusers
):
    model = random_dit(in_channels=4, learn_sigma=learn_sigma, guidance_channels=guidance_channels)
    labels = torch.tensor([1, 3])
    noise = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))

    ours = sample(model, labels, noise, Schedule.spaced(10), Always(), guidance=4.0).latent
    theirs = guided_ddim(as_diffusers(model), labels, noise, 4.0, guidance_channels or 4)

    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_guidance_leaves_the_other_channels_conditional():
    cond, uncond = torch.randn(1, 4, 2, 2), torch.randn(1, 4, 2, 2)
    mixed = guide(cond, uncond, 2.0, 3)
    torch.testing.assert_close(mixed[:, :3], 2 * cond[:, :3] - uncond[:, :3])
    assert mixed[:, 3].equal(cond[:, 3])


def ddim_scheduler() -> DDIMScheduler:
    return DDIMScheduler(beta_schedule="linear", clip_sample=False, timestep_spacing="linspace")


@torch.no_grad()
def guided_ddim(model, labels, noise, guidance, guided_channels):
    """Ten guided DDIM steps of diffusers."""
    scheduler = ddim_scheduler()
    scheduler.set_timesteps(10)
    # The scheduler takes the next timestep to be 1000 // num_inference_steps lower: 111.
    scheduler.num_inference_steps = 9
    x, rows = noise, torch.cat([labels, torch.full_like(labels, 5)])
    for timestep in scheduler.timesteps:
        output = model(torch.cat([x, x]), timestep.expand(len(rows)), rows).sample[:, :4]
        cond, uncond = output.chunk(2)
        eps = cond.clone()
        eps[:, :guided_channels] = uncond[:, :guided_channels] + guidance * (
            cond[:, :guided_channels] - uncond[:, :guided_channels]
        )
        x = scheduler.step(eps, timestep, x).prev_sample
    return x
