"""Sampling under policies: what is reused, what is traced, and how samples keep to themselves."""

import pytest
import torch

from lazydit.diffusion import Schedule, ddim_update, guide
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet
from lazydit.policies import Always, EveryN, FixedSchedule, Lazy
from lazydit.sampling import sample

STEPS = 6


@pytest.fixture
def model(random_dit):
    return random_dit()


def noise_for(labels, seed=0):
    return torch.randn(len(labels), 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def draw(model, policy, labels=(1, 4), guidance=2.0, seed=0):
    labels = torch.tensor(labels)
    noise = noise_for(labels, seed)
    return sample(model, labels, noise, Schedule.spaced(STEPS), policy, guidance)


def random_policy(model, max_reuse=None, size=0.05):
    random = torch.Generator().manual_seed(3)
    shape = (STEPS, model.config.num_modules, model.config.width)
    weights = torch.randn(shape, generator=random) * size
    timesteps = Schedule.spaced(STEPS).timesteps
    gates = GateSet(name="random", weights=weights, timesteps=timesteps, max_reuse=max_reuse)
    return Lazy.stored(gates)


@torch.no_grad()
def draw_with_whole_model_reuse(model, labels, noise, guidance, n):
    """Every-n written out: at a step that reuses, each module's output is the last one computed."""
    rows = torch.cat([labels, torch.full_like(labels, model.config.num_classes)])
    schedule = Schedule.spaced(STEPS)
    x, kept = noise, {}
    for step, timestep in enumerate(schedule.timesteps):

        def call(number, module, z, run=step % n == 0):
            if run:
                kept[number] = module(z)
            return kept[number]

        t = torch.full((len(rows),), timestep)
        cond, uncond = model(torch.cat([x, x]), t, rows, call).chunk(2)
        eps = guide(cond, uncond, guidance, 3)
        alpha, alpha_prev = schedule.alphas_cumprod[step], schedule.alphas_cumprod_prev[step]
        x = ddim_update(x, eps, alpha.item(), alpha_prev.item())
    return x


@pytest.mark.parametrize("n", [2, 3])
def test_every_n_reuses_the_outputs_of_the_last_step_that_ran(n, model):
    labels = torch.tensor([1, 4])
    expected = draw_with_whole_model_reuse(model, labels, noise_for(labels), 2.0, n)
    result = draw(model, EveryN(n))
    torch.testing.assert_close(result.latent, expected, atol=1e-5, rtol=1e-5)
    assert (result.latent - draw(model, Always()).latent).abs().max() > 1e-3


def test_what_is_cached_is_the_output_before_the_adaln_gate(model):
    # Reused at another timestep, the output is scaled by that timestep's gate.
    mask = torch.ones(STEPS, 4, dtype=torch.bool)
    mask[1, 0] = False
    seen = []
    handle = model.blocks[0].attn.register_forward_hook(lambda *call: seen.append(call[2]))
    inputs = []
    model.blocks[0].norm2.register_forward_pre_hook(lambda _, x: inputs.append(x[0]))
    before = []
    model.blocks[0].norm1.register_forward_pre_hook(lambda _, x: before.append(x[0]))
    conditions = []
    model.blocks[0].adaLN_modulation.register_forward_hook(lambda *call: conditions.append(call[2]))

    draw(model, FixedSchedule(mask))

    handle.remove()
    assert len(seen) == STEPS - 1
    gate = conditions[1].chunk(6, dim=1)[2].unsqueeze(1)
    torch.testing.assert_close(inputs[1], before[1] + gate * seen[0])


def test_the_first_step_runs_everything_and_has_no_scores(model):
    never = FixedSchedule(torch.zeros(STEPS, 4, dtype=torch.bool))
    assert draw(model, never).ran[0].all()
    assert not draw(model, never).ran[1:].any()
    result = draw(model, random_policy(model))
    assert result.ran[0].all() and result.scores[0].isnan().all()
    assert not result.scores[1:].isnan().any()


def test_no_gate_no_score(model):
    assert draw(model, EveryN(2)).scores.isnan().all()


def test_lazy_decisions_follow_the_scores(model):
    result = draw(model, random_policy(model))
    assert result.ran[1:].equal(result.scores[1:] >= 0.5)
    assert 0.1 < result.lazy_ratio < 0.9
    assert result.lazy_ratio == pytest.approx((~result.ran).sum().item() / result.ran.numel())


def test_conditional_and_unconditional_samples_decide_separately(model):
    ran = draw(model, random_policy(model)).ran
    assert ran.shape == (STEPS, 2, 2, 4)
    assert not ran[:, :, 0].equal(ran[:, :, 1])


def test_images_of_a_batch_do_not_influence_one_another(model):
    policy = random_policy(model)
    together = draw(model, policy, labels=(1, 4, 2))
    noise = noise_for((1, 4, 2))
    for image, label in enumerate((1, 4, 2)):
        alone = sample(
            model,
            torch.tensor([label]),
            noise[image : image + 1],
            Schedule.spaced(STEPS),
            policy,
            2.0,
        )
        assert alone.ran[:, 0].equal(together.ran[:, image])
        torch.testing.assert_close(alone.latent[0], together.latent[image], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("limit", [1, 2])
def test_max_reuse_makes_a_module_run_after_so_many_reuses(limit, model):
    never = FixedSchedule(torch.zeros(STEPS, 4, dtype=torch.bool), max_reuse=limit)
    ran = draw(model, never).ran
    expected = torch.tensor([step % (limit + 1) == 0 for step in range(STEPS)])
    assert ran.equal(expected.view(-1, 1, 1, 1).expand_as(ran))


def test_reuses_are_counted_per_sample_and_module(model):
    limited, free = (draw(model, random_policy(model, limit)) for limit in (1, None))
    assert not (~limited.ran[1:] & ~limited.ran[:-1]).any()
    assert (~free.ran[1:] & ~free.ran[:-1]).any()
    forced = limited.ran[1:] & (limited.scores[1:] < 0.5)
    assert forced.any()
    after_reuse = ~limited.ran[:-1]
    assert (after_reuse | ~forced).all()


def test_without_guidance_only_the_conditional_sample_is_computed(model):
    result = draw(model, random_policy(model), guidance=None)
    assert result.ran.shape == (STEPS, 2, 1, 4)
    # A scale of 1 is the conditional sample alone, computed the long way.
    guided_by_one = draw(model, Always(), guidance=1.0).latent
    conditional = draw(model, Always(), guidance=None).latent
    torch.testing.assert_close(conditional, guided_by_one, atol=1e-4, rtol=1e-4)


def test_sampling_twice_gives_the_same(model):
    first, second = (draw(model, random_policy(model)) for _ in range(2))
    assert first.latent.equal(second.latent)
    assert first.ran.equal(second.ran)


@pytest.mark.parametrize("label", [-1, 5])
def test_a_label_out_of_range_is_refused(label, model):
    with pytest.raises(LazyDiTError, match="from 0 to 4"):
        draw(model, Always(), labels=(0, label))


def test_noise_of_another_shape_is_refused(model):
    with pytest.raises(LazyDiTError, match=r"\(1, 3, 8, 8\)"):
        sample(
            model,
            torch.tensor([0]),
            torch.zeros(1, 4, 8, 8),
            Schedule.spaced(2),
            Always(),
            2.0,
        )


def test_the_trace_tells_extrapolated_outputs_from_held_ones(model):
    mask = torch.ones(STEPS, model.config.num_modules, dtype=torch.bool)
    mask[1, 0] = mask[3:5, 0] = False
    result = draw(model, FixedSchedule(mask, extrapolate=True))
    wanted = torch.zeros_like(mask)
    wanted[3:5, 0] = True  # at step 1 there was but one output
    assert (result.extrapolated == wanted[:, None, None]).all()
    held = draw(model, FixedSchedule(mask))
    assert not held.extrapolated.any()
    assert (held.latent - result.latent).abs().max() > 1e-4
