"""The revision that follows on what is published: written, unless more would go than anybody asked for."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus.chain import follow
from medsynth_aug.errors import PublishError
from medsynth_aug.review import Decision, ReviewStore
from medsynth_huggingface.corpus import Corpus, Samples
from medsynth_huggingface.manifest import Manifest
from medsynth_huggingface.settings import PublishSettings
from medsynth_huggingface.staging import Staged, stage
from medsynth_huggingface.withdrawal import stage_withdrawal

UNASKED_SHARE = 0.1
"""Largest share of the published images that goes, where no review took them back, without `withdraw`."""


def stage_next(
    corpus: Corpus, folder: Path, repo_id: str, settings: PublishSettings, previous: Manifest | None,
    left_out: Sequence[tuple[str, str]],
) -> Staged:  # fmt: skip
    """Write the revision that follows on another, without any image where the corpus has none.

    Args:
        corpus: What passed the gate.
        folder: Is made once everything is written and nothing is found.
        repo_id: Organisation and name.
        settings: How.
        previous: Manifest of what is published, or None.
        left_out: Digest and reason of each image that the gate refused.

    Raises:
        PublishError: If nothing passed and nothing is published; if more than a tenth of what is published
            would go without consent; if a pixel is real, PNG cannot hold an image, or a text must not leave.
        UnwritableFileError: If the folder cannot be written, or the disk is full.
    """
    if previous is None and not corpus.digests:
        raise nothing_passes(left_out)
    if previous is not None and not settings.withdraw:
        _check_asked_for(corpus, previous, dict(left_out))
    write = stage if corpus.digests else stage_withdrawal
    return write(corpus, folder, repo_id, settings, previous)


def nothing_passes(left_out: Sequence[tuple[str, str]]) -> PublishError:
    """The error of a corpus of which nothing may be published."""
    why = reasons(left_out) or "the corpus is empty"
    return PublishError(f"no image may be published ({why}); see the report of the gate")


def reasons(refused: Iterable[tuple[str, str]]) -> str:
    """The first few images that a gate refused, each with its reason."""
    return "; ".join(f"{digest[:12]}: {reason}" for digest, reason in list(refused)[:3])


def _check_asked_for(corpus: Corpus, previous: Manifest, why: dict[str, str]) -> None:
    """Raise if more than a tenth of what is published would go although no review took it back.

    A gate with a wrong checkpoint, device or bank refuses what it should not: a person must see that first.
    """
    gone = sorted(previous.images.keys() - set(corpus.digests))
    back = taken_back(corpus.samples, gone)
    unasked = [(one, why.get(one, "it is not in this corpus")) for one in gone if one not in back]
    if len(unasked) > UNASKED_SHARE * len(previous.images):
        wait = f"; {len(back)} that readers took back stay published until then" if back else ""
        raise PublishError(
            f"{len(unasked)} of {len(previous.images)} published images would be withdrawn, although no "
            f"review took them back ({reasons(unasked)}), so nothing was published; name the bank, "
            "checkpoint and device that made them, or withdraw them all the same with withdraw=True "
            f"(--withdraw){wait}"
        )


def taken_back(samples: Samples, digests: Iterable[str]) -> set[str]:
    """Those images that readers of their bank took back, themselves or what they were painted into.

    Without a verdict on its pixels an image is not taken back: the bank may be another one, without reviews.

    Args:
        samples: Where they are; what is no bank has no reviews.
        digests: Of the images.

    Raises:
        BankUnreachableError: If the database or the store of pixels does not answer.
    """
    if not isinstance(samples, SampleBank):
        return set()
    behind = {digest: {one.digest for one in follow(samples, digest).samples} for digest in digests}
    decisions = ReviewStore(samples).decisions({*behind, *(one for held in behind.values() for one in held)})
    rejected = {digest for digest, one in decisions.items() if one.state == "rejected"}
    own = {digest for digest, one in decisions.items() if one.state != "approved" and _was_read(one)}
    return {digest for digest, held in behind.items() if digest in own or held & rejected}


def _was_read(decision: Decision) -> bool:
    """Whether a verdict counts on these pixels, or did until it was revoked."""
    return bool(decision.counted) or any(one.revoked_at is not None for one in decision.verdicts)
