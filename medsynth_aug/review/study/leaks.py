"""Whether anything but the pixels tells the arms of a study apart: files, names, times and order."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, permutation_test_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from medsynth_aug.evaluation.figures import percentile_interval
from medsynth_aug.review.study.documents import IMAGES, Design, Key
from medsynth_aug.review.study.study import Study

FOLDS, PERMUTATIONS = 3, 100
SURE = 0.01
"""A leak is told where shuffled arms reach the AUC more rarely than this."""

ALIKE = 1.5
"""Source sizes of the arms whose medians differ by more than this factor are worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLeak:
    """How well a classifier tells the arms apart by everything about the files but their pixels.

    Args:
        auc: Its cross-validated AUC; 0.5 is chance.
        chance: Between which values 95 % of such AUCs lie when the arms are shuffled.
        p_value: How often shuffled arms reach the AUC.
        features: What it saw.
    """

    auc: float
    chance: tuple[float, float]
    p_value: float
    features: tuple[str, ...]

    @property
    def found(self) -> bool:
        """True if the AUC is more than chance explains."""
        return self.p_value < SURE


def audit_files(study: Study, key: Key, *, seed: int = 0) -> FileLeak:
    """Train a logistic regression on what a file system shows of a study's images, and test it on others.

    Against shuffled arms: Ojala and Garriga, "Permutation tests for studying classifier performance", JMLR 11
    (2010) 1833.

    Args:
        study: The study; its images are read as files only.
        key: What they are.
        seed: Seed of the folds and of the shuffling.
    """
    once: dict[int, str] = {}
    for name in sorted(key.items):
        once.setdefault(key.items[name].case, name)
    names = sorted(once.values())
    rows = file_features(study.folder / IMAGES, study.design, names)
    truth = np.array([key.items[name].arm == "synthetic" for name in names])
    table = np.array([list(row.values()) for row in rows], float)
    auc, shuffled, p_value = permutation_test_score(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1)), table, truth, scoring="roc_auc",
        cv=StratifiedKFold(min(FOLDS, len(names) // 2), shuffle=True, random_state=seed),
        n_permutations=PERMUTATIONS, random_state=seed,
    )  # fmt: skip
    return FileLeak(
        auc=float(auc), chance=percentile_interval(shuffled), p_value=float(p_value), features=tuple(rows[0])
    )


def file_features(folder: Path, design: Design, names: list[str]) -> list[dict[str, float]]:
    """What can be seen of each image without decoding it, a number each."""
    files = {name: folder / f"{name}.png" for name in names}
    by_inode = sorted(names, key=lambda name: files[name].stat().st_ino)
    listed = [file.stem for file in folder.iterdir()]
    rows = []
    for name, file in files.items():
        status, chunks = file.stat(), _chunks(file.read_bytes())
        kinds = [kind for kind, _ in chunks]
        places = [order.index(name) for order in design.orders.values()]
        rows.append(
            {
                "size": status.st_size,
                "modified": status.st_mtime,
                "changed": status.st_ctime,
                "mode": status.st_mode,
                "rank of the inode": by_inode.index(name),
                "rank in the folder": listed.index(name),
                "name": int(name[:8], 16),
                "length of the name": len(name),
                "mean place in the orders": float(np.mean(places)),
                "first place in the orders": min(places),
                "chunks": len(chunks),
                "data chunks": kinds.count("IDAT"),
                "longest chunk": max(length for _, length in chunks),
                "other chunks": sum(kind not in {"IHDR", "IDAT", "IEND"} for kind in kinds),
                **_header(file.read_bytes()),
            }
        )
    return rows


def sizes_differ(key: Key) -> str:
    """A sentence where the arms were rendered from images of unlike size; else nothing."""
    sides: dict[str, NDArray[Any]] = {
        arm: np.array([min(one.source_px) for one in key.items.values() if one.arm == arm])
        for arm in ("real", "synthetic")
    }
    real, synthetic = (float(np.median(sides[arm])) for arm in ("real", "synthetic"))
    if max(real, synthetic) <= ALIKE * min(real, synthetic):
        return ""
    return (
        f"real images are {real:.0f} pixels wide at the median and synthetic ones {synthetic:.0f}: made to "
        "one size they may differ in sharpness and grain for that alone; choose images of like size"
    )


def _chunks(data: bytes) -> list[tuple[str, int]]:
    """Kind and length of each chunk of a PNG."""
    found, at = [], 8
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8].decode("latin-1")
        found.append((kind, length))
        at += 12 + length
    return found


def _header(data: bytes) -> dict[str, float]:
    names = ("width", "height", "depth", "colour", "compression", "filter", "interlace")
    return dict(zip(names, map(float, struct.unpack(">IIBBBBB", data[16:29]))))
