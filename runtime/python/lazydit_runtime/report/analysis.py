"""The paper's analysis in a report, from what `lazydit analyze` wrote."""

from lazydit.analysis.plots import plots
from lazydit.analysis.schema import Analysis
from lazydit_runtime.report.content import Figure, Section


def analysis_section(analysis: Analysis, command: str) -> Section:
    """All plots of an analysis."""
    setup = analysis.setup
    return Section(
        id="analysis",
        title="Why it can be lazy",
        text=[
            f"{setup.model} in PyTorch: {setup.images} images of {setup.steps} steps, guidance "
            f"{setup.guidance:g}. How alike a module's outputs are from step to step, what limits "
            "that, and how well a gate can foretell it."
        ],
        figures=[
            Figure.drawn(plot.draw, plot.caption, f"Plot. {plot.caption}")
            for plot in plots(analysis)
        ],
        commands=[command],
    )
