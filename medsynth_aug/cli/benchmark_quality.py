"""`medsynth benchmark quality` and `controls`: what few steps, no guidance and each control cost or give."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth_aug.errors import SettingError

if TYPE_CHECKING:
    from medsynth_aug.benchmark.quality import Film

Data = Annotated[Path, typer.Option(help="Folder with labels.csv and its films, or a CSV file.")]
Checkpoint = Annotated[str, typer.Option(help="starter, a diffusers folder, or a Hub id.")]
Films = Annotated[int, typer.Option(help="Normal films to paint into, one a patient; fewer if fewer fit.")]
Lesions = Annotated[
    list[str] | None,
    typer.Option("--lesion", help="Lesion to paint; repeated. All with real cases if absent."),
]
Normal = Annotated[str, typer.Option(help="Class of the films without a finding.")]
Image = Annotated[str, typer.Option(help="Column with the path of the image.")]
Label = Annotated[str, typer.Option(help="Column with the class.")]
Patient = Annotated[str, typer.Option(help="Column with the patient.")]
EachImage = Annotated[bool, typer.Option("--each-image", help="Every image is a patient of its own.")]
Where = Annotated[
    list[str] | None,
    typer.Option(help="Take only rows with this value, COLUMN=VALUE, such as split=test; repeated."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Seed = Annotated[int, typer.Option(help="Decides films, draws and intervals.")]


def quality(
    data: Data,
    out: Annotated[Path, typer.Option(help="Where the report goes, as JSON.")] = Path("quality.json"),
    checkpoint: Checkpoint = "starter",
    films: Films = 24,
    lesion: Lesions = None,
    strength: Annotated[
        float | None, typer.Option(help="Share of the noise schedule that is run; what users get if absent.")
    ] = None,
    steps: Annotated[
        str, typer.Option(help="Denoising steps, rising; the last is the reference.")
    ] = "1,2,4,8,20",
    guidance: Annotated[float, typer.Option(help="Classifier-free guidance of the reference.")] = 2.0,
    scheduler: Annotated[
        list[str] | None, typer.Option(help="Scheduler to compare; repeated. The checkpoint's own if absent.")
    ] = None,
    delta: Annotated[
        list[str] | None,
        typer.Option(help="Largest loss that counts as kept, FIGURE=VALUE, such as ssim=0.01; repeated."),
    ] = None,
    whole: Annotated[int, typer.Option(help="Also make so many whole images a setting.")] = 0,
    prompt: Annotated[
        str, typer.Option(help="What the whole images show.")
    ] = "frontal chest radiograph, no finding, whole",
    normal: Normal = "normal",
    where: Where = None,
    image: Image = "file",
    label: Label = "label",
    patient: Patient = "patient_id",
    each_image: EachImage = False,
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    """Measure how much quality few steps without guidance cost.

    The same lesions are painted into the same real films under every setting, so each difference is one of
    the setting alone. Quality counts as kept if the 95 % interval of every difference to many steps with
    guidance lies within a loss stated beforehand (--delta). Films with a finding are left alone.

    Example: [bold]medsynth benchmark quality --data examples/data --films 8 --lesion nodule[/bold]
    """
    from rich.console import Console

    from medsynth_aug.benchmark import write_report
    from medsynth_aug.benchmark.quality import QualitySettings, as_quality_table, open_ungated, run_quality
    from medsynth_aug.benchmark.quality.settings import LESIONS
    from medsynth_aug.evaluation import load_extractor

    settings = QualitySettings(
        steps=_numbers(steps), guidance_scale=guidance, schedulers=tuple(scheduler or ["checkpoint"]),  # type: ignore[arg-type]
        lesions=tuple(lesion or LESIONS), strength=strength, whole=whole, whole_prompt=prompt, seed=seed,
        deltas={name: _number(value, "--delta") for name, value in _pairs(delta, "--delta").items()},
    )  # fmt: skip
    taken = _films(data, films, normal, where, image, label, None if each_image else patient, seed)
    synthesizer, least_kept = open_ungated(checkpoint, device=device)
    report = run_quality(
        synthesizer, taken, settings, load_extractor("medsynth", device=device),
        checkpoint=_name_of(checkpoint), device=synthesizer.device, least_kept=least_kept,
    )  # fmt: skip
    write_report(report, out)
    Console().print(as_quality_table(report))
    Console().print(f"written to {out}", soft_wrap=True)


def controls(
    data: Data,
    out: Annotated[Path, typer.Option(help="Where the report goes, as JSON.")] = Path("controls.json"),
    checkpoint: Checkpoint = "starter",
    films: Films = 24,
    lesion: Lesions = None,
    strength: Annotated[float, typer.Option(help="Share of the noise schedule that is run.")] = 0.5,
    steps: Annotated[int, typer.Option(help="Denoising steps.")] = 4,
    normal: Normal = "normal",
    where: Where = None,
    image: Image = "file",
    label: Label = "label",
    patient: Patient = "patient_id",
    each_image: EachImage = False,
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    """Measure what canny edges and depth give, by taking them away.

    The same lesions are painted with neither, canny, depth, and both; mask and anatomy are always given. The
    strength is high on purpose: where little is repainted, nothing can differ.

    Example: [bold]medsynth benchmark controls --data examples/data --films 8 --lesion mass[/bold]
    """
    from rich.console import Console

    from medsynth_aug.benchmark import write_report
    from medsynth_aug.benchmark.quality import ControlsSettings, as_quality_table, open_ungated, run_controls
    from medsynth_aug.benchmark.quality.settings import LESIONS

    settings = ControlsSettings(
        lesions=tuple(lesion or LESIONS), strength=strength, num_inference_steps=steps, seed=seed
    )
    taken = _films(data, films, normal, where, image, label, None if each_image else patient, seed)
    synthesizer, least_kept = open_ungated(checkpoint, device=device)
    report = run_controls(
        synthesizer,
        taken,
        settings,
        checkpoint=_name_of(checkpoint),
        device=synthesizer.device,
        least_kept=least_kept,
    )
    write_report(report, out)
    Console().print(as_quality_table(report))
    Console().print(f"written to {out}", soft_wrap=True)


def _name_of(checkpoint: str) -> str:
    """A folder's own name: where it lies is nobody's business; else the name as it was asked for."""
    return Path(checkpoint).resolve().name if Path(checkpoint).is_dir() else checkpoint


def _films(
    data: Path, count: int, normal: str, where: list[str] | None, image: str, label: str,
    patient: str | None, seed: int,
) -> "tuple[Film, ...]":  # fmt: skip
    from medsynth_aug.benchmark.quality import read_films
    from medsynth_aug.evaluation import Columns

    columns = Columns(image=image, label=label, patient=patient)
    return read_films(
        data, count=count, normal=normal, columns=columns, where=_pairs(where, "--where"), seed=seed
    )


def _pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    """NAME=VALUE of a repeated option."""
    found = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise SettingError(
                f"{option} is {text!r}; write NAME=VALUE, for example {option} {_EXAMPLES[option]}"
            )
        found[name] = value
    return found


_EXAMPLES = {"--where": "split=test", "--delta": "ssim=0.01"}


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError as problem:
        raise SettingError(f"{option} holds {text!r}; give a number") from problem


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as problem:
        raise SettingError(
            f"--steps is {text!r}; write whole numbers, for example --steps 1,2,4,8,20"
        ) from problem
