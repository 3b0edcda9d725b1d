"""`medsynth review study`: can readers tell synthetic images from real ones?"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth_aug.cli.pairs import class_and_lesion
from medsynth_aug.errors import SettingError

if TYPE_CHECKING:
    from medsynth_aug.evaluation import ImageSet
    from medsynth_aug.review.study import Item, Study

study = typer.Typer(
    name="study", rich_markup_mode="rich", no_args_is_help=True,
    help="A blinded study: readers call images real or synthetic, without knowing.",
)  # fmt: skip


@study.command()
def create(
    out: Annotated[Path, typer.Argument(help="Folder of the study; must not exist.")],
    real: Annotated[
        Path, typer.Argument(help="Real images: a CSV file, or a folder that holds one folder a class.")
    ],
    bank: Annotated[Path, typer.Argument(help="Sample bank with the synthetic images.")],
    reader: Annotated[list[str], typer.Option(help="A reader, best by a pseudonym; repeated.")],
    lesion: Annotated[
        list[str],
        typer.Option(
            help="Class of the real images and the lesion that fills it, CLASS=LESION; repeated. A whole "
            "image without a lesion is CLASS=none."
        ),
    ],
    images: Annotated[int, typer.Option(help="Real images, and as many synthetic ones.")] = 100,
    repeats: Annotated[int, typer.Option(help="How many of each arm a reader sees twice.")] = 10,
    looks: Annotated[int, typer.Option(help="How often the answers are looked at, at equal steps.")] = 1,
    margin: Annotated[
        float, typer.Option(help="An AUC within 0.5 +- MARGIN counts as indistinguishable.")
    ] = 0.1,
    alpha: Annotated[float, typer.Option(help="Two-sided error of all looks together.")] = 0.05,
    purpose: Annotated[
        str | None, typer.Option(help="Only samples of this purpose: lesion or patient.")
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Only samples in which no pixel is real.")
    ] = False,
    other_class: Annotated[
        list[str] | None, typer.Option(help="A diagnosis to offer although no image shows it; repeated.")
    ] = None,
    image: Annotated[str, typer.Option(help="CSV: column with the path of the image.")] = "image",
    label: Annotated[str, typer.Option(help="CSV: column with the class.")] = "label",
    patient: Annotated[str, typer.Option(help="CSV: column with the patient.")] = "patient",
    each_image: Annotated[
        bool, typer.Option("--each-image", help="CSV: every image is a patient of its own.")
    ] = False,
    stratum: Annotated[
        list[str] | None, typer.Option(help="CSV: column to match both arms by, such as view; repeated.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="CSV: read only this split of the real images.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images in pixels.")] = None,
    trim: Annotated[float, typer.Option(help="Share of each side to cut off every image.")] = 0.04,
    name: Annotated[str, typer.Option(help="What to call the study.")] = "",
    seed: Annotated[int | None, typer.Option(help="Seed of every draw; drawn by itself if absent.")] = None,
) -> None:
    """Draw a study: as many real as synthetic images of each class, in an own order for each reader.

    Hand over the folder `readers` only: `key.json` beside it says which images are synthetic.

    Example: [bold]medsynth review study create study/ films/labels.csv bank/ --reader anna --reader boris
    --lesion nodule=nodule --lesion normal=none --images 100 --looks 2[/bold]
    """
    from rich.console import Console

    from medsynth_aug.evaluation import Columns, read_images
    from medsynth_aug.evaluation.reading import UNKNOWN_PATIENT
    from medsynth_aug.review.study import StudySettings, audit_files, create_study
    from medsynth_aug.review.study.leaks import sizes_differ
    from medsynth_aug.review.study.statistics.planning import guessing_half_width

    settings = StudySettings(
        images_per_arm=images, repeats_per_arm=repeats, looks=looks, margin=margin, alpha=alpha, size_px=size,
        trim=trim, match_strata=bool(stratum), other_classes=tuple(other_class or ()), seed=seed,
    )  # fmt: skip
    columns = Columns(
        image=image, label=label, patient=None if each_image else patient, strata=tuple(stratum or ())
    )
    films = read_images(real, columns=columns, split=split)
    classes = {painted: named for named, painted in map(class_and_lesion, lesion)}
    samples = _samples(bank, films, classes, purpose=purpose, virtual=virtual, most=4 * images)
    study = create_study(out, films, samples, readers=reader, name=name, settings=settings)
    console, key = Console(soft_wrap=True), study.key()
    leak = audit_files(study, key)
    console.print(
        f"{2 * images} images and {2 * repeats} repeats for {', '.join(study.readers)}, "
        f"{study.design.side_px} pixels wide"
    )
    console.print(
        f"files alone tell the arms apart with an AUC of {leak.auc:.2f} (chance: {leak.chance[0]:.2f} to "
        f"{leak.chance[1]:.2f})" + (": there is a leak; do not use this study" if leak.found else "")
    )
    if told := sizes_differ(key):
        console.print(f"caution: {told}")
    half = guessing_half_width(len(study.readers), images, looks=looks, alpha=alpha)
    told = "" if half < margin else ": too wide for the margin, give more images or more readers"
    console.print(
        f"if readers only guess, the interval of the AUC will be 0.5 ± {half:.3f}; margin {margin:g}{told}"
    )
    unknown = sum(one.origin == "painted" and one.patient.startswith(UNKNOWN_PATIENT) for one in samples)
    if unknown:
        console.print(
            f"caution: {unknown} painted images come from films that are not among the real ones, so their "
            "patients are unknown and may be in both arms; give all films"
        )
    console.print(
        f"hand over {study.folder}, which shows real patients too, and keep "
        f"{study.folder.parent / 'key.json'} to yourself"
    )


@study.command()
def run(
    folder: Annotated[Path, typer.Argument(help="The study, or the part that readers get.")],
    reader: Annotated[str, typer.Argument(help="Who reads.")],
    show: Annotated[str, typer.Option(help="viewer opens each image, path prints where it is.")] = "viewer",
) -> None:
    """Read: for each image say real or synthetic, how sure you are, and what you see.

    Answers are stored at once; stop with q and go on later. The first answer to an image counts; u answers
    the last one again, which is written down beside the first.
    """
    from medsynth_aug.review.study import Study

    if show not in ("viewer", "path"):
        raise SettingError(f"--show is {show!r}; say viewer or path")
    study, last = Study.load(folder), None
    while (item := study.next_item(reader)) is not None:
        try:
            said = _ask(study, reader, item, show, more=["u"] if last else [])
        except EOFError:
            break
        if said == "q":
            break
        if said == "u" and last is not None:
            _ask(study, reader, last, show, more=[])
        else:
            last = item
    done, total = study.progress(reader)
    typer.echo(
        f"{done} of {total} images answered" + ("; thank you" if done == total else "; go on any time")
    )


@study.command()
def report(
    folder: Annotated[Path, typer.Argument(help="The study, with its key.")],
    out: Annotated[Path, typer.Option(help="Folder for study.json and study.html.")] = Path("reader-study"),
    key: Annotated[Path | None, typer.Option(help="The key, if it lies elsewhere.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="A reader whose answers are not used; the report says so.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
) -> None:
    """Say what the study found, at the last planned look that all readers have come to."""
    from rich.console import Console

    from medsynth_aug.review.study import Study, report_study, save_study_report

    found = report_study(Study.load(folder), key=key, leave_out=leave_out or (), seed=seed)
    files = save_study_report(found, out)
    console = Console(soft_wrap=True)
    for line in found.lines():
        console.print(line, markup=False)
    if found.may_stop and len(found.looks) < found.planned_looks:
        console.print("the study has decided: readers need not go on")
    console.print(f"written to {files[1]} and {files[0]}")


def _samples(
    path: Path, films: "ImageSet", classes: dict[str, str], *, purpose: str | None, virtual: bool, most: int
) -> "ImageSet":
    """A random choice of the images of some lesions that a bank can show, at most so many of each."""
    import numpy as np

    from medsynth_aug.bank import SampleBank
    from medsynth_aug.evaluation import is_bank, read_bank
    from medsynth_aug.review.study.eligible import eligible_images

    if not is_bank(path):
        raise SettingError(f"{path} is no sample bank; give the folder that `medsynth generate` filled")
    bank, rng, chosen = SampleBank(path), np.random.default_rng(), list[str]()
    found = eligible_images(bank, purpose=purpose, virtual=virtual)
    for painted in classes:
        chosen += [str(one) for one in rng.permutation(found.of_lesion.get(painted, []))[:most]]
    if found.several:
        typer.echo(
            f"{found.several} images show lesions of several kinds and are left out: no one class fits"
        )
    if not chosen:
        raise SettingError(
            f"{path} holds no image of {', '.join(classes)} that can be shown as asked; "
            "see `medsynth generate`"
        )
    return read_bank(bank, films, classes=classes, digests=chosen)


def _ask(study: "Study", reader: str, item: "Item", show: str, *, more: list[str]) -> str:
    """Show an image and store the answer; returns what was said first."""
    from rich.markup import escape
    from rich.prompt import IntPrompt, Prompt

    typer.echo(f"image {item.number} of {item.total}: {item.path if show == 'path' else item.path.name}")
    if show == "viewer":
        typer.launch(str(item.path))
    start = time.monotonic()
    said = Prompt.ask("real or synthetic (q stops)", choices=["r", "s", "q", *more])
    if said in ("q", "u"):
        return said
    sure = IntPrompt.ask("how sure, 1 (a guess) to 5 (certain)", choices=[*"12345"])
    numbers = [str(number + 1) for number in range(len(item.classes))]
    offered = ", ".join(f"{number} {name}" for number, name in zip(numbers, item.classes))
    seen = IntPrompt.ask(f"diagnosis, {escape(offered)}", choices=numbers)
    study.answer(
        reader, item.name, call="synthetic" if said == "s" else "real", confidence=sure,
        diagnosis=item.classes[seen - 1], seconds=round(time.monotonic() - start, 2),
    )  # fmt: skip
    return said
