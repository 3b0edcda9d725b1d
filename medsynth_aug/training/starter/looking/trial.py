"""A trial of a checkpoint: samples painted into films it never saw, laid out for `medsynth evaluate`."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.errors import LabelError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import SamplingSettings, SourceImage, SynthesisRequest, real_source
from medsynth_aug.training.starter.images.prompts import is_healthy
from medsynth_aug.training.starter.images.radiographs import Radiograph, read_radiographs

LESION_OF = {
    "Pneumothorax": "pneumothorax",
    "Mass": "mass",
    "Nodule": "nodule",
    "Effusion": "effusion",
    "Viral": "viral_consolidation",
    "Bacterial": "bacterial_consolidation",
}
"""The lesion that a label of the public sets stands for; of several labels the first one here counts."""

NORMAL = "normal"
FIELDS = ("file", "label", "patient", "source", "view")


def class_of(one: Radiograph) -> str | None:
    """Class of a radiograph in the trial, or None if it takes no part."""
    if not one.keeps_aspect:
        return None
    if is_healthy(one):
        return NORMAL
    return next((lesion for label, lesion in LESION_OF.items() if label in one.labels), None)


def source_of(one: Radiograph) -> str:
    """The hospital's short name, which samples and real films are matched by."""
    return (one.row.get("source") or "unknown").split()[0]


def write_table(radiographs: Sequence[Radiograph], data: Path, file: Path) -> dict[str, int]:
    """Write the CSV of real films; returns how many films each class has.

    Args:
        radiographs: The pool.
        data: Folder that its files are relative to.
        file: The CSV.
    """
    counts: dict[str, int] = {}
    with file.open("w", newline="") as table:
        writer = csv.DictWriter(table, FIELDS)
        writer.writeheader()
        for one in radiographs:
            found = class_of(one)
            if found is not None:
                counts[found] = counts.get(found, 0) + 1
                name, view = str((data / one.row["file"]).resolve()), one.row.get("view", "")
                writer.writerow(
                    dict(zip(FIELDS, (name, found, one.group, source_of(one), view), strict=True))
                )
    return counts


def trial_requests(
    radiographs: Sequence[Radiograph],
    sources: Mapping[int, SourceImage],
    engine: str,
    *,
    each: int,
    seed: int,
    strength: float | None = None,
) -> list[SynthesisRequest]:
    """Requests for up to `each` samples a lesion, in normal films of the sources that have the lesion.

    Args:
        radiographs: The pool.
        sources: The normal films by their place in it.
        engine: Fingerprint of the synthesizer.
        each: Samples a lesion, each in another film.
        seed: Decides films and draws.
        strength: Share of the noise schedule that is run; None takes the lesion's own.

    Raises:
        LabelError: If no film has a lesion, or none is normal.
    """
    rng = np.random.default_rng(seed)
    requests = []
    for lesion in dict.fromkeys(LESION_OF.values()):
        homes = {source_of(one) for one in radiographs if class_of(one) == lesion}
        fitting = [number for number in sources if source_of(radiographs[number]) in homes]
        requests += [
            SynthesisRequest(
                source=sources[int(number)].digest, lesion=resolve_lesion(lesion), engine=engine, seed=seed,
                slot=f"trial/{lesion}/{number}", sampling=SamplingSettings(strength=strength),
            )
            for number in rng.permutation(fitting)[:each]
        ]  # fmt: skip
    if not requests:
        raise LabelError("no film of the pool has a lesion of the trial beside normal films of its source")
    return requests


def main(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and the images that it names.")],
    out: Annotated[Path, typer.Option(help="Folder for real.csv and the bank.")],
    checkpoint: Annotated[str, typer.Option(help="starter, a folder or a Hub id.")] = "starter",
    pool: Annotated[str, typer.Option(help="Pool that was not trained on; '' takes all.")] = "eval",
    each: Annotated[int, typer.Option(help="Samples a lesion.")] = 40,
    seed: Annotated[int, typer.Option(help="Decides films and draws.")] = 0,
    strength: Annotated[float | None, typer.Option(help="Strength of denoising instead of its own.")] = None,
) -> None:
    """Paint lesions into normal films of a pool, and name the command that measures them.

    Example: python -m medsynth_aug.training.starter.looking.trial --data cxr --out trial
    """
    out.mkdir(parents=True, exist_ok=True)
    radiographs = read_radiographs(data, pool=pool or None)
    counts = write_table(radiographs, data, out / "real.csv")
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    sources = {
        number: real_source(torch.from_numpy(one.pixels)[None])
        for number, one in enumerate(radiographs)
        if class_of(one) == NORMAL
    }
    synthesizer, bank = LesionSynthesizer.from_pretrained(checkpoint), SampleBank(out / "bank")
    requests = trial_requests(
        radiographs, sources, synthesizer.fingerprint, each=each, seed=seed, strength=strength
    )
    known = {source.digest: source for source in sources.values()}
    report = generate(requests, synthesizer, bank, SourceStore(bank, known.get))
    typer.echo(f"{report.made} made, {report.reused} held before, {len(report.refused)} given up")
    lesions = " ".join(f"--lesion {lesion}={lesion}" for lesion in LESION_OF.values() if lesion in counts)
    typer.echo(
        f"now: medsynth evaluate {out / 'real.csv'} {out / 'bank'} --image file --patient patient --stratum "
        f"source --stratum view --normal {NORMAL} {lesions} --shams 60 --checkpoint {checkpoint} --out "
        f"{out / 'report'}"
    )


if __name__ == "__main__":
    typer.run(main)
