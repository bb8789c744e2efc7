"""An analysis from the model to the folder of results, which can be stopped and goes on later."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy
import sklearn
import torch

from lazydit import __version__
from lazydit.analysis import sweeps, theorems
from lazydit.analysis.drawing import REFERENCE, REFERENCE_STEPS, Drawing, Job, point
from lazydit.analysis.images import Images
from lazydit.analysis.laziness import reused_share, varying_share
from lazydit.analysis.listening import modules_of
from lazydit.analysis.output import write_results
from lazydit.analysis.schema import (
    FORMAT,
    Analysis,
    Curve,
    GateSetAnalysis,
    Laziness,
    PlainPoint,
    Point,
    Setup,
)
from lazydit.analysis.trajectories import Trajectories
from lazydit.data import LARGEST_SEED
from lazydit.diffusion import Schedule
from lazydit.distributed import Interrupt, Workers
from lazydit.errors import LazyDiTError
from lazydit.files import check_writable
from lazydit.gates import GateSet
from lazydit.models.dit import DiT
from lazydit.policies import Always, Lazy
from lazydit.sampling import DEFAULT_GUIDANCE
from lazydit.states import load_state, remove_state, save_state, state_path

KINDS = ("attn", "mlp")
SAVE_EVERY = 20
PLAIN_POINTS = 6


@dataclass(frozen=True, kw_only=True)
class AnalysisRecipe:
    """What is analysed how: `images` trajectories of `steps` steps, drawn `batch_size` at a time.
    `sha256` and `gates_sha256` are of the files.
    """

    model: str
    sha256: str
    gates_sha256: tuple[str, ...] = ()
    steps: int = 10
    images: int = 100
    batch_size: int = 20
    guidance: float = DEFAULT_GUIDANCE
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise LazyDiTError(f"{self.steps} steps have no consecutive ones: choose 2 or more")
        if self.batch_size < 1:
            raise LazyDiTError(f"a batch of {self.batch_size} draws nothing: choose 1 or more")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise LazyDiTError(f"seed {self.seed} is out of range: choose 0 to {LARGEST_SEED}")


Report = Callable[[int, str], None]
"""`(batches done, what is being done)`, after every batch."""


class AnalysisRun:
    """The analysis of `model`, and of how `gate_sets` make it lazy, that will write the folder
    `out`; it goes on where an earlier run stopped.

    Raises LazyDiTError when gates do not fit the model or the steps, when there are too few images,
    and when `out` is there already or cannot be written.
    """

    def __init__(
        self,
        model: DiT,
        gate_sets: Sequence[GateSet],
        recipe: AnalysisRecipe,
        out: Path,
        device: torch.device,
    ) -> None:
        self._model, self._recipe, self._out = model.to(device).eval(), recipe, out
        self._workers = Workers(0, 1, device)
        schedule = Schedule.spaced(recipe.steps)
        self._policies = [Lazy.stored(gates) for gates in gate_sets]
        for policy in self._policies:
            policy.check(model.config, schedule)
        if len({gates.name for gates in gate_sets}) < len(gate_sets):
            raise LazyDiTError("two gate sets have the same name: give one of them at a time")
        self._images = Images.plan(model.config, recipe.images, recipe.seed)
        settings = (self._images, recipe.guidance, recipe.batch_size)
        self._trajectories = Trajectories(model, schedule, *settings)
        self._drawing = Drawing(model, *settings)
        check_writable(state_path(out), ".state")
        self._restore()

    @property
    def done(self) -> int:
        return self._trajectories.done + self._drawing.done

    @property
    def total(self) -> int:
        """Batches in all; fewer where gates cannot be made as lazy as a curve wants."""
        jobs = 0
        if self._policies:
            jobs = 1 + len(self._plain()) + len(self._policies) * (1 + sweeps.POINTS)
        return self._trajectories.total + jobs * self._drawing.batches

    def finish(self, report: Report = lambda done, text: None) -> Analysis:
        """Do all that is left to do, write `out` and return what stands in it.

        On ctrl-C the state is saved and KeyboardInterrupt raised.
        """
        with Interrupt() as interrupt:
            for count, text in enumerate(self._draw_all(), start=1):
                report(self.done, text)
                stop = interrupt.asked(self._workers)
                if stop or count % SAVE_EVERY == 0:
                    self._save()
                if stop:
                    raise KeyboardInterrupt
            self._save()
            report(self.total, "fitting, plotting")
            result = self._result()
            write_results(result, self._out)
        remove_state(self._out)
        return result

    def _draw_all(self) -> Iterator[str]:
        """Draws all batches that are still to be drawn, and says what for."""
        while self._trajectories.done < self._trajectories.total:
            self._trajectories.advance()
            yield "trajectories"
        if not self._policies:
            return
        yield from self._draw(REFERENCE)
        for job in self._plain():
            yield from self._draw(job)
        for policy in self._policies:
            yield from self._draw(_stored(policy))
            for trial in self._trials(policy):
                yield from self._draw(trial.job)

    def _result(self) -> Analysis:
        samples = self._trajectories.samples()
        held_out = self._images.held_out[samples.image]
        return Analysis(
            format=FORMAT,
            setup=self._setup(),
            similarity=theorems.similarity(samples),
            lower_bound=theorems.bound(samples, held_out, modules_of(self._model)),
            inputs=theorems.input_distance(self._trajectories, samples),
            linear_fit=theorems.linear_fit(samples, held_out),
            laziness=self._laziness() if self._policies else None,
        )

    def _save(self) -> None:
        state = {"trajectories": self._trajectories.state(), "drawing": self._drawing.state()}
        save_state(self._out, asdict(self._recipe), state)

    def _restore(self) -> None:
        state = load_state(self._out, asdict(self._recipe))
        if state is not None:
            self._trajectories.restore(state["trajectories"])
            self._drawing.restore(state["drawing"])

    def _draw(self, job: Job) -> Iterator[str]:
        while not self._drawing.finished(job):
            self._drawing.advance(job)
            yield job.name

    def _plain(self) -> list[Job]:
        """Plain DDIM from half the steps, at least one, to all of them."""
        steps = self._recipe.steps
        counts = numpy.linspace(max(1, steps // 2), steps, PLAIN_POINTS).round().astype(int)
        return [Job(f"always {n}", Always(), n) for n in sorted(set(counts.tolist()))]

    def _trials(self, policy: Lazy) -> list[sweeps.Trial]:
        scores = self._drawing.drawn(_stored(policy)).scores
        assert scores is not None
        return list(sweeps.trials(policy, scores.transpose(0, 1)))

    def _setup(self) -> Setup:
        config, recipe = self._model.config, self._recipe
        return Setup(
            model=recipe.model,
            sha256=recipe.sha256,
            depth=config.depth,
            width=config.width,
            tokens=config.tokens,
            modules=tuple(
                f"block_{index:02d}_{kind}" for index in range(config.depth) for kind in KINDS
            ),
            steps=recipe.steps,
            timesteps=Schedule.spaced(recipe.steps).timesteps,
            images=recipe.images,
            labels=tuple(self._images.chosen_labels),
            guidance=recipe.guidance,
            seed=recipe.seed,
            tools={
                "lazydit": __version__,
                "torch": torch.__version__,
                "scikit-learn": sklearn.__version__,
            },
        )

    def _laziness(self) -> Laziness:
        drawn = [(job.steps, self._drawing.drawn(job)) for job in self._plain()]
        return Laziness(
            reference_steps=REFERENCE_STEPS,
            fixed_attn=sweeps.FIXED_ATTN,
            fixed_mlp=sweeps.FIXED_MLP,
            plain=tuple(
                PlainPoint(steps=steps, error=got.error, standard_error=got.standard_error)
                for steps, got in drawn
            ),
            gate_sets=tuple(self._gate_set(policy) for policy in self._policies),
        )

    def _gate_set(self, policy: Lazy) -> GateSetAnalysis:
        stored = self._drawing.drawn(_stored(policy))
        assert stored.ran is not None
        ran = stored.ran.transpose(0, 1)
        curves: dict[str, list[Point]] = {}
        for trial in self._trials(policy):
            got = point(trial.policy, trial.penalty, self._drawing.drawn(trial.job))
            curves.setdefault(trial.what, []).append(got)
        return GateSetAnalysis(
            name=policy.gates.name,
            max_reuse=policy.max_reuse,
            extrapolate=policy.extrapolate,
            reused=theorems.matrix(reused_share(ran)),
            varying=varying_share(ran),
            stored=point(policy, None, stored),
            curves=tuple(Curve(what=what, points=tuple(points)) for what, points in curves.items()),
        )


def _stored(policy: Lazy) -> Job:
    """Under the stored thresholds."""
    return Job(policy.gates.name, policy, policy.gates.steps, trace=True)
