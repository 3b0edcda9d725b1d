"""`medsynth benchmark data`: how fast samples are served, planned, stored and shared out."""

from pathlib import Path
from typing import Annotated, Any

import typer


def data(
    folder: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Folder with labels.csv and its films, or a CSV file; examples/data of a clone."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the report goes, as JSON.")] = Path("data.json"),
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Few rounds, small plan and bank, no checkpoint: does it work at all?"),
    ] = False,
    part: Annotated[
        list[str] | None, typer.Option(help="fetch, stall, plan, bank or ranks; repeated. All if absent.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(help="Rounds that are timed; 5, or 2 if quick.")] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help='What the ranks paint with: starter, a diffusers folder, or "none".')
    ] = None,
    normal: Annotated[str, typer.Option(help="Class of the films without a finding.")] = "normal",
    image: Annotated[str, typer.Option(help="Column with the path of the image.")] = "file",
    label: Annotated[str, typer.Option(help="Column with the class.")] = "label",
    patient: Annotated[str, typer.Option(help="Column with the patient.")] = "patient_id",
    each_image: Annotated[
        bool, typer.Option("--each-image", help="Every image is a patient of its own.")
    ] = False,
) -> None:
    """Measure how fast synthetic items are served, planned, stored and shared out over processes.

    What is compared takes turns in one run, and each goal stands beside its figure. Files are written into
    the system's folder for temporary files (TMPDIR) and removed. Takes up to half an hour; --quick about two
    minutes.

    Example: [bold]medsynth benchmark data --part fetch --rounds 9[/bold]
    """
    from rich.console import Console

    from medsynth_aug.benchmark import write_report
    from medsynth_aug.benchmark.data import PARTS, DataSettings, as_data_table, run_data_benchmark
    from medsynth_aug.benchmark.data.settings import QUICK
    from medsynth_aug.demo.radiographs import find_radiographs
    from medsynth_aug.evaluation import Columns

    chosen: dict[str, Any] = dict(QUICK) if quick else {}
    chosen |= {
        name: value for name, value in (("rounds", rounds), ("checkpoint", checkpoint)) if value is not None
    }
    settings = DataSettings(parts=tuple(part or PARTS), **chosen)
    columns = Columns(image=image, label=label, patient=None if each_image else patient)
    films = find_radiographs(None) if folder is None else folder
    console = Console()
    with console.status("preparing films") as status:
        report = run_data_benchmark(
            films, settings, normal=normal, columns=columns, on_part=lambda name: status.update(name)
        )
    write_report(report, out)
    console.print(as_data_table(report))
    console.print(f"written to {out}", soft_wrap=True)
