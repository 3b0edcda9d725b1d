"""Features of many images, kept by digest so that no image is looked at twice."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file
from tqdm.auto import tqdm

from medsynth_aug.evaluation.extraction.extractors import BATCH_SIZE, FeatureExtractor
from medsynth_aug.evaluation.images import EvaluationImage
from medsynth_aug.types import Grey

Known = dict[str, np.ndarray]


def features_of(
    images: Sequence[EvaluationImage],
    extractor: FeatureExtractor,
    *,
    cache: Path | None = None,
    progress: bool = True,
    crop: Callable[[EvaluationImage], Grey] | None = None,
    crop_name: str = "whole",
) -> np.ndarray:
    """Features `(N, D)` float32 of the images, or of one crop of each.

    Args:
        images: What is looked at.
        extractor: What looks.
        cache: Folder in which features are kept, one file an extractor; None keeps none.
        progress: Show a progress bar.
        crop: Gives the part that is looked at; the whole image if absent.
        crop_name: Name of the part, under which its features are kept.
    """
    keys = [f"{crop_name}/{one.digest}" for one in images]
    file = None if cache is None else cache / f"{extractor.digest[:32]}.safetensors"
    known = {} if file is None else _read(file, extractor.num_features)
    first_at = {key: index for index, key in reversed(list(enumerate(keys)))}
    wanted = sorted(index for key, index in first_at.items() if key not in known)
    made: Known = {}
    with tqdm(
        total=len(wanted), desc=f"Features ({crop_name})", unit="image", disable=not (progress and wanted)
    ) as bar:
        for first in range(0, len(wanted), BATCH_SIZE):
            part = wanted[first : first + BATCH_SIZE]
            greys = [(images[index].grey if crop is None else crop(images[index])) for index in part]
            made.update({keys[index]: row for index, row in zip(part, extractor(greys))})
            bar.update(len(part))
    if file is not None and made:
        _add(file, made, extractor.num_features)
    known |= made
    rows = [known[key] for key in keys]
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, extractor.num_features), np.float32)


def _read(file: Path, num_features: int) -> Known:
    """What is kept; a file that is not as it was written is announced and made anew."""
    if not file.is_file():
        return {}
    try:
        known = dict(load_file(file))
        with safe_open(file, framework="np") as held:
            told = (held.metadata() or {}).get("sha256")
        if told != _checksum(known):
            raise ValueError("its checksum differs")
        if any(row.shape != (num_features,) for row in known.values()):
            raise ValueError(f"its rows have not {num_features} features")
    except (SafetensorError, OSError, ValueError) as problem:
        tqdm.write(f"{file} is damaged ({problem}); its features are computed again", file=sys.stderr)
        return {}
    return known


def _add(file: Path, made: Known, num_features: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        both = _read(file, num_features) | made
        rows = {key: np.ascontiguousarray(value, np.float32) for key, value in both.items()}
        partial = file.with_suffix(".partial")
        save_file(rows, partial, metadata={"sha256": _checksum(rows)})
        partial.replace(file)


def _checksum(known: Known) -> str:
    digest = hashlib.sha256()
    for key in sorted(known):
        digest.update(key.encode() + known[key].tobytes())
    return digest.hexdigest()
