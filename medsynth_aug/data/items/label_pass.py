"""Find the labels of a data set that does not list them: read every item once, and save the answer."""

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from medsynth_aug.bank.failures import failures_named
from medsynth_aug.data.items.pixels import read_pixels
from medsynth_aug.data.items.reading import SourceReader
from medsynth_aug.errors import LabelError
from medsynth_aug.synthesis.digest import digest_json, digest_pixels

PROBES = 8
"""Items that tell one data set from another when saved labels are looked up."""


def find_labels(labels: Any, reader: SourceReader, *, folder: Path | None, progress: bool) -> Any:
    """The labels given, else the data set's `targets`, else those that its items carry.

    Args:
        labels: The user's own, or None.
        reader: The data set.
        folder: Where the answer of a pass is saved and looked up, or None.
        progress: Show a bar while items are read.

    Raises:
        LabelError: If the items carry no label.
    """
    if labels is not None:
        return labels
    targets = getattr(reader.data, "targets", None)
    if targets is not None:
        return targets
    if reader.adapter.label is None:
        raise LabelError(
            "the source has no `targets` and no label was found in its items; pass labels=[...], or "
            "item=ItemAdapter(image=..., label=<key or position>)"
        )
    saved = None if folder is None else folder / f"{_fingerprint(reader)}.json"
    if saved is not None and saved.is_file():
        return _with_unknowns(json.loads(saved.read_text()))
    bar = tqdm(
        range(len(reader)),
        desc="Reading labels (the source has no .targets)",
        unit="item",
        disable=not progress,
    )
    found = [_plain(reader.read(index)[1].label) for index in bar]
    if saved is not None:
        write_whole(saved, json.dumps(found))
    return _with_unknowns(found)


def write_whole(path: Path, text: str | Iterable[str]) -> None:
    """Write a file so that it is seen complete or not at all.

    Args:
        path: The file; its folder is made if absent.
        text: What it will hold, in one piece or in several.

    Raises:
        BankFullError: If the disk is full.
        BankReadOnlyError: If the folder cannot be written.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with failures_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("w", encoding="utf-8") as file:
                file.writelines([text] if isinstance(text, str) else text)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def _fingerprint(reader: SourceReader) -> str:
    """Digest of length and of a few items, image and label: another data set has another."""
    probes = sorted({int(index) for index in np.linspace(0, len(reader) - 1, PROBES)})
    parts = [reader.read(index)[1] for index in probes]
    return digest_json(
        {
            "length": len(reader),
            "items": [[digest_pixels(read_pixels(p.image)), _plain(p.label)] for p in parts],
        }
    )


def _plain(label: Any) -> Any:
    """A label as plain JSON; an unknown entry is null."""
    value = label.tolist() if isinstance(label, torch.Tensor | np.ndarray | np.generic) else label
    if isinstance(value, list | tuple):
        return [None if entry != entry else entry for entry in value]
    return value


def _with_unknowns(labels: list[Any]) -> list[Any]:
    return [
        [math.nan if entry is None else entry for entry in row] if isinstance(row, list) else row
        for row in labels
    ]
