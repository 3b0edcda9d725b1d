"""`medsynth corpus`: hand on what was approved."""

from pathlib import Path
from typing import Annotated

import typer

from medsynth_aug.cli.pairs import class_and_lesion
from medsynth_aug.errors import PlanError, SettingError


def corpus(context: typer.Context) -> None:
    """Hand on what reviewers approved.

    Example: [bold]medsynth corpus export labels.csv train/ --bank bank/ --lesion nodule=nodule[/bold]
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def export(
    source: Annotated[Path, typer.Argument(help="A CSV file, or a folder that holds one folder a class.")],
    out: Annotated[Path, typer.Argument(help="Folder of the training set; must not exist.")],
    bank: Annotated[Path, typer.Option(help="Folder of the bank.")],
    lesion: Annotated[
        list[str],
        typer.Option(
            help="Class to fill and lesion that fills it, CLASS=LESION; may be repeated. Images without a "
            "lesion are CLASS=none."
        ),
    ],
    image: Annotated[str, typer.Option(help="CSV: column with the path of the image.")] = "image",
    label: Annotated[str, typer.Option(help="CSV: column with the class.")] = "label",
    patient: Annotated[str, typer.Option(help="CSV: column with the patient.")] = "patient",
    split: Annotated[
        str | None, typer.Option(help="CSV: the training split, where it has a split column.")
    ] = None,
    each_image: Annotated[
        bool, typer.Option("--each-image", help="Every image is a patient of its own.")
    ] = False,
    format: Annotated[
        str, typer.Option(help="folder (images, CSV, MONAI data list) or huggingface.")
    ] = "folder",
) -> None:
    """Write the real training split and the approved samples as one training set, whole or not at all.

    Samples that nobody approved, and those whose background is not in the split, are left out and counted.

    Example: [bold]medsynth corpus export labels.csv train/ --bank bank/ --split train
    --lesion pneumothorax=pneumothorax[/bold]
    """
    from collections import Counter

    from medsynth_aug.bank import SampleBank
    from medsynth_aug.data import CsvDataset, FolderDataset
    from medsynth_aug.review.export import export_training_set

    if not bank.is_dir():
        raise SettingError(f"{bank} is no folder; --bank FOLDER names the bank whose samples were reviewed")
    images: CsvDataset | FolderDataset
    if source.suffix.lower() == ".csv":
        people = None if each_image else patient
        images = CsvDataset(source, image=image, label=label, patient=people, split=split)
    elif not each_image:
        raise PlanError(
            f"the patients of {source} are not known; list the images in a CSV file with a patient column, "
            "or pass --each-image if every image is a patient of its own"
        )
    else:
        images = FolderDataset(source)
    pairs = dict(class_and_lesion(text) for text in lesion)
    lesions = {int(name) if name.isdecimal() and name not in images.class_to_idx else name: painted
               for name, painted in pairs.items()}  # fmt: skip
    healthy = [name for name, painted in lesions.items() if painted == "none"]
    if len(healthy) > 1:
        raise SettingError(
            f"--lesion says none for {' and '.join(map(str, healthy))}; healthy images have one"
        )
    report = export_training_set(
        images, SampleBank(bank), out, form=format,  # type: ignore[arg-type]
        lesions={name: painted for name, painted in lesions.items() if painted != "none"},
        healthy=healthy[0] if healthy else None,
        groups="each-image" if each_image else None,
    )  # fmt: skip
    typer.echo(f"{report.folder}: {report.real} real images, {report.synthetic} approved samples")
    for reason, number in Counter(report.left_out.values()).most_common():
        typer.echo(f"{number} approved samples left out: {reason}")
