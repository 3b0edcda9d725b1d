"""The corpus of a bank with the gate before it: licences, privacy and reviews are looked up."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import Gatekeeper, PatientStore, PublishGate
from medsynth_aug.corpus.licences import check_target
from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.figures import refusal
from medsynth_huggingface.corpus import Corpus
from medsynth_huggingface.from_bank import corpus_of
from medsynth_huggingface.reviewed import review_figures

DRAWN_WITH = {"population": "digest of the population", "seed": "seed", "settings": "digest of the settings"}
"""What a patient's origin says besides its engine and its number, and how the card calls it."""


def checked_corpus(
    folder: Path, *, checkpoint: str = "starter", reports: Iterable[str | Path] = (),
    study: str | Path | None = None, license: str = "cc-by-4.0", device: str = "auto",
) -> tuple[Corpus, PublishGate]:  # fmt: skip
    """The virtual patients of a bank, and the gate that knows what was measured and decided of them.

    The privacy check is run on every approved image against what the checkpoint was trained on.

    Args:
        folder: Of the bank.
        checkpoint: What made the images: "starter", a diffusers folder or a Hub id.
        reports: What `medsynth evaluate` wrote.
        study: JSON of a reader study's report.
        license: Licence, as the Hub names it; capital letters are made small, as they are there.
        device: Where the images were made; the fingerprint of an engine depends on it.

    Raises:
        SettingError: If there is no such bank or no patient in it, a report cannot be read, or a corpus
            cannot bear that licence.
        CheckpointError: If the checkpoint or its index is damaged.
    """
    license = check_target(license)
    if not folder.is_dir():
        raise SettingError(f"{folder} is no bank; name the folder that medsynth patients filled")
    bank = SampleBank(folder)
    corpus = corpus_of(bank, reports=reports, study=study, license=license)
    keeper = Gatekeeper(bank, checkpoint=checkpoint, device=device, licence=license)
    privacy = keeper.privacy(corpus.digests)
    figures = privacy.figures if privacy.ran else (refusal("privacy check", privacy.reason, n={}),)
    decisions = keeper.reviews.decisions(corpus.digests)
    approved = [one for one in decisions.values() if one.state == "approved"]
    told = review_figures(keeper.reviews, approved)
    stated = replace(
        corpus,
        figures={**corpus.figures, "Review": told, "Privacy": figures},
        recipe={
            "checkpoint": _name(checkpoint),
            "engine": keeper.engine.fingerprint,
            **_drawn_with(bank, corpus.only([one.sample for one in approved])),
        },
        credits=(f"Licences of what the engine descends from: {', '.join(keeper.ancestry.licences)}.",),
        notice=_notice(keeper.engine.checkpoint.folder),
    )
    return stated, keeper.gate(privacy)


def _drawn_with(bank: SampleBank, corpus: Corpus) -> dict[str, str]:
    """What the patients' records say that they were drawn with; several values where they differ."""
    store = PatientStore(bank)
    origins = [store.as_recorded(one.id).origin for one in corpus.patients]
    return {
        called: ", ".join(sorted({str(one[name]) for one in origins if name in one}))
        for name, called in DRAWN_WITH.items()
        if any(name in one for one in origins)
    }


def _notice(folder: Path) -> str:
    """What the checkpoint says of whose work it rests on; "" if it says nothing."""
    file = folder / "NOTICE.md"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _name(checkpoint: str) -> str:
    """A folder's own name: where it lies is nobody's business."""
    return Path(checkpoint).resolve().name if Path(checkpoint).is_dir() else checkpoint
