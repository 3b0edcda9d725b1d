"""`medsynth evaluate`: how close synthetic images come to real ones, and what they give away."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth_aug.cli.pairs import class_and_lesion
from medsynth_aug.errors import SettingError

if TYPE_CHECKING:
    from medsynth_aug.bank import SampleBank
    from medsynth_aug.evaluation import Columns, EvaluationReport, ImageSet


def evaluate(
    real: Annotated[
        Path | None,
        typer.Argument(help="Real images: a CSV file, or a folder that holds one folder a class."),
    ] = None,
    synthetic: Annotated[
        Path | None, typer.Argument(help="Synthetic images: a sample bank, a CSV file, or such a folder.")
    ] = None,
    lesion: Annotated[
        list[str] | None,
        typer.Option(help="Class of the real images and the lesion that fills it, CLASS=LESION; repeated."),
    ] = None,
    normal: Annotated[
        list[str] | None, typer.Option(help="Class of real images without a lesion; may be repeated.")
    ] = None,
    image: Annotated[str, typer.Option(help="CSV: column with the path of the image.")] = "image",
    label: Annotated[str, typer.Option(help="CSV: column with the class.")] = "label",
    patient: Annotated[str, typer.Option(help="CSV: column with the patient.")] = "patient",
    each_image: Annotated[
        bool, typer.Option("--each-image", help="CSV: every image is a patient of its own.")
    ] = False,
    stratum: Annotated[
        list[str] | None,
        typer.Option(help="CSV: column to match in audits, such as source or view; may be repeated."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="CSV: read only this split of the real images.")] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="CSV with file, label, x, y, w, h: where real lesions are.")
    ] = None,
    shams: Annotated[
        int, typer.Option(help="Paint so many sham edits into normal images of REAL for the artefact audit.")
    ] = 0,
    extractor: Annotated[
        str,
        typer.Option(
            help="What sees the images: medsynth, inception_v3:FILE, resnet50:FILE, torchxrayvision:WEIGHTS, "
            "or transformers:FOLDER; weights are yours and local."
        ),
    ] = "medsynth",
    checkpoint: Annotated[
        str, typer.Option(help="What painted: gives the training index, the round trip and the shams.")
    ] = "starter",
    fail_above: Annotated[
        float | None, typer.Option(help="Exit with code 1 if an audit's AUC is above this, for example 0.6.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for report.json and report.html.")] = Path("evaluation"),
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Compare two reports instead: FIRST SECOND, folders of earlier runs."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
) -> None:
    """Measure synthetic images against real ones: fidelity, anatomy kept, privacy, and two audits.

    Every figure stands with its n and a 95 % interval, or with the reason why it was not measured. Without
    --normal nothing says what is far, and no audit of shams can run.

    Example: [bold]medsynth evaluate examples/data/labels.csv demo/bank --image file --patient patient_id
    --stratum source --stratum view --normal normal --lesion "viral consolidation=viral_consolidation"[/bold]
    """
    from rich.console import Console

    from medsynth_aug.evaluation import Columns, compare_reports, load_report, save_comparison

    console = Console()
    if compare is not None:
        files = save_comparison(compare_reports(*(load_report(one) for one in compare), seed=seed), out)
        console.print(f"written to {files[0]} and {files[1]}", soft_wrap=True)
        return
    if real is None or synthetic is None:
        raise SettingError("give REAL and SYNTHETIC, or two earlier reports with --compare FIRST SECOND")
    columns = Columns(
        image=image, label=label, patient=None if each_image else patient, strata=tuple(stratum or ())
    )
    report = _evaluated(
        real, synthetic, columns=columns, split=split, boxes=boxes, normal=tuple(normal or ()),
        lesions=dict(class_and_lesion(text) for text in lesion or ()), shams=shams, extractor=extractor,
        checkpoint=checkpoint, fail_above=fail_above, device=device, seed=seed, out=out,
    )  # fmt: skip
    for line in report.lines():
        console.print(line, soft_wrap=True, markup=False)
    console.print(f"written to {out / 'report.html'} and {out / 'report.json'}", soft_wrap=True)
    if report.failed:
        raise typer.Exit(1)


def _evaluated(
    real: Path, synthetic: Path, *, columns: "Columns", split: str | None, boxes: Path | None,
    normal: tuple[str, ...], lesions: dict[str, str], shams: int, extractor: str, checkpoint: str,
    fail_above: float | None, device: str, seed: int, out: Path,
) -> "EvaluationReport":  # fmt: skip
    from medsynth_aug.bank import SampleBank
    from medsynth_aug.evaluation import default_cache, is_bank, read_bank, read_images, save_report
    from medsynth_aug.evaluation import evaluate as measure

    films = read_images(real, columns=columns, split=split, boxes=boxes)
    bank = SampleBank(synthetic) if is_bank(synthetic) else None
    if shams:
        _paint_shams(bank, films, normal, shams, checkpoint=checkpoint, device=device, seed=seed)
    if bank is not None:
        classes = {painted: name for name, painted in lesions.items()}
        samples = read_bank(bank, films, classes=classes)
    else:
        samples = read_images(synthetic, columns=columns, origin="painted")
    report = measure(
        films, samples, normal=normal, lesions=lesions, bank=bank, extractor=extractor, checkpoint=checkpoint,
        cache=default_cache(), fail_above=fail_above, device=device, seed=seed,
    )  # fmt: skip
    save_report(report, out)
    return report


def _paint_shams(
    bank: "SampleBank | None", films: "ImageSet", normal: tuple[str, ...], count: int, *, checkpoint: str,
    device: str, seed: int,
) -> None:  # fmt: skip
    from medsynth_aug.diffusion import LesionSynthesizer
    from medsynth_aug.evaluation import paint_shams

    if bank is None or not normal:
        raise SettingError("--shams needs a sample bank as SYNTHETIC, and --normal for images to paint into")
    synthesizer = LesionSynthesizer.from_pretrained(checkpoint, device=device)
    paint_shams(bank, synthesizer, films.of(*normal), count, seed=seed)
