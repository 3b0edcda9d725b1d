"""Is it real: distances of each class to its real images, whole and round the lesion."""

from medsynth_aug.evaluation.comparable import one_sided, without_painted_patients
from medsynth_aug.evaluation.distances.fidelity import Sample, fidelity, references
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
        normal = _alike(subject.negatives, real)
        heading = f"{label}, whole image{note}"
        groups.append(_group(subject, heading, *(subject.whole(one) for one in (real, painted, normal))))
        restricted = _restricted(subject, label, real, painted, normal)
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


def _alike(negatives: ImageSet, real: ImageSet) -> ImageSet:
    """Normal images of the strata of the class; others differ by hospital or view, not by the lesion."""
    strata = {one.stratum for one in real}
    return negatives.where(lambda one: one.stratum in strata)


def _restricted(
    subject: Subject, label: str, real: ImageSet, painted: ImageSet, normal: ImageSet
) -> FigureGroup | None:
    """The same round the lesion: masks of painted images, boxes of real ones, lungs for diffuse findings.

    None where no real image says where its lesion is.
    """
    if is_diffuse(subject.lesion_of(label)):
        sides = [with_lungs_as_masks(one) for one in (real, painted, normal)]
        return _group(subject, f"{label}, lung fields", *(subject.inside(one) for one in sides))
    if not any(has_region(one) for one in real):
        return None
    nowhere = ImageSet(normal.name, ())  # a normal image has no place to look at
    inside = (subject.inside(one) for one in (real, painted, nowhere))
    return _group(subject, f"{label}, round the lesion (real ones by their boxes)", *inside)


def _group(subject: Subject, heading: str, real: Sample, painted: Sample, normal: Sample) -> FigureGroup:
    return FigureGroup(
        heading=heading,
        figures=tuple(fidelity(real, painted, seed=subject.seed)),
        reference=tuple(references(real, normal, seed=subject.seed)),
    )
