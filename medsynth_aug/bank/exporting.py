"""Write samples of a bank as a folder that any tool reads: PNG or NPY, CSV, JSON lines."""

import csv
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from tqdm.auto import tqdm

from medsynth_aug.bank.failures import failures_named
from medsynth_aug.bank.places import make_folder
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.digest import canonical_json
from medsynth_aug.synthesis.sample import SyntheticSample

COLUMNS = (
    "digest", "image", "mask", "edit_region", "lesion", "purpose", "derived_from_real",
    "x0", "y0", "x1", "y1", "lowest", "highest", "row_spacing_mm", "column_spacing_mm",
)  # fmt: skip
"""Columns of `samples.csv`; box and spacing are empty where there is none."""

_NOTICE = """\
{count} synthetic radiographs exported from a sample bank.
{real} of them derive from real patients: a lesion was painted into a real radiograph, and every
pixel outside the edit region is that patient's. They are marked derived_from_real=true in
samples.csv and samples.jsonl; handle them as you must handle the originals, and do not publish
them without consent.
"""


class Exportable(Protocol):
    """What an export asks of a bank."""

    def iter_digests(self) -> Iterator[str]:
        """Digests of all samples."""
        ...

    def get(self, digest: str) -> SyntheticSample:
        """The stored sample."""
        ...

    def derived_from_real(self, digests: Iterable[str]) -> set[str]:
        """Those whose chain of sources reaches a real image."""
        ...


def export(bank: Exportable, target: Path, *, digests: Iterable[str] | None, progress: bool) -> Path:
    """Write samples into a new folder, whole or not at all; returns the folder.

    Args:
        bank: Holds them.
        target: The folder; it must not exist.
        digests: Which samples; all by default.
        progress: Show a progress bar on standard error.

    Raises:
        SettingError: If the folder exists.
        BankError: If the bank lacks a sample, or the folder cannot be written.
    """
    if target.exists() or target.is_symlink():
        raise SettingError(f"{target} exists; an export never overwrites: choose another folder or remove it")
    wanted = list(bank.iter_digests() if digests is None else dict.fromkeys(digests))
    real = bank.derived_from_real(wanted)
    make_folder(target.parent)
    with whole_folder(target) as aside:
        for name in ("images", "masks", "edit_regions"):
            (aside / name).mkdir()
        with (
            (aside / "samples.csv").open("w", newline="") as table,
            (aside / "samples.jsonl").open("w") as lines,
        ):
            rows = csv.DictWriter(table, COLUMNS)
            rows.writeheader()
            for digest in tqdm(wanted, desc="Exporting", unit="sample", disable=not progress):
                sample = bank.get(digest)
                row = _row(aside, sample, digest in real)
                rows.writerow(row)
                lines.write(canonical_json(_record(sample, row)) + "\n")
        (aside / "NOTICE.txt").write_text(_NOTICE.format(count=len(wanted), real=len(real)))
    return target


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target` that becomes it at the end, or is removed."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with failures_named(target):
        try:
            aside.mkdir()
            yield aside
            for path in aside.rglob("*"):
                _sync(path)
            aside.rename(target)
            _sync(target.parent)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise


def _row(folder: Path, sample: SyntheticSample, real: bool) -> dict[str, Any]:
    digest, box = sample.digest, sample.box
    spacing = sample.spacing and dict(zip(("row_spacing_mm", "column_spacing_mm"), sample.spacing))
    image = _write_image(folder / "images" / digest, sample.image)
    for name, map_ in (("masks", sample.mask), ("edit_regions", sample.edit_region)):
        _write_png(folder / name / f"{digest}.png", map_[0].numpy().astype(np.uint8) * 255)
    return {
        "digest": digest, "image": f"images/{image}", "mask": f"masks/{digest}.png",
        "edit_region": f"edit_regions/{digest}.png",
        "lesion": sample.lesion, "purpose": sample.request.purpose,
        "derived_from_real": str(real).lower(), "lowest": sample.value_range.low,
        "highest": sample.value_range.high,
        **({} if box is None else box._asdict()),
        **(spacing or {}),
    }  # fmt: skip


def _record(sample: SyntheticSample, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "digest": sample.digest,
        "derived_from_real": row["derived_from_real"] == "true",
        "image": row["image"],
        "mask": row["mask"],
        "edit_region": row["edit_region"],
        "box": None if sample.box is None else list(sample.box),
        "value_range": list(sample.value_range),
        "spacing_mm": None if sample.spacing is None else list(sample.spacing),
        "provenance": dict(sample.provenance),
        "request": sample.request.to_json(),
    }


def _write_image(path: Path, image: torch.Tensor) -> str:
    """Write `(C, H, W)` pixels as they are: PNG holds uint8 and uint16, NPY the rest; returns the name."""
    pixels = image.numpy()
    if image.dtype in (torch.uint8, torch.uint16):
        return _write_png(path.with_suffix(".png"), np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    with path.with_suffix(".npy").open("wb") as file:
        np.save(file, pixels, allow_pickle=False)
    return f"{path.name}.npy"


def _write_png(path: Path, pixels: np.ndarray) -> str:
    _, encoded = cv2.imencode(".png", pixels)  # equal channels: blue, green, red is red, green, blue
    path.write_bytes(encoded.tobytes())
    return path.name


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
