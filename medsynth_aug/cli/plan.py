"""`medsynth plan`: what rebalancing would do to a data set, before anything is painted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medsynth_aug.cli.pairs import class_and_lesion
from medsynth_aug.errors import PlanError

if TYPE_CHECKING:
    from medsynth_aug.data import FolderDataset


def plan(
    source: Annotated[Path, typer.Argument(help="A CSV file, or a folder that holds one folder a class.")],
    lesion: Annotated[
        list[str], typer.Option(help="Class to fill and lesion that fills it, CLASS=LESION; may be repeated.")
    ],
    background: Annotated[
        list[str], typer.Option(help="Class into whose images a lesion may be painted; may be repeated.")
    ],
    strategy: Annotated[str, typer.Option(help="imbalanced-learn's sampling_strategy, by name.")] = "auto",
    max_ratio: Annotated[float, typer.Option(help="Most synthetic samples per real positive.")] = 1.0,
    force: Annotated[bool, typer.Option("--force", help="Allow a --max-ratio above 10.")] = False,
    each_image: Annotated[
        bool, typer.Option("--each-image", help="Every image is a patient of its own.")
    ] = False,
    image: Annotated[str, typer.Option(help="CSV: column with the path of the image.")] = "image",
    label: Annotated[str, typer.Option(help="CSV: column with the class.")] = "label",
    patient: Annotated[str, typer.Option(help="CSV: column with the patient.")] = "patient",
    split: Annotated[
        str | None, typer.Option(help="CSV: the training split, where it has a split column.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the backgrounds.")] = 0,
) -> None:
    """Count the classes before and after rebalancing; nothing is painted.

    In the table, wanted is what the strategy asks for, granted what --max-ratio leaves of it. A patient or an
    image that stands in two splits is an error.

    Example: [bold]medsynth plan examples/data/labels.csv --image file --patient patient_id --split train
    --lesion pneumothorax=pneumothorax --background normal[/bold]
    """
    from medsynth_aug.data import EACH_IMAGE, CsvDataset, plan_rebalancing
    from medsynth_aug.synthesis import FakeSynthesizer

    if source.suffix.lower() == ".csv":
        columns = {"image": image, "label": label, "patient": None if each_image else patient}
        images: CsvDataset | FolderDataset = CsvDataset(source, **columns, split=split)  # type: ignore[arg-type]
    else:
        images = _folder(source, each_image)
    planned = plan_rebalancing(
        images,
        FakeSynthesizer(),
        lesions=dict(_pair(text, images.class_to_idx) for text in lesion),
        background=[_class(name, images.class_to_idx) for name in background],
        groups=EACH_IMAGE if each_image else None,
        sampling_strategy=strategy,
        max_ratio=max_ratio,
        force=force,
        seed=seed,
    )
    typer.echo(planned.summary())


def _folder(source: Path, each_image: bool) -> "FolderDataset":
    from medsynth_aug.data import FolderDataset

    images = FolderDataset(source)
    if not each_image:
        raise PlanError(
            f"the patients of {source} are not known; list the images in a CSV file "
            "with a patient column, or pass --each-image if every image is a patient of its own"
        )
    return images


def _pair(text: str, names: dict[str, int]) -> tuple[Any, str]:
    name, lesion = class_and_lesion(text)
    return _class(name, names), lesion


def _class(text: str, names: dict[str, int]) -> int | str:
    """A class by its name, or by its number where the data set has no such name."""
    return int(text) if text not in names and text.isdecimal() else text
