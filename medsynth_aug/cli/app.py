"""Puts the commands together: the built-in ones, and those of installed integrations."""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from medsynth_aug.cli import bank, corpus
from medsynth_aug.cli.benchmark import benchmark
from medsynth_aug.cli.benchmark_data import data
from medsynth_aug.cli.benchmark_quality import controls, quality
from medsynth_aug.cli.demo import demo
from medsynth_aug.cli.evaluate import evaluate
from medsynth_aug.cli.generate import generate
from medsynth_aug.cli.lesions import lesions
from medsynth_aug.cli.patients import patients
from medsynth_aug.cli.plan import plan
from medsynth_aug.cli.review import review
from medsynth_aug.cli.review_study import study
from medsynth_aug.errors import MedsynthError
from medsynth_aug.version import __version__

COMMANDS = (bank.bank, benchmark, corpus.corpus, demo, evaluate, generate, lesions, patients, plan, review)
"""The built-in commands; a function's name is the command's."""

PARTS: dict[str, tuple[Callable[..., None] | typer.Typer, ...]] = {
    "bank": (bank.info, bank.verify, bank.prune, bank.export),
    "benchmark": (quality, controls, data),
    "corpus": (corpus.export,),
    "review": (study,),
}
"""Commands under a command, which also runs alone: `medsynth benchmark quality`; or a family of its own."""

ENTRY_POINTS = "medsynth.commands"
"""Group of the entry points under which integrations offer a function or a `typer.Typer`."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"medsynth-aug {__version__}")
        raise typer.Exit


def _medsynth(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Fill the rare classes of a radiograph data set with lesions painted into its own normal images.

    Start with [bold]medsynth lesions[/bold] to see what can be painted, then count what it would change with
    [bold]medsynth plan[/bold].
    """


def build() -> typer.Typer:
    """The whole command, as far as this environment has it."""
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode="rich",
        add_completion=False,
        pretty_exceptions_enable=False,
        callback=_medsynth,
    )
    for command in COMMANDS:
        if command.__name__ in PARTS:
            app.add_typer(_family(command, PARTS[command.__name__]), name=command.__name__)
        else:
            app.command(command.__name__)(command)
    for entry_point in entry_points(group=ENTRY_POINTS):
        _add(app, entry_point)
    return app


def _family(command: Callable[..., None], parts: Sequence[Callable[..., None] | typer.Typer]) -> typer.Typer:
    """A command that runs alone and has others under it."""
    family = typer.Typer(rich_markup_mode="rich", invoke_without_command=True, callback=command)
    for part in parts:
        if isinstance(part, typer.Typer):
            family.add_typer(part)
        else:
            family.command(part.__name__)(part)
    return family


def _add(app: typer.Typer, entry_point: EntryPoint) -> None:
    """Add what an integration offers; one that does not load is named and skipped."""
    try:
        offered = entry_point.load()
    except Exception as problem:
        typer.echo(f"medsynth {entry_point.name} is not available: {problem}", err=True)
        return
    if isinstance(offered, typer.Typer):
        app.add_typer(offered, name=entry_point.name)
    else:
        app.command(entry_point.name)(offered)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error that we raise on purpose is one red line and exit code 2."""
    try:
        build()(args=arguments, prog_name="medsynth")
    except MedsynthError as problem:
        Console(stderr=True, soft_wrap=True).print(f"[bold red]error:[/] [red]{escape(str(problem))}[/]")
        sys.exit(2)
