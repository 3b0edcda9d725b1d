"""Is it real: distances of each class to its real images, whole and round the lesion."""

from medsynth_aug.evaluation.comparable import one_sided, without_painted_patients
from medsynth_aug.evaluation.fidelity import Sample, fidelity, references
from medsynth_aug.evaluation.images import ImageSet
from medsynth_aug.evaluation.regions import has_region, is_diffuse, with_lungs_as_masks
from medsynth_aug.evaluation.report import FigureGroup, Section, Strip
from medsynth_aug.evaluation.strips import strip_of
from medsynth_aug.evaluation.subject import Subject

INTRO = (
    "How far synthetic images of a class lie from real ones, in the features of the extractor. Read each "
    "distance between its two references: one half of the real class against the other is as near as can be, "
    "the real class against normal images is what a painter that does nothing would reach."
)
SHOWN = 4


def fidelity_section(subject: Subject) -> Section:
    """FID, KID, precision, recall, density and coverage a class, with references."""
    reasons = one_sided(subject.real, subject.painted)
    groups: list[FigureGroup] = []
    strips: list[Strip] = []
    for label in subject.painted.labels:
        if label in reasons:
            continue
        painted = subject.painted.of(label)
        real, left_out = without_painted_patients(subject.real.of(label), painted)
        note = f"; {left_out} real images of painted patients left out" if left_out else ""
        groups.append(
            _group(subject, f"{label}, whole image{note}", subject.whole(real), subject.whole(painted))
        )
        restricted = _restricted(subject, label, real, painted)
        if restricted is None:
            reasons[f"{label} (region)"] = f"no real image of {label!r} says where its lesion is (boxes)"
        else:
            groups.append(restricted)
        for title, images in (("real", real), ("synthetic", painted)):
            strips += strip_of(f"{label}: {title}", images.images[:SHOWN])
    return Section(
        key="fidelity",
        title="Fidelity",
        intro=INTRO,
        status="ran" if groups else "not run",
        reason="; ".join(reasons.values()),
        groups=tuple(groups),
        strips=tuple(strips),
    )


def _restricted(subject: Subject, label: str, real: ImageSet, painted: ImageSet) -> FigureGroup | None:
    """The same round the lesion: masks of painted images, boxes of real ones, lungs for diffuse findings.

    None where no real image says where its lesion is.
    """
    lesion = subject.lesion_of(label)
    if is_diffuse(lesion):
        real, painted = with_lungs_as_masks(real), with_lungs_as_masks(painted)
        negatives = with_lungs_as_masks(subject.negatives)
        where = f"{label}, lung fields"
        return _group(
            subject, where, subject.inside(real), subject.inside(painted), normal=subject.inside(negatives)
        )
    if not any(has_region(one) for one in real):
        return None
    where = f"{label}, round the lesion (real ones by their boxes)"
    return _group(subject, where, subject.inside(real), subject.inside(painted), normal=None)


def _group(
    subject: Subject, heading: str, real: Sample, painted: Sample, *, normal: Sample | None = None
) -> FigureGroup:
    beside = subject.whole(subject.negatives) if "whole" in heading else normal
    empty = Sample(real.features[:0], ())
    return FigureGroup(
        heading=heading,
        figures=tuple(fidelity(real, painted, seed=subject.seed)),
        reference=tuple(references(real, beside if beside is not None else empty, seed=subject.seed)),
    )
