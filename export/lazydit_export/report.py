"""What an export says while it runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.table import Table

from lazydit.progress import progress_bar
from lazydit_export.recipe import ExportRecipe, Source
from lazydit_export.targets.target import Lowered, Target
from lazydit_export.verification.compare import Comparison
from lazydit_export.verification.gate import Verification
from lazydit_runtime.manifest import LazyRatios, Manifest

MEGABYTE = 1e6


class Report:
    """Prints stages and tables; `verbose` names the operators left outside the delegates."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose

    def started(self, recipe: ExportRecipe, source: Source) -> None:
        config = source.model.config
        names = ", ".join(gates.name for gates in source.gate_sets) or "none"
        self._console.print(
            f"exporting {recipe.name} for {recipe.target.name} ({recipe.target.precision}): depth "
            f"{config.depth}, width {config.width}, {config.tokens} tokens; gate sets {names}",
            highlight=False,
            soft_wrap=True,
        )

    @contextmanager
    def progress(self, title: str, steps: int) -> Iterator[Callable[[str], None]]:
        """A bar with the time left; what it yields is called with a name after every step."""
        with progress_bar(title, steps, self._console.is_terminal) as show:
            finished = 0

            def done(name: str) -> None:
                nonlocal finished
                finished += 1
                show(finished, name)

            yield done

    def lowered(self, lowered: Sequence[Lowered], manifest: Manifest) -> None:
        """The table of programs where the target has delegates, then the sizes of the files."""
        if any(program.delegates for program in lowered):
            self._print_delegates(lowered)
        for name, entry in manifest.files.items():
            self._console.print(f"{name}  {entry.bytes / MEGABYTE:.2f} MB", highlight=False)

    def _print_delegates(self, lowered: Sequence[Lowered]) -> None:
        table = _table("Programs", "program")
        table.add_column("delegates", justify="right")
        table.add_column("leftover ops", justify="left" if self._verbose else "right")
        for program in lowered:
            table.add_row(program.program, str(program.delegates), self._leftover(program))
        self._console.print(table)

    def _leftover(self, program: Lowered) -> str:
        count = len(program.leftover_ops)
        if not self._verbose or count == 0:
            return str(count)
        return f"{count}: {', '.join(program.leftover_ops)}"

    def verified(self, verification: Verification, target: Target) -> None:
        """The parity table, the program that is furthest from PyTorch, what was not checked."""
        images = verification.comparisons[0].images
        table = _table(f"Bundle against PyTorch, {images} images each", "policy")
        for heading in _PARITY_COLUMNS:
            table.add_column(heading, justify="right")
        for comparison in verification.comparisons:
            table.add_row(*_parity_row(comparison))
        self._console.print(table)
        worst = verification.worst_program
        self._console.print(
            "closest: the smallest distance of a score to its threshold\n"
            f"worst program error: {verification.errors[worst]:.1e} of its largest output, {worst}",
            highlight=False,
        )
        bars = verification.bars
        self._console.print(
            f"{target.precision} must reach: agreement {bars.min_agreement:.0%}, PSNR "
            f"{bars.min_psnr:g} dB; run by {target.executor}",
            highlight=False,
        )
        for sentence in (*target.unchecked, *verification.left_out):
            self._console.print(f"not checked: {sentence}", highlight=False, soft_wrap=True)
        followed = sum(item.followed for item in verification.comparisons)
        if followed:
            self._console.print(
                f"{followed} images hold decisions that PyTorch takes otherwise by itself: there "
                "it took the bundle's, and everything after was compared",
                highlight=False,
                soft_wrap=True,
            )

    def measured_ratios(self, measured: Sequence[LazyRatios]) -> None:
        """What lazy ratios may be wished for."""
        for ratios in measured:
            low, high = ratios.points[0].lazy_ratio, ratios.points[-1].lazy_ratio
            self._console.print(
                f"lazy ratios at {ratios.steps} steps: {low:.0%} to {high:.0%}", highlight=False
            )

    def finished(self, recipe: ExportRecipe, manifest: Manifest) -> None:
        command = "inspect" if manifest.model.image is None else "generate"
        self._console.print(
            f"the bundle is in {recipe.out}; next: lazydit {command} {recipe.out}",
            highlight=False,
            soft_wrap=True,
        )


def _table(title: str, first: str) -> Table:
    return Table(first, title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


_PARITY_COLUMNS = ("steps", "guidance", "decisions", "different", "closest", "PSNR dB")


def _parity_row(comparison: Comparison) -> list[str]:
    case = comparison.case
    closest = comparison.closest
    return [
        f"lazy {case.gates_name}" if case.gates else "always",
        str(case.steps),
        "off" if case.guidance is None else f"{case.guidance:g}",
        str(comparison.decisions),
        str(comparison.different),
        "-" if closest is None else f"{closest:.1e}",
        f"{comparison.psnr:.1f}",
    ]
