"""The corpus of a bank with the gate before it: licences, privacy and reviews are looked up."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import Gatekeeper, PublishGate
from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.figures import refusal
from medsynth_huggingface.corpus import Corpus
from medsynth_huggingface.from_bank import corpus_of


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
        license: Licence, as the Hub names it.
        device: Where the images were made; the fingerprint of an engine depends on it.

    Raises:
        SettingError: If there is no such bank or no patient in it, or a report cannot be read.
        CheckpointError: If the checkpoint or its index is damaged.
    """
    if not folder.is_dir():
        raise SettingError(f"{folder} is no bank; name the folder that medsynth patients filled")
    bank = SampleBank(folder)
    corpus = corpus_of(bank, reports=reports, study=study, license=license)
    keeper = Gatekeeper(bank, checkpoint=checkpoint, device=device, licence=license)
    privacy = keeper.privacy(corpus.digests)
    figures = privacy.figures if privacy.ran else (refusal("privacy check", privacy.reason, n={}),)
    stated = replace(
        corpus,
        figures={**corpus.figures, "Privacy": figures},
        recipe={"checkpoint": _name(checkpoint), "engine": keeper.engine.fingerprint},
        credits=(f"Licences of what the engine descends from: {', '.join(keeper.ancestry.licences)}.",),
        notice=_notice(keeper.engine.checkpoint.folder),
    )
    return stated, keeper.gate(privacy)


def _notice(folder: Path) -> str:
    """What the checkpoint says of whose work it rests on; "" if it says nothing."""
    file = folder / "NOTICE.md"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _name(checkpoint: str) -> str:
    """A folder's own name: where it lies is nobody's business."""
    return Path(checkpoint).resolve().name if Path(checkpoint).is_dir() else checkpoint
