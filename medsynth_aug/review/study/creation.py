"""Make a reader study: draw it, render it, and lay the key where readers do not look."""

import os
import secrets
import shutil
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from medsynth_aug.errors import StudyError, UnwritableFileError
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.review.study.documents import (
    ANSWERS,
    DESIGN,
    IMAGES,
    KEY,
    Arm,
    Design,
    Key,
    KeyItem,
    sha256,
)
from medsynth_aug.review.study.mixing import draw_mix
from medsynth_aug.review.study.ordering import draw_blocks, draw_order, draw_repeats
from medsynth_aug.review.study.rendering import common_side, encode, render
from medsynth_aug.review.study.settings import StudySettings
from medsynth_aug.review.study.study import HANDED_OVER, Study, check_readers
from medsynth_aug.version import __version__

EPOCH_S = 946_684_800
"""The time of every file: the first second of the year 2000."""


def create_study(
    folder: str | Path,
    real: ImageSet,
    synthetic: ImageSet,
    *,
    readers: Sequence[str],
    name: str = "",
    settings: StudySettings | None = None,
) -> Study:
    """Make a blinded study of real and synthetic images.

    Args:
        folder: Is made. Its part `readers/` is handed over; `key.json` beside it can be read by its owner
            only.
        real: Real images, with their class and patient.
        synthetic: Painted ones or virtual patients, by the same classes; shams are left out.
        readers: Who reads; pseudonyms of letters, digits, `-` and `_`.
        name: What a person calls the study; the folder's name if empty.
        settings: How many images, how often looked at, and the margin.

    Raises:
        SettingError: If images are too few or too small, or a reader has no usable name.
        StudyError: If the folder holds something already.
        UnwritableFileError: If it cannot be written.
    """
    folder, settings, readers = Path(folder), settings or StudySettings(), check_readers(readers)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(f"{folder} is there already; a study is never overwritten: give another folder")
    seed = secrets.randbits(128) if settings.seed is None else settings.seed
    rng = np.random.default_rng(seed)
    arms = draw_mix(real, synthetic, settings, rng)
    cases: list[tuple[EvaluationImage, Arm]] = [(one, "real") for one in arms[0]]
    cases += [(one, "synthetic") for one in arms[1]]
    kinds = [arm for _, arm in cases]
    blocks = draw_blocks(kinds, settings.looks, rng)
    repeated = draw_repeats(kinds, blocks, settings.repeats_per_arm, rng)
    drawn = _names(len(cases) + len(repeated), rng)
    names, again = drawn[: len(cases)], dict(zip(repeated, drawn[len(cases) :]))
    side = common_side([one for one, _ in cases], settings.trim, settings.size_px)
    pictures: dict[str, bytes] = {}
    items: dict[str, KeyItem] = {}
    for number, (image, arm) in enumerate(cases):
        picture = encode(render(image, side=side, trim=settings.trim))
        told = KeyItem(
            case=number, arm=arm, origin=image.origin, label=image.label, block=blocks[number],
            digest=image.digest, source_px=image.shape,
        )  # fmt: skip
        for one in (names[number], again.get(number)):
            if one is not None:
                pictures[one], items[one] = picture, told
    files = {one: sha256(pictures[one]) for one in sorted(pictures)}
    key = Key(salt=secrets.token_hex(32), seed=seed, items={one: items[one] for one in files}, files=files)
    design = Design(
        id=str(uuid.uuid4()), name=name or folder.name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"), version=__version__,
        classes=tuple(sorted({one.label for one, _ in cases} | set(settings.other_classes))),
        looks=settings.looks, margin=settings.margin, alpha=settings.alpha, side_px=side,
        orders={one: tuple(draw_order(names, blocks, again, rng)) for one in readers}, images=files,
        key_sha256=sha256(key.to_bytes()),
    )  # fmt: skip
    _write(folder, design, key, pictures)
    return Study.load(folder)


def _names(count: int, rng: np.random.Generator) -> list[str]:
    """So many random names, each once."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[rng.bytes(8).hex()] = None
    return list(names)


def _write(folder: Path, design: Design, key: Key, pictures: dict[str, bytes]) -> None:
    """Write a study beside its place and move it there whole."""
    aside = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    try:
        images = aside / HANDED_OVER / IMAGES
        images.mkdir(parents=True)
        (aside / HANDED_OVER / ANSWERS).mkdir()
        for name in sorted(
            pictures
        ):  # by random name: no file is older, or earlier in the folder, by its arm
            _put(images / f"{name}.png", pictures[name], 0o644)
        _put(aside / HANDED_OVER / DESIGN, design.to_bytes(), 0o644)
        _put(aside / KEY, key.to_bytes(), 0o600)
        aside.replace(folder)
    except OSError as problem:
        raise UnwritableFileError(
            f"{folder} cannot be written ({problem.strerror}); give another"
        ) from problem
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put(file: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as held:
        held.write(data)
        held.flush()
        os.fsync(held.fileno())
    os.utime(file, (EPOCH_S, EPOCH_S))
