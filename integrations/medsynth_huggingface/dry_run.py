"""Writes what would be sent into a folder; the Hub is only read, and need not be there."""

from pathlib import Path

from huggingface_hub import HfApi

from medsynth_aug.errors import HubAccessError, HubNotFoundError, HubUnreachableError, SettingError
from medsynth_huggingface.corpus import Corpus
from medsynth_huggingface.hub import hub_errors
from medsynth_huggingface.manifest import Manifest
from medsynth_huggingface.published import KIND, manifest_at
from medsynth_huggingface.report import PublishReport
from medsynth_huggingface.revision import stage_next
from medsynth_huggingface.settings import PublishSettings

_TIMEOUT_S = 10
_UNREAD = {
    HubAccessError: "the Hub does not let this token read it",
    HubNotFoundError: "the Hub has no such repository, or does not show it to this login",
    HubUnreachableError: "the Hub cannot be reached",
}


def write_dry_run(
    corpus: Corpus, repo_id: str, settings: PublishSettings, folder: Path,
    left_out: tuple[tuple[str, str], ...],
) -> PublishReport:  # fmt: skip
    """Write the next revision into a folder: the first one where what is published cannot be read.

    Args:
        corpus: What passed the gate.
        repo_id: Organisation and name.
        settings: How.
        folder: A new one.
        left_out: Digest and reason of each image that the gate refused.

    Raises:
        PublishError: If the push would be refused for what the corpus or the published manifest is.
        SettingError: If the folder exists, or the name is none.
        UnwritableFileError: If the folder cannot be written.
    """
    if folder.exists():
        raise SettingError(f"{folder} exists; name a folder that does not, so that nothing is mixed up")
    previous, unread = _published(repo_id)
    staged = stage_next(corpus, folder, repo_id, settings, previous, left_out)
    last = staged.manifest.changes[-1]
    return PublishReport(
        repo_id=repo_id, files=staged.files, images=len(corpus.digests), tag=staged.manifest.tag,
        changed=previous is None or not staged.manifest.holds_the_same_as(previous), left_out=left_out,
        added=last.added, withdrawn=last.withdrawn, unread=unread,
    )  # fmt: skip


def _published(repo_id: str) -> tuple[Manifest | None, str]:
    """The manifest on the Hub, or None and why there is none to be read."""
    try:
        with hub_errors(f"read {repo_id}"):
            api = HfApi(library_name="medsynth-aug")
            head = api.repo_info(repo_id, repo_type=KIND, timeout=_TIMEOUT_S).sha
            return manifest_at(api, repo_id, head or "main"), ""
    except tuple(_UNREAD) as problem:
        return None, _UNREAD[type(problem)]
