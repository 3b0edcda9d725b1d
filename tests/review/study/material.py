"""Studies of noise, and readers who answer by a script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medsynth_aug.evaluation import EvaluationImage, ImageSet
from medsynth_aug.review.study import Item, Key, Study, StudySettings, create_study
from medsynth_aug.types import ValueRange

CLASSES = ("nodule", "normal")
Script = Callable[[Item], tuple[str, int, str]]


def image(
    number: int, *, origin: str = "real", label: str = "nodule", side: int = 32, **rest: Any
) -> EvaluationImage:
    """Noise of a patient of its own; each number gives another one."""
    pixels = torch.randint(0, 256, (1, side, side + 3), generator=torch.Generator().manual_seed(number))
    told = {
        "name": f"{origin}{number}", "value_range": ValueRange(0, 255), "label": label,
        "patient": f"{origin} {number}", "origin": origin,
        "digest": f"{'real' if origin == 'real' else 'sample'}:{number:064x}",
    }  # fmt: skip
    return EvaluationImage(**{"pixels": pixels.to(torch.uint8), **told, **rest})


def arm(count: int, *, origin: str, first: int = 0, **rest: Any) -> ImageSet:
    """So many images, of both classes in turn."""
    held = [image(first + one, origin=origin, label=CLASSES[one % 2], **rest) for one in range(count)]
    return ImageSet(origin, tuple(held))


def study(
    folder: Path, *, per_arm: int = 12, readers: tuple[str, ...] = ("a", "b"), **settings: Any
) -> Study:
    """A study whose arms are drawn from the same noise."""
    chosen = {"images_per_arm": per_arm, "repeats_per_arm": 2, "seed": 5} | settings
    return create_study(
        folder, arm(per_arm, origin="real"), arm(per_arm, origin="virtual", first=10_000), readers=readers,
        settings=StudySettings(**chosen),
    )  # fmt: skip


def read(held: Study, reader: str, script: Script, *, most: int | None = None) -> int:
    """Let a reader answer by a script, at most so many images; returns how many."""
    done = 0
    while (most is None or done < most) and (item := held.next_item(reader)) is not None:
        call, confidence, diagnosis = script(item)
        held.answer(reader, item.name, call=call, confidence=confidence, diagnosis=diagnosis, seconds=2.0)  # type: ignore[arg-type]
        done += 1
    return done


def guessing(key: Key, seed: int) -> Script:
    """A reader who cannot tell the arms apart, but diagnoses rightly."""
    rng = np.random.default_rng(seed)
    return lambda item: (
        str(rng.choice(["real", "synthetic"])), int(rng.integers(1, 6)), key.items[item.name].label
    )  # fmt: skip


def perfect(key: Key) -> Script:
    """A reader who tells every image apart."""
    return lambda item: (key.items[item.name].arm, 5, key.items[item.name].label)
