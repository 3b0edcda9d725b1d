"""`medsynth plan`: what rebalancing would do to a data set, and what it would cost, before it is done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medsynth_aug.cli.pairs import class_and_lesion
from medsynth_aug.cli.places import MayLeave, Pixels, Records, open_bank
from medsynth_aug.errors import PlanError, SettingError

if TYPE_CHECKING:
    from medsynth_aug.data import CsvDataset, FolderDataset
    from medsynth_aug.synthesis import Synthesizer

DATA, CHOICE, ENGINE, RESULT = "The data set", "What is chosen", "The engine", "What is kept"


def plan(
    source: Annotated[Path, typer.Argument(help="A CSV file, or a folder that holds one folder a class.")],
    lesion: Annotated[
        list[str],
        typer.Option(
            help="Class to fill and lesion that fills it, CLASS=LESION; may be repeated.",
            rich_help_panel=CHOICE,
        ),
    ],
    background: Annotated[
        list[str],
        typer.Option(
            help="Class into whose images a lesion may be painted; may be repeated.", rich_help_panel=CHOICE
        ),
    ],
    strategy: Annotated[
        str, typer.Option(help="imbalanced-learn's sampling_strategy, by name.", rich_help_panel=CHOICE)
    ] = "auto",
    max_ratio: Annotated[
        float, typer.Option(help="Most synthetic samples per real positive.", rich_help_panel=CHOICE)
    ] = 1.0,
    force: Annotated[
        bool, typer.Option("--force", help="Allow a --max-ratio above 10.", rich_help_panel=CHOICE)
    ] = False,
    max_per_patient: Annotated[
        int | None,
        typer.Option(
            help="Most samples painted into the images of one patient; fewer are granted where it binds.",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    match: Annotated[
        list[str] | None,
        typer.Option(
            help="CSV: column whose shares among the samples of a class shall be those among its real cases, "
            "such as view or sex. COLUMN:WIDTH puts numbers into bands, age:10. May be repeated: then "
            "jointly.",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    match_loosely: Annotated[
        bool,
        typer.Option(
            "--match-loosely",
            help="Give samples for which no background matches to the other strata, instead of leaving them "
            "out.",
            rich_help_panel=CHOICE,
        ),
    ] = False,
    sham_fraction: Annotated[
        float,
        typer.Option(
            help="Share of the background images that sham edits replace, so that an edit alone betrays "
            "nothing; 0 to 1.",
            rich_help_panel=CHOICE,
        ),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Decides the backgrounds.", rich_help_panel=CHOICE)] = 0,
    each_image: Annotated[
        bool,
        typer.Option(
            "--each-image", help="Every image is a patient of its own.", rich_help_panel=DATA
        ),
    ] = False,
    image: Annotated[
        str, typer.Option(help="CSV: column with the path of the image.", rich_help_panel=DATA)
    ] = "image",
    label: Annotated[str, typer.Option(help="CSV: column with the class.", rich_help_panel=DATA)] = "label",
    patient: Annotated[
        str, typer.Option(help="CSV: column with the patient.", rich_help_panel=DATA)
    ] = "patient",
    split: Annotated[
        str | None,
        typer.Option(help="CSV: the training split, where it has a split column.", rich_help_panel=DATA),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            help="Who will paint: starter, a diffusers folder or a Hub id. Without it the plan is made for "
            "the fake engine, which needs no weights.",
            rich_help_panel=ENGINE,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            help="auto, cpu, cuda, cuda:1 or mps; a plan is for one precision, so plan as you will generate.",
            rich_help_panel=ENGINE,
        ),
    ] = "auto",
    time: Annotated[
        bool,
        typer.Option(
            "--time", help="Paint a few samples, throw them away, and estimate the time.",
            rich_help_panel=ENGINE,
        ),
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(help="Write the plan to this file. It names patients: keep it.", rich_help_panel=RESULT),
    ] = None,
    bank: Annotated[
        Path | None,
        typer.Option(
            help="Keep copies of the backgrounds in this bank, so that [bold]medsynth generate[/bold] needs "
            "the plan and the bank only, and what was read for the next plan.",
            rich_help_panel=RESULT,
        ),
    ] = None,
    records: Records = None,
    pixels: Pixels = None,
    real_data_may_leave: MayLeave = False,
) -> None:  # fmt: skip
    """Count the classes before and after rebalancing, and estimate what it costs; nothing is painted.

    In the table, wanted is what the strategy asks for, granted what --max-ratio, --max-per-patient and
    --match leave of it. A patient or an image that stands in two splits is an error.

    With --save and --bank the plan can be carried out later, elsewhere and by many processes, without the
    data set: [bold]medsynth generate PLAN --bank FOLDER[/bold]. For other machines the bank has to lie where
    they reach it: name --records and --pixels here, and the same ones there.

    Example: [bold]medsynth plan examples/data/labels.csv --image file --patient patient_id --split train
    --lesion pneumothorax=pneumothorax --background normal[/bold]

    Example: [bold]medsynth plan labels.csv --lesion nodule=nodule --background normal --split train
    --match view --match sex --match age:10 --max-per-patient 3 --sham-fraction 0.1 --checkpoint starter
    --time --bank bank --save plan.jsonl[/bold]
    """
    from medsynth_aug.conditioning.settings import ConditioningSettings
    from medsynth_aug.data.planning.making import make_plan
    from medsynth_aug.data.planning.timing import time_plan
    from medsynth_aug.data.planning.training_data import take_in
    from medsynth_aug.data.planning.wish import Wish
    from medsynth_aug.synthesis.settings import SamplingSettings

    if bank is None and (records or pixels):
        raise SettingError("--records and --pixels say where a bank lies; name its folder too, with --bank")
    columns = {"image": image, "label": label, "patient": None if each_image else patient, "split": split}
    images = _images(source, columns, [_column(text) for text in match or ()], each_image)
    training = take_in(
        images, labels=None, groups="each-image" if each_image else None, holdout_groups=None,
        value_range=None, spacing_mm=None, item=None, folder=None if bank is None else bank / "labels",
    )  # fmt: skip
    wish = Wish(
        lesions=dict(_pair(text, images.class_to_idx) for text in lesion),
        background=[_class(name, images.class_to_idx) for name in background],
        sampling_strategy=strategy, max_ratio=max_ratio, force=force, max_per_patient=max_per_patient,
        match=_attributes(images, match or ()), match_strict=not match_loosely,
        sham_fraction=sham_fraction, seed=seed, sampling=SamplingSettings(),
        conditioning=ConditioningSettings(),
    )  # fmt: skip
    engine = _engine(checkpoint, device)
    store = None if bank is None else open_bank(bank, records, pixels, may_leave=real_data_may_leave)
    planned = make_plan(
        training, wish, engine=engine.fingerprint, folder=None if bank is None else bank / "digests",
        copies=store,
    )  # fmt: skip
    rate = time_plan(planned, engine, training.reader)._asdict() if time else {}
    typer.echo(planned.summary())
    typer.echo(f"\n{planned.cost(**rate, copies=bank is not None)}")
    typer.echo(f"engine: {checkpoint or 'fake, it paints the lesion priors alone; see --checkpoint'}")
    if save is not None:
        planned.save(save)
        typer.echo(f"plan: {save}" + (f"; next: medsynth generate {save} --bank {bank}" if bank else ""))


def _engine(checkpoint: str | None, device: str) -> "Synthesizer":
    if checkpoint is None:
        from medsynth_aug.synthesis import FakeSynthesizer

        return FakeSynthesizer()
    from medsynth_aug.diffusion import LesionSynthesizer

    return LesionSynthesizer.from_pretrained(checkpoint, device=device)


def _images(
    source: Path, columns: dict[str, Any], attributes: list[str], each_image: bool
) -> "CsvDataset | FolderDataset":
    from medsynth_aug.data import CsvDataset, FolderDataset

    if source.suffix.lower() == ".csv":
        return CsvDataset(source, **columns, attributes=attributes)
    if attributes:
        raise SettingError(f"--match names columns of a CSV file, but {source} is a folder; list its images")
    images = FolderDataset(source)
    if not each_image:
        raise PlanError(
            f"the patients of {source} are not known; list the images in a CSV file "
            "with a patient column, or pass --each-image if every image is a patient of its own"
        )
    return images


def _column(text: str) -> str:
    return text.rpartition(":")[0] if ":" in text else text


def _attributes(images: Any, match: Any) -> dict[str, Any] | None:
    """A value of each matched column for each image, numbers in bands where a width is given."""
    from medsynth_aug.data import age_band

    found = {}
    for text in match:
        column, values = _column(text), images.attributes[_column(text)]
        if ":" in text:
            try:
                width = float(text.rpartition(":")[2])
            except ValueError as problem:
                raise SettingError(
                    f"--match is {text!r}; write COLUMN, or COLUMN:WIDTH with a number, for example age:10"
                ) from problem
            values = age_band(values, width=width)
        found[column] = values
    return found or None


def _pair(text: str, names: dict[str, int]) -> tuple[Any, str]:
    name, lesion = class_and_lesion(text)
    return _class(name, names), lesion


def _class(text: str, names: dict[str, int]) -> int | str:
    """A class by its name, or by its number where the data set has no such name."""
    return int(text) if text not in names and text.isdecimal() else text
