"""What the Hub holds of a data set: a file of a revision, and the manifest among them."""

import tempfile
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import RemoteEntryNotFoundError

from medsynth_huggingface import manifest
from medsynth_huggingface.manifest import Manifest

KIND = "dataset"


def fetch(api: HfApi, repo_id: str, name: str, revision: str) -> bytes:
    """A file of a revision, as it lies on the Hub and not in a cache.

    Args:
        api: The Hub's client, whose errors pass through.
        repo_id: Organisation and name.
        name: Path of the file.
        revision: Branch, tag or commit.
    """
    with tempfile.TemporaryDirectory(prefix="medsynth-") as aside:
        found = api.hf_hub_download(
            repo_id, name, repo_type=KIND, revision=revision, local_dir=aside, force_download=True
        )
        return Path(found).read_bytes()


def manifest_at(api: HfApi, repo_id: str, revision: str) -> Manifest | None:
    """The manifest of a revision; None where it has none.

    Args:
        api: The Hub's client, whose errors pass through.
        repo_id: Organisation and name.
        revision: Branch, tag or commit.

    Raises:
        PublishError: If the manifest is damaged, or was written in another schema.
    """
    try:
        return Manifest.from_bytes(fetch(api, repo_id, manifest.FILE, revision))
    except RemoteEntryNotFoundError:
        return None
