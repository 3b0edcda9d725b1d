"""Run the privacy check on samples of a bank, named by their digests, so that the gate can read it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus.chain import Chain, follow
from medsynth_aug.corpus.store import PatientStore
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet, image_set
from medsynth_aug.evaluation.privacy.check import privacy
from medsynth_aug.evaluation.privacy.nearest import Segment
from medsynth_aug.evaluation.privacy.report import PrivacyReport
from medsynth_aug.evaluation.reading import UNKNOWN_PATIENT

if TYPE_CHECKING:
    from medsynth_aug.diffusion.training_index import TrainingIndex

__all__ = ["check_privacy"]


def check_privacy(
    bank: SampleBank,
    digests: Iterable[str],
    *,
    index: "TrainingIndex | None",
    real: ImageSet | None = None,
    segment: Segment = segment_lungs,
    seed: int = 0,
    progress: bool = True,
) -> PrivacyReport:
    """How near samples come to the films that their checkpoint was trained on, by aligned pixels.

    Args:
        bank: Holds the samples; those that it does not hold are left out.
        digests: Which samples. Each stands in the report under its whole digest; one whose chain is broken or
            damaged is left out, for the gate refuses it by its descent.
        index: The checkpoint's, `read_index(folder)`; None gives a report that says "not run".
        real: Films for the threshold; training films stand for them where it is None.
        segment: Gives `(2, H, W)` bool lung fields of a grey image.
        seed: Seeds intervals and draws.
        progress: Show progress bars.
    """
    store = PatientStore(bank)
    chains = {digest: follow(bank, digest) for digest in sorted(bank.held(digests))}
    images = [
        _judged(chain, store.of_sample(digest)) for digest, chain in chains.items() if not chain.problem
    ]
    return privacy(
        image_set("samples", images), real, index=index, segment=segment, seed=seed, progress=progress
    )


def _judged(chain: Chain, patient: str | None) -> EvaluationImage:
    sample = chain.samples[0]
    return EvaluationImage(
        name=sample.digest,
        pixels=sample.image,
        value_range=sample.value_range,
        label=sample.lesion,
        patient=patient or UNKNOWN_PATIENT + sample.request.source,
        digest="sample:" + sample.digest,
        origin="virtual" if chain.is_virtual else "painted",
        source=sample.request.source,
        mask=sample.mask[0].numpy(),
        edit_region=sample.edit_region[0].numpy(),
        engine=sample.request.engine,
    )
