"""`linli`, the command line: the stack on this machine.

A command is a function with `@app.command()`. What goes wrong is a StackError, said in words; exit code 1.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.stack import Stack, StackError, from_environment

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

_out = Console()
_err = Console(stderr=True)

_COLOURS = {"up": "green", "not ready": "yellow", "down": "red"}


@contextmanager
def _explained(stack: Stack | None = None) -> Iterator[None]:
    """Say what is wrong with the stack in words, and what that leaves behind; exit code 1, no traceback."""
    try:
        yield
    except StackError as error:
        _err.print(f"linli: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        if stack and stack.running():
            leaves = "What runs keeps running; `linli down` or `make down` ends it."
            _err.print(leaves, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _ready(part: str, seconds: float) -> None:
    _out.print(f"  [green]✓[/green] {part:<9} {seconds:5.1f} s", highlight=False)


@app.command()
def up() -> None:
    """Start the stack in the background, or what is missing of it; returns when every part is ready."""
    with _explained():
        begun = time.monotonic()
        stack = from_environment(_ready)
    with _explained(stack):
        described = stack.up()
        _out.print(f"ready after {time.monotonic() - begun:.1f} s", highlight=False)
        for name, url in described.services.items():
            _out.print(f"  {name:<9} {url}", highlight=False)
        _out.print(f"Addresses and secrets: {stack.folder.stack_file}", highlight=False, soft_wrap=True)


@app.command()
def down() -> None:
    """End every process of the stack; its data stays."""
    with _explained():
        stack = from_environment()
        ended = stack.down()
        said = f"ended: {', '.join(ended)}" if ended else "nothing ran"
        _out.print(f"{said}; the data stays in {stack.folder.path}", highlight=False, soft_wrap=True)


@app.command()
def status() -> None:
    """Show every part; exit code 0 only if all are up."""
    with _explained():
        parts = from_environment().status()
    table = Table("part", "state", "pid", "port", "memory MB")
    for part in parts:
        state = f"[{_COLOURS[part.state]}]{part.state}[/]" + (f": {escape(part.why)}" if part.why else "")
        memory = f"{part.memory_mb:.0f}" if part.pid else ""
        table.add_row(part.name, state, str(part.pid or ""), str(part.port), memory)
    table.add_section()
    table.add_row("all", "", "", "", f"{sum(part.memory_mb for part in parts):.0f}")
    _out.print(table)
    if any(part.state != "up" for part in parts):
        raise typer.Exit(1)


if __name__ == "__main__":
    sys.exit(app())
