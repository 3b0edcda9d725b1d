"""`medsynth patients`: make virtual patients, every pixel synthetic, into a bank."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from medsynth_aug.corpus import PatientReport
    from medsynth_aug.synthesis import Synthesizer


def patients(
    n: Annotated[int, typer.Option("--n", help="How many patients.", min=1)],
    bank: Annotated[Path, typer.Option(help="Folder of the bank; created if absent.")],
    checkpoint: Annotated[
        str, typer.Option(help='"starter", a diffusers folder or a Hub id; "none" paints phantoms.')
    ] = "starter",
    population: Annotated[
        Path | None, typer.Option(help="JSON file with the shares to draw from; even ones by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides every patient, with its number.")] = 0,
    first: Annotated[int, typer.Option(help="Number of the first patient.", min=0)] = 0,
    side: Annotated[int, typer.Option(help="Rows and columns of an image.", min=64)] = 256,
    attempts: Annotated[int, typer.Option(help="Draws before a patient is left out.", min=1)] = 3,
    batch_size: Annotated[int, typer.Option(help="Images that are made at once.", min=1)] = 8,
    sheet: Annotated[Path | None, typer.Option(help="Write a contact sheet, PNG.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
) -> None:
    """Make virtual patients: anatomy drawn, radiograph synthesised, lesions painted, a record stored.

    No pixel is real, and no patient: sex, age, view and findings are drawn from stated shares, which claim
    nothing about any population. The same seed and numbers give the same patients; a second run goes on where
    one stopped. Nothing is fit to be published before it is reviewed.

    Example: [bold]medsynth patients --n 12 --bank bank/ --sheet patients.png[/bold]
    """
    from medsynth_aug.bank import SampleBank
    from medsynth_aug.corpus import PatientSettings, Population, make_patients, patient_sheet

    shares = Population() if population is None else Population.read(population)
    engine, store = _open(checkpoint, device), SampleBank(bank)
    settings = PatientSettings(
        side_px=side, max_attempts=attempts, batch_size=batch_size,
        least_lung_dice=0.0 if checkpoint == "none" else PatientSettings().least_lung_dice,
    )  # fmt: skip
    report = make_patients(store, engine, shares, n, seed=seed, first=first, settings=settings)
    _tell(report)
    if sheet is not None and report.patients:
        typer.echo(f"sheet: {patient_sheet(store, report.patients, sheet)}")


def _open(checkpoint: str, device: str) -> "Synthesizer":
    if checkpoint == "none":
        from medsynth_aug.synthesis import FakeSynthesizer

        return FakeSynthesizer()
    from medsynth_aug.diffusion import LesionSynthesizer

    return LesionSynthesizer.from_pretrained(checkpoint, device=device)


def _tell(report: "PatientReport") -> None:
    images = sum(len(one.images) for one in report.patients)
    typer.echo(
        f"{len(report.patients)} virtual patients with {images} images, {report.made} made now, "
        f"{len(report.left_out)} left out, in {report.seconds:.1f} s"
    )
    for one in report.left_out:
        typer.echo(f"left out: patient {one.number} ({one.id}): {one.reason}")
