"""Writes the revision that holds no image any more: a card and a manifest that say what was withdrawn."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from huggingface_hub import DatasetCardData

from medsynth_huggingface import card, manifest
from medsynth_huggingface.corpus import Corpus
from medsynth_huggingface.features import DEFAULT
from medsynth_huggingface.manifest import Manifest
from medsynth_huggingface.settings import PublishSettings
from medsynth_huggingface.splits import SPLITS
from medsynth_huggingface.staging import Staged, look_over, whole_folder


def stage_withdrawal(
    corpus: Corpus, folder: Path, repo_id: str, settings: PublishSettings, previous: Manifest | None
) -> Staged:
    """Write a revision without images, and look it over for what must not leave.

    Args:
        corpus: Without images; its licence stays that of the data set.
        folder: Is made once everything is written and nothing is found.
        repo_id: Organisation and name.
        settings: How.
        previous: Manifest of the revision whose images are withdrawn.

    Raises:
        PublishError: If the note names what must stay here.
        UnwritableFileError: If the folder cannot be written, or the disk is full.
    """
    today = datetime.now(UTC).date().isoformat()
    change = manifest.change_since(previous, {}, tag=settings.tag, date=today, note=settings.note)
    said = _card(repo_id, corpus.license)
    listed = Manifest(
        classes=manifest.merged_classes(previous, ()), images={}, files={},
        about=hashlib.sha256(said.encode()).hexdigest(),
        changes=(*(previous.changes if previous else ()), change),
    )  # fmt: skip
    text = said + "".join(f"- {one}\n" for one in reversed(listed.changes))
    with whole_folder(folder) as beside:
        (beside / card.FILE).write_text(text)
        (beside / manifest.FILE).write_text(json.dumps(listed.to_json(), indent=2) + "\n")
        look_over(beside, corpus)
        staged = Staged(folder=beside, manifest=listed, card=text)
    return replace(staged, folder=folder)


def _card(repo_id: str, license: str) -> str:
    """The card up to its changelog; it names tables that are not there, lest others be taken for them."""
    name = repo_id.split("/")[-1]
    files = [{"split": split, "path": f"{DEFAULT}/{split}-*"} for split in SPLITS]
    configs = [{"config_name": DEFAULT, "data_files": files, "default": True}]
    data = DatasetCardData(pretty_name=name, license=license, configs=configs)
    return (
        f"---\n{data.to_yaml()}\n---\n\n# {name}\n\nThis revision holds no image: all were withdrawn. "
        "Please delete copies of them.\n\n## Changelog\n\n"
    )
