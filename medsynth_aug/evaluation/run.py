"""One evaluation from end to end: check both sides, gather what is needed, measure section by section."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path
from torch import nn

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import LabelError
from medsynth_aug.evaluation.comparable import check_comparable
from medsynth_aug.evaluation.extraction.extractors import load_extractor
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.reading import find_sources
from medsynth_aug.evaluation.report import EvaluationReport, Model, Section, inputs_of
from medsynth_aug.evaluation.sections.anatomy import anatomy_section
from medsynth_aug.evaluation.sections.audits import artefact_section, realism_section
from medsynth_aug.evaluation.sections.fidelity import fidelity_section
from medsynth_aug.evaluation.sections.privacy import privacy_section
from medsynth_aug.evaluation.subject import Subject
from medsynth_aug.types import Grey

if TYPE_CHECKING:
    from medsynth_aug.diffusion import TrainingIndex

CACHE = "features"


def default_cache() -> Path:
    """Where features are kept between runs, in the user's own cache folder."""
    return user_cache_path("medsynth-aug") / CACHE


def evaluate(
    real: ImageSet,
    synthetic: ImageSet,
    *,
    normal: Sequence[str] = (),
    lesions: Mapping[str, str] | None = None,
    bank: SampleBank | None = None,
    extractor: str | Path | nn.Module = "medsynth",
    checkpoint: str | Path | None = "starter",
    cache: Path | None = None,
    fail_above: float | None = None,
    most: int = 150,
    device: str = "auto",
    seed: int = 0,
    progress: bool = True,
) -> EvaluationReport:
    """Fidelity, anatomy kept, privacy and both audits of synthetic images, as one report.

    Args:
        real: Real images of every class; sources of painted images are looked up among them.
        synthetic: Painted, sham and virtual images, as `read_bank` or `read_images` gives them.
        normal: Classes of real images without a lesion.
        lesions: Class -> lesion that fills it, where the names differ.
        bank: Gives copies of sources that are not among the real images.
        extractor: What sees the images: a name of `extractors.FORMS`, or a module with `num_features`.
        checkpoint: What painted: gives training index and autoencoder; None where there is none to ask.
        cache: Folder in which features are kept; None keeps none.
        fail_above: Largest AUC that passes an audit; None sets no gate.
        most: Most images a side of an audit, which decide its cost.
        device: Where the networks run.
        seed: Seed of every draw.
        progress: Show progress bars.

    Raises:
        LabelError: If no class has real and synthetic images, or a normal class has none.
        GridError: If bit depths differ or no image size is common.
        ImageError: If a synthetic image is a real one, pixel for pixel.
        SplitLeakError: If patients of synthetic images without a known source have real images.
        SettingError: If the extractor is not known.
        CheckpointError: If weights are missing, pickled or do not fit.
    """
    absent = [name for name in normal if name not in real.labels]
    if absent:
        raise LabelError(
            f"{real.name} holds no image of class {', '.join(absent)}; it has {', '.join(real.labels)}"
        )
    check_comparable(real, synthetic.where(lambda one: one.origin != "sham"))
    looks = load_extractor(extractor, device=device)
    index, round_trip, digest = _of_checkpoint(checkpoint, device)
    subject = Subject(
        real=real, synthetic=synthetic, normal=tuple(normal), lesions=dict(lesions or {}),
        sources=find_sources(synthetic, real, bank), extractor=looks, index=index, round_trip=round_trip,
        cache=cache, fail_above=fail_above, most=most, seed=seed, progress=progress,
    )  # fmt: skip
    seen_by = str(Model(name=looks.name, digest=looks.digest))
    sections = (
        replace(fidelity_section(subject), extractor=seen_by),
        anatomy_section(subject),
        replace(privacy_section(subject), extractor=seen_by),
        artefact_section(subject),
        *realism_sections(subject),
    )
    return EvaluationReport(
        extractor=Model(name=looks.name, digest=looks.digest),
        checkpoint=Model(name=str(checkpoint or ""), digest=digest),
        inputs=inputs_of(real, synthetic),
        settings={
            "normal": list(normal), "lesions": dict(lesions or {}), "fail_above": fail_above, "most": most,
            "seed": seed,
        },
        sections=sections,
    )  # fmt: skip


def realism_sections(subject: Subject) -> tuple[Section, ...]:
    """One section for each class with painted images."""
    return tuple(realism_section(subject, label) for label in subject.painted.labels)


def _of_checkpoint(
    name: str | Path | None, device: str
) -> tuple["TrainingIndex | None", Callable[[EvaluationImage], Grey] | None, str]:
    """Training index, autoencoder round trip and weights digest of a checkpoint."""
    if name is None:
        return None, None, ""
    from medsynth_aug.diffusion import read_index
    from medsynth_aug.diffusion.checkpoint import digest_of_folder, find_checkpoint
    from medsynth_aug.diffusion.round_trip import load_round_trip

    folder = find_checkpoint(name)
    round_trip = load_round_trip(folder, device=device)
    return read_index(folder), lambda one: round_trip(one.grey), digest_of_folder(folder)
