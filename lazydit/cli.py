"""The command `lazydit`: its sub-commands are plug-ins, found through entry points.

A package adds a sub-command by naming a function under the entry-point group `lazydit.commands`.
"""

import ast
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from lazydit import __version__
from lazydit.errors import LazyDiTError

COMMANDS = "lazydit.commands"
USE_ERROR = 2
INTERRUPTED = 130


def run(app: typer.Typer) -> None:
    """Run a command line; a use error becomes one sentence on stderr and exit code 2.

    Ctrl-C exits with 130. Any other exception is a bug and keeps its traceback.
    """
    try:
        typer.main.get_command(app)()
    except LazyDiTError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(USE_ERROR) from None
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            typer.echo("interrupted", err=True)
        raise


class PluginGroup(TyperGroup):
    """A group whose sub-commands are imported when they are run, so that help comes at once."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(_installed())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        plugin = _installed().get(cmd_name)
        return None if plugin is None else TyperCommand(cmd_name, help=_docstring(plugin))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        plugin = _installed().get(name or "")
        return name, command if plugin is None else _load(plugin), rest


def _installed() -> dict[str, EntryPoint]:
    return {plugin.name: plugin for plugin in entry_points(group=COMMANDS)}


def _docstring(plugin: EntryPoint) -> str | None:
    """The docstring of a command, read from its source without importing it."""
    try:
        spec = find_spec(plugin.module)
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        return None
    tree = ast.parse(Path(spec.origin).read_bytes())
    return next(
        (
            ast.get_docstring(node)
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name == plugin.attr
        ),
        None,
    )


def _load(plugin: EntryPoint) -> Any:
    try:
        function = plugin.load()
    except (ImportError, AttributeError) as error:
        raise LazyDiTError(
            f"the command {plugin.name} cannot be loaded ({error}): install lazydit again"
        ) from error
    single = typer.Typer(add_completion=False)
    single.command(plugin.name)(function)
    return typer.main.get_command(single)


app = typer.Typer(cls=PluginGroup, no_args_is_help=True, add_completion=False)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"lazydit {__version__}")
        raise typer.Exit


@app.callback()
def lazydit(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Diffusion Transformers that do not compute what a learned gate says can be reused."""


def main() -> None:
    """The console script `lazydit`."""
    run(app)


if __name__ == "__main__":
    main()
