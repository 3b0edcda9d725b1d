"""Sham edits for an audit: healthy tissue re-painted in negatives, as the lesions of a bank were painted."""

from collections.abc import Sequence

import numpy as np

from medsynth_aug.bank import GenerationReport, SampleBank, SourceStore, generate
from medsynth_aug.errors import LabelError, SettingError
from medsynth_aug.evaluation.images import ImageSet
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.synthesis.synthesizer import Synthesizer
from medsynth_aug.types import Spacing


def sham_requests(
    painted: Sequence[SynthesisRequest], negatives: ImageSet, count: int, *, engine: str, seed: int = 0
) -> list[SynthesisRequest]:
    """Shams with the lesions' own distribution of regions, strength, steps, weights and texture form.

    Args:
        painted: Requests of the lesions, whose definitions and settings are taken in turn.
        negatives: Images without a lesion; each is used once, one patient after the other.
        count: How many are wanted.
        engine: Fingerprint of the synthesizer that will make them.
        seed: Decides which negatives are used.

    Raises:
        SettingError: If `count` is below 1.
        LabelError: If there are no lesions to imitate, or fewer negatives than shams.
    """
    if count < 1:
        raise SettingError(f"{count} shams were asked for; at least 1 can be made")
    if not painted:
        raise LabelError("the bank holds no painted lesion that a sham could imitate; fill it first")
    if len(negatives) < count:
        raise LabelError(f"{count} shams need as many images without a lesion; {len(negatives)} are there")
    rng = np.random.default_rng(seed)
    seen: set[str] = set()
    chosen: list[int] = []
    rest: list[int] = []
    for index in rng.permutation(len(negatives)).tolist():
        patient = negatives.images[index].patient
        (rest if patient in seen else chosen).append(index)
        seen.add(patient)
    like = [painted[index] for index in rng.permutation(len(painted))]
    return [
        SynthesisRequest(
            source=negatives.images[index].digest, lesion=like[number % len(like)].lesion, engine=engine,
            seed=seed, slot=f"sham/{number}", sampling=like[number % len(like)].sampling,
            conditioning=like[number % len(like)].conditioning, purpose="sham",
        )
        for number, index in enumerate([*chosen, *rest][:count])
    ]  # fmt: skip


def paint_shams(
    bank: SampleBank,
    synthesizer: Synthesizer,
    negatives: ImageSet,
    count: int,
    *,
    spacing_mm: tuple[float, float] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> GenerationReport:
    """Paint shams into negatives and keep them in the bank; those it holds already are not made again.

    Args:
        bank: Holds the lesions to imitate, and takes the shams.
        synthesizer: The one that painted the lesions.
        negatives: Images without a lesion.
        count: How many are wanted in all.
        spacing_mm: Spacing under which the negatives were read.
        seed: Decides which negatives are used.
        progress: Show a progress bar.

    Raises:
        SettingError: If the bank's lesions were painted by another engine, or `count` is below 1.
        LabelError: If there are no lesions to imitate, or fewer negatives than shams.
    """
    painted = [bank.get(digest).request for digest in bank.digests(purpose="lesion")]
    others = {request.engine for request in painted} - {synthesizer.fingerprint}
    if others:
        raise SettingError(
            f"the lesions of {bank.path} were painted by engine {min(others)[:12]}, this one is "
            f"{synthesizer.fingerprint[:12]}; shams must come from the same: name its checkpoint"
        )
    requests = sham_requests(painted, negatives, count, engine=synthesizer.fingerprint, seed=seed)
    by_digest = {one.digest: one for one in negatives}

    def look_up(digest: str) -> SourceImage | None:
        one = by_digest.get(digest)
        if one is None:
            return None
        spacing = None if spacing_mm is None else Spacing(*(float(value) for value in spacing_mm))
        return SourceImage(one.pixels, one.value_range, spacing, one.digest)

    return generate(requests, synthesizer, bank, SourceStore(bank, look_up), progress=progress)
