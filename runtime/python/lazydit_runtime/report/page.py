"""From sections to the HTML page."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lazydit.files import replace_file
from lazydit_runtime.report.content import Section

_PACKAGE = "lazydit_runtime.report"


def render_page(title: str, summary: str, sections: Sequence[Section]) -> str:
    """One HTML page with everything inside; it asks the network for nothing."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template("page.html.j2").render(
        title=title,
        summary=summary,
        sections=sections,
        style=Markup(_template("page.css")),
        script=Markup(_template("page.js")),
    )
    return page


def write_page(page: str, path: Path) -> None:
    """Write the page whole or not at all; LazyDiTError where `path` cannot be written."""
    replace_file(path, lambda temporary: temporary.write_text(page, encoding="utf-8"))


def _template(name: str) -> str:
    return resources.files(_PACKAGE).joinpath("template", name).read_text(encoding="utf-8")
