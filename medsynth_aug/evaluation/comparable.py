"""Refuse what would make every figure a lie: other bit depths, shared patients, sources among the samples."""

from medsynth_aug.errors import GridError, ImageError, LabelError, SplitLeakError
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet

MOST_NAMED = 5


def check_comparable(real: ImageSet, synthetic: ImageSet) -> None:
    """Check that two sets differ in what is to be measured and in nothing else.

    Args:
        real: Real images.
        synthetic: Synthetic ones.

    Raises:
        LabelError: If they have no class in common.
        GridError: If they hold other pixel types, bit depths or channels, or no image size in common.
        ImageError: If a synthetic image is a real one, pixel for pixel.
        SplitLeakError: If patients of synthetic images without a known source have real images too.
    """
    shared = set(real.labels) & set(synthetic.labels)
    if not shared:
        raise LabelError(
            f"no class has real and synthetic images: {real.name} has {', '.join(real.labels)}, "
            f"{synthetic.name} has {', '.join(synthetic.labels)}; say which lesion is which class "
            "(--class CLASS=LESION)"
        )
    _check_depths(real, synthetic)
    _check_sizes(real, synthetic)
    _check_copies(real, synthetic)
    _check_patients(real, synthetic)


def one_sided(real: ImageSet, synthetic: ImageSet) -> dict[str, str]:
    """Classes of synthetic images that have no real one, with the reason why nothing is measured."""
    return {
        label: f"{real.name} holds no real image of class {label!r}, so nothing is near or far from it"
        for label in synthetic.labels
        if label not in real.labels
    }


def without_painted_patients(real: ImageSet, synthetic: ImageSet) -> tuple[ImageSet, int]:
    """Real images of patients into none of whose films a lesion was painted, and how many were left out."""
    painted = {one.patient for one in synthetic if one.source is not None}
    kept = real.where(lambda one: one.patient not in painted)
    return kept, len(real) - len(kept)


def _depth(one: EvaluationImage) -> str:
    low, high = one.value_range
    kind = str(one.pixels.dtype).removeprefix("torch.")
    return f"{one.pixels.shape[0]} x {kind} from {low:g} to {high:g}"


def _check_depths(real: ImageSet, synthetic: ImageSet) -> None:
    ours, theirs = ({_depth(one) for one in side} for side in (real, synthetic))
    if ours != theirs and not theirs <= ours:
        raise GridError(
            f"{real.name} holds {' and '.join(sorted(ours))}, {synthetic.name} holds "
            f"{' and '.join(sorted(theirs))}; a bit depth tells both apart at once: bring them to one first"
        )


def _check_sizes(real: ImageSet, synthetic: ImageSet) -> None:
    ours, theirs = ({one.shape for one in side} for side in (real, synthetic))
    if not ours & theirs:
        shown = [", ".join(f"{h} x {w}" for h, w in sorted(side)[:MOST_NAMED]) for side in (ours, theirs)]
        raise GridError(
            f"no image size is common: {real.name} has {shown[0]}, {synthetic.name} has {shown[1]}; the size "
            "tells both apart at once: bring them to the same sizes in the same way first"
        )


def _check_copies(real: ImageSet, synthetic: ImageSet) -> None:
    known = {one.digest: one.name for one in real}
    copies = [f"{one.name} is {known[one.digest]}" for one in synthetic if one.digest in known]
    if copies:
        raise ImageError(
            f"{len(copies)} images of {synthetic.name} are real images, pixel for pixel: "
            f"{'; '.join(copies[:MOST_NAMED])}; take the sources out of the synthetic images"
        )


def _check_patients(real: ImageSet, synthetic: ImageSet) -> None:
    """Only painted images may: the patient of their source, which the figures allow for."""
    shared = sorted({one.patient for one in synthetic if one.source is None} & set(real.patients))
    if shared:
        raise SplitLeakError(
            f"{len(shared)} patients have real and synthetic images: {', '.join(shared[:MOST_NAMED])}; "
            "compare with real images of other patients, for example of the test split (--split test)"
        )
