"""Learning gates: the error that reuse causes against a penalty on scores, backbone frozen.

The loss is that of Shen et al., "LazyDiT: Lazy Learning for the Acceleration of Diffusion
Transformers", 2025: in a lazy step that follows a full one, the mean squared error of the output,
mixed by the scores (`chains`), against the full output, plus one penalty times the sum of the
scores of attention and another times that of feedforward. Three things differ:

- Up to three lazy steps (or `max_reuse`) follow a full one at any step, not one at every second
  step, and the loss is the mean over them.
- The error is that of eps, times the square of its factor in the DDIM update, so that errors of
  different steps can be compared (`chains.ChainSteps`).
- With a target ratio, the penalties are regulated to it while gates learn, and all logits are
  shifted alike afterwards (`regulation`).
"""

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lazydit.chains import ChainResult, ChainSteps, draw_chains, walk_chains
from lazydit.data import LabelledImages
from lazydit.diffusion import Schedule
from lazydit.distributed import Interrupt, Workers, autocast_pays
from lazydit.errors import LazyDiTError
from lazydit.files import check_writable
from lazydit.gates import GateSet, gate_set_name, save_gates
from lazydit.learn_recipe import LearnProgress, LearnRecipe
from lazydit.models.dit import DiT
from lazydit.regulation import Measurement, Penalties, Shift, measure, starting_penalty
from lazydit.self_images import COUNT, SelfImages
from lazydit.states import load_state, remove_state, save_state

MEASURE_EVERY = 20
SAVE_EVERY = 100
SETTLED = 0.01
SETTLING_ROUNDS = 16
SENSITIVITY_BATCHES = 4


def learn(
    model: DiT,
    data: LabelledImages | None,
    recipe: LearnRecipe,
    out: Path,
    workers: Workers,
    report: Callable[[LearnProgress], None] = lambda _: None,
) -> float:
    """Learn one gate set and write it to `out`; returns its measured lazy ratio.

    `data` None learns on images that the model draws itself. Goes on where an earlier run stopped.
    On ctrl-C the state is saved and KeyboardInterrupt raised. Raises LazyDiTError when the lazy
    ratio does not settle at the target.
    """
    workers.check_batch_size(recipe.batch_size)
    check_writable(out, ".safetensors")
    run = _Run(model, data, recipe, out, workers)
    with Interrupt() as interrupt:
        while not run.finished:
            report(run.advance())
            stop = interrupt.asked(workers)
            if workers.main and (stop or run.iteration % SAVE_EVERY == 0):
                run.save()
            if stop and not run.finished:
                raise KeyboardInterrupt
    try:
        ratio = run.settled_ratio()
    except LazyDiTError:
        # Nothing is left to go on with, and the state would refuse the recipe that helps.
        if workers.main:
            remove_state(out)
        raise
    if workers.main:
        save_gates([run.gate_set(gate_set_name(recipe.steps, recipe.target_ratio or ratio))], out)
        remove_state(out)
    return ratio


class _Run:
    """A learning run between two iterations.

    Its gates are `gates` + `shift.value` * `directions`; the shift stays 0 while `gates` learn.
    """

    def __init__(
        self,
        model: DiT,
        data: LabelledImages | None,
        recipe: LearnRecipe,
        out: Path,
        workers: Workers,
    ) -> None:
        self.model = model.to(workers.device).requires_grad_(False).eval()
        self.recipe, self.out, self.workers = recipe, out, workers
        self.drawing = (
            SelfImages(self.model, recipe.guidance, recipe.seed, workers) if data is None else None
        )
        self.data: LabelledImages = self.drawing or _fitting(data, model)
        self.settings = _settings(model, data, recipe)
        self.schedule = Schedule.spaced(recipe.steps)
        self.steps = ChainSteps(self.schedule, workers.device)
        shape = (recipe.steps, model.config.num_modules, model.config.width)
        self.gates = nn.Parameter(torch.zeros(shape, device=workers.device))
        self.optimizer = torch.optim.AdamW([self.gates], lr=recipe.lr, weight_decay=0.0)
        self.iteration, self.lazy_ratio = 0, 0.0
        self.penalties: Penalties | None = None
        self.shift = Shift()
        self.directions = torch.zeros(shape)
        self._restore()

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: the ratio has settled, or it never will."""
        if self.iteration < self.recipe.iterations:
            return False
        return self._settled() or self.shift.rounds == SETTLING_ROUNDS

    def advance(self) -> LearnProgress:
        """One iteration; before the first, one batch of training images that the model draws;
        after the last, one round of settling."""
        if self.drawing is not None and self.drawing.drawn < COUNT:
            self.drawing.draw_batch()
            return self._progress(math.nan, self.drawing.drawn)
        if self.iteration == self.recipe.iterations:
            self._settle()
            return self._progress(math.nan)
        if self.penalties is None:
            self.penalties = self._starting_penalties()
        loss = self._learn(self.penalties)
        self.iteration += 1
        if self.iteration % MEASURE_EVERY == 0 or self.iteration == self.recipe.iterations:
            measured = self._measure()
            self.lazy_ratio, self.directions = measured.lazy_ratio, measured.directions
            if self.recipe.target_ratio is not None:
                self.penalties = self.penalties.regulated(self.lazy_ratio, self.recipe.target_ratio)
        return self._progress(loss)

    def settled_ratio(self) -> float:
        """The measured lazy ratio. Raises LazyDiTError when it has not settled."""
        if not self._settled():
            raise LazyDiTError(
                f"the lazy ratio is {self.lazy_ratio:.2f} and did not settle at "
                f"{self.recipe.target_ratio:.2f}: allow more iterations or another max_reuse"
            )
        return self.lazy_ratio

    def gate_set(self, name: str) -> GateSet:
        return GateSet(
            name=name,
            weights=self.gates.detach().cpu() + self.shift.value * self.directions,
            timesteps=self.schedule.timesteps,
            max_reuse=self.recipe.max_reuse,
            target_ratio=self.recipe.target_ratio,
        )

    def save(self) -> None:
        state = {
            "iteration": self.iteration,
            "gates": self.gates.detach(),
            "optimizer": self.optimizer.state_dict(),
            "lazy_ratio": self.lazy_ratio,
            "shift": asdict(self.shift),
            "directions": self.directions,
            "penalties": None if self.penalties is None else asdict(self.penalties),
            "latents": None if self.drawing is None else self.drawing.latents,
        }
        save_state(self.out, self.settings, state)

    def _restore(self) -> None:
        state = load_state(self.out, self.settings)
        if state is None:
            return
        self.iteration, self.lazy_ratio = state["iteration"], state["lazy_ratio"]
        with torch.no_grad():
            self.gates.copy_(state["gates"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.shift, self.directions = Shift(**state["shift"]), state["directions"]
        if state["penalties"] is not None:
            self.penalties = Penalties(**state["penalties"])
        if self.drawing is not None:
            self.drawing.latents = state["latents"]

    def _learn(self, penalties: Penalties) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = _learning_rate(self.iteration, self.recipe)
        chain = self._walk(self.iteration)
        loss = (
            chain.errors.mean()
            + penalties.attn * chain.mean_scores(kind=0)
            + penalties.mlp * chain.mean_scores(kind=1)
        )
        (gradient,) = torch.autograd.grad(loss, [self.gates])
        self.gates.grad = self.workers.mean(gradient)
        self.optimizer.step()
        return float(self.workers.mean(loss.detach()))

    def _walk(self, iteration: int) -> ChainResult:
        recipe = self.recipe
        start = draw_chains(
            self.data,
            self.schedule,
            self.workers,
            rows=recipe.batch_size,
            longest=recipe.longest_chain,
            label_drop=recipe.label_drop,
            seed=recipe.seed,
            iteration=iteration,
        )
        return walk_chains(self.model, self.gates, start, self.steps, self._precision)

    def _starting_penalties(self) -> Penalties:
        attn, mlp = self.recipe.penalty_attn, self.recipe.penalty_mlp
        if attn is None or mlp is None:
            assert self.recipe.target_ratio is not None
            chains = [self._walk(batch) for batch in range(SENSITIVITY_BATCHES)]
            start = starting_penalty(chains, self.recipe.target_ratio, self.workers)
            attn, mlp = attn or mlp or start, mlp or attn or start
        return Penalties(attn, mlp)

    def _settle(self) -> None:
        assert self.recipe.target_ratio is not None
        self.shift = self.shift.narrowed(self.lazy_ratio, self.recipe.target_ratio)
        self.lazy_ratio = self._measure().lazy_ratio

    def _progress(self, loss: float, drawn: int | None = None) -> LearnProgress:
        return LearnProgress(
            iteration=self.iteration,
            iterations=self.recipe.iterations,
            loss=loss,
            lazy_ratio=self.lazy_ratio,
            drawn=drawn,
            settling=self.shift.rounds,
        )

    def _measure(self) -> Measurement:
        return measure(
            self.model,
            self.gate_set("unfinished"),
            self.schedule,
            self.workers,
            guidance=self.recipe.guidance,
            seed=self.recipe.seed,
            precision=self._precision,
        )

    def _settled(self) -> bool:
        target = self.recipe.target_ratio
        return target is None or abs(self.lazy_ratio - target) <= SETTLED

    def _precision(self) -> Any:
        device = self.workers.device
        if autocast_pays(device):
            return torch.autocast(device.type, torch.bfloat16)
        return nullcontext()


def _learning_rate(iteration: int, recipe: LearnRecipe) -> float:
    """Half a cosine from `lr` down to `final_lr`, which then stays."""
    done = min(1.0, iteration / recipe.iterations)
    return recipe.final_lr + (recipe.lr - recipe.final_lr) * 0.5 * (1 + math.cos(math.pi * done))


def _fitting(data: LabelledImages | None, model: DiT) -> LabelledImages:
    config = model.config
    assert data is not None
    if (data.channels, data.size) != (config.in_channels, config.input_size):
        raise LazyDiTError(
            f"the model denoises {config.in_channels} x {config.input_size} x {config.input_size} "
            "and not images of this size: learn with --data self"
        )
    if data.num_classes != config.num_classes:
        raise LazyDiTError(
            f"the data has {data.num_classes} classes and the model {config.num_classes}: "
            "give the data that the model was trained on, or learn with --data self"
        )
    return data


def _settings(model: DiT, data: LabelledImages | None, recipe: LearnRecipe) -> dict[str, Any]:
    """What must be the same for a stopped run to go on."""
    sums = [tensor.cpu().double().abs().sum() for tensor in model.state_dict().values()]
    return {
        **asdict(model.config),
        **asdict(recipe),
        "checkpoint": float(torch.stack(sums).sum()),
        "images": None if data is None else len(data.labels),
    }
