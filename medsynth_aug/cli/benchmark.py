"""`medsynth benchmark`: how fast the engine is next to stock diffusers, on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from medsynth_aug.errors import SettingError


def benchmark(
    context: typer.Context,
    checkpoint: Annotated[
        str, typer.Option(help="starter, or a diffusers folder with a ControlNet.")
    ] = "starter",
    out: Annotated[Path, typer.Option(help="Where the report goes, as JSON.")] = Path("benchmark.json"),
    image: Annotated[
        Path | None, typer.Option(help="Frontal chest radiograph to paint into; else a phantom is drawn.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Rounds that are timed.")] = 3,
    steps: Annotated[int, typer.Option(help="Denoising steps of stock as users call it.")] = 20,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    size: Annotated[int, typer.Option(help="Side of the image in pixels.", hidden=True)] = 512,
) -> None:
    """Time the engine against stock diffusers, or measure what speed costs in quality.

    Alone it times: a nodule and a pneumothorax of a whole lung are painted in turn by our engine and by stock
    on the same weights, so that a noisy machine is unfair to none. Takes minutes on a CPU.

    Example: [bold]medsynth benchmark --repeats 5 --out benchmark.json[/bold]

    Example: [bold]medsynth benchmark quality --data examples/data --films 8[/bold]
    """
    if context.invoked_subcommand is not None:
        _check_order(context)
        return
    from rich.console import Console

    from medsynth_aug.benchmark import (
        BenchmarkSettings,
        as_table,
        benchmark_source,
        run_benchmark,
        write_report,
    )
    from medsynth_aug.diffusion import LesionSynthesizer

    settings = BenchmarkSettings(repeats=repeats, steps=steps, size=size)
    source = benchmark_source(image, size)
    synthesizer = LesionSynthesizer.from_pretrained(checkpoint, device=device)
    console = Console()
    with console.status("loading stock diffusers") as status:
        report = run_benchmark(
            synthesizer, synthesizer.checkpoint.folder, source, settings, device=synthesizer.device,
            dtype=synthesizer.dtype, is_phantom=image is None,
            on_run=lambda case, contender: status.update(f"{case}: {contender}"),
        )  # fmt: skip
    write_report(report, out)
    console.print(as_table(report))
    console.print(f"written to {out}", soft_wrap=True)


def _check_order(context: typer.Context) -> None:
    """Options of the timing run before the name of another one would be ignored."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [f"--{name}" for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    if given:
        word = context.invoked_subcommand
        raise SettingError(
            f"{', '.join(given)} stands before {word}; write medsynth benchmark {word} {given[0]} ..."
        )
