"""Does it leak: the artefact audit of shams, and the realism audit of each class."""

from dataclasses import replace

import numpy as np

from medsynth_aug.evaluation.audits.audit import Audit, artefact_audit, realism_audit
from medsynth_aug.evaluation.comparable import without_painted_patients
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.regions import is_diffuse, with_lungs_as_masks
from medsynth_aug.evaluation.report import FigureGroup, Gate, Section, Strip
from medsynth_aug.evaluation.strips import edit_strip
from medsynth_aug.evaluation.subject import Subject
from medsynth_aug.types import BoolMap

ARTEFACT = (
    "Whether a classifier can tell a film with a sham edit (tissue re-painted, no lesion) from one that "
    "nobody touched: 0.5 is chance, and what is above it is a trace of editing that a model could learn "
    "instead of the lesion."
)
REALISM = (
    "Whether a classifier can tell synthetic images of this class from real ones: 0.5 is chance, 1 means "
    "that every one is told apart, by the lesion or by anything else that differs between both sides."
)
SHOWN = 4


def artefact_section(subject: Subject) -> Section:
    """AUC of shams against untouched negatives."""
    audit = artefact_audit(
        subject.shams, subject.negatives, painted=subject.painted, sources=subject.sources,
        round_trip=subject.round_trip, features=subject.features, fail_above=subject.fail_above,
        most=subject.most, seed=subject.seed, progress=subject.progress,
    )  # fmt: skip
    shown = [one for one in subject.shams if one.source in subject.sources][:SHOWN]
    strips = tuple(edit_strip(f"sham {one.name}", one, subject.sources[one.source or ""]) for one in shown)
    return _section("artefact", "Artefact audit", ARTEFACT, audit, subject, "shams", strips)


def realism_section(subject: Subject, label: str) -> Section:
    """AUC of synthetic against real positives of one class."""
    painted = subject.painted.of(label)
    real, _ = without_painted_patients(subject.real.of(label), painted)
    if is_diffuse(subject.lesion_of(label)):
        painted, real = _lungs_of(painted), with_lungs_as_masks(real)
    audit = realism_audit(
        painted, real, lesion=label, region_of=_box, round_trip=subject.round_trip, features=subject.features,
        fail_above=subject.fail_above, most=subject.most, seed=subject.seed, progress=subject.progress,
    )  # fmt: skip
    return _section(f"realism {label}", f"Realism audit: {label}", REALISM, audit, subject, label)


def _lungs_of(images: ImageSet) -> ImageSet:
    """The images with their lung fields as masks, found as in real ones."""
    return with_lungs_as_masks(ImageSet(images.name, tuple(replace(one, mask=None) for one in images)))


def _box(one: EvaluationImage) -> BoolMap | None:
    """The box round the mask: real lesions have boxes, so painted ones are looked at in theirs."""
    if one.mask is None or not one.mask.any():
        return None
    rows, columns = np.nonzero(one.mask.any(1))[0], np.nonzero(one.mask.any(0))[0]
    box = np.zeros_like(one.mask)
    box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def _section(
    key: str, title: str, intro: str, audit: Audit, subject: Subject, heading: str,
    strips: tuple[Strip, ...] = (),
) -> Section:  # fmt: skip
    told = [*audit.notes]
    if audit.left_out:
        told.append(f"{audit.left_out} images without a counterpart of the same stratum")
    changes = ", ".join(f"{side} {value:.2g}" for side, value in audit.changes.items())
    if changes:
        told.append(f"median change inside the edit, in shares of the value range: {changes}")
    gate: Gate | None = None
    if audit.passed is not None and subject.fail_above is not None:
        gate = {"limit": subject.fail_above, "passed": audit.passed}
    few = "needs at least" in audit.reason or "there are no sham" in audit.reason
    return Section(
        key=key,
        title=title,
        intro=intro,
        status="ran" if audit.ran else "not run" if few else "refused",
        reason="; ".join([audit.reason, *told] if audit.reason else told),
        groups=(FigureGroup(heading=heading, figures=audit.figures, reference=audit.reference),)
        if audit.figures
        else (),
        strips=strips,
        gate=gate,
    )
