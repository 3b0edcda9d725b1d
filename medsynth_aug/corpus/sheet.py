"""The contact sheet of virtual patients: each image, and beside it the same with its findings outlined."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus.patient import Finding, PatientImage, VirtualPatient
from medsynth_aug.errors import UnwritableFileError
from medsynth_aug.types import to_grey

CELL_PX = 256
CAPTION_PX = 34
ACROSS = 3
"""Images a row, each with its outlined double."""

GROUND = 40
COLOURS = ((60, 170, 240), (120, 220, 120))
"""Blue, green and red of the first and the second finding's outline."""


def patient_sheet(bank: SampleBank, patients: Sequence[VirtualPatient], file: Path) -> Path:
    """Write a PNG of all images of some patients, a follow-up after its baseline; returns the file.

    Args:
        bank: Holds the images.
        patients: At least one.
        file: Where to.

    Raises:
        UnwritableFileError: If the file cannot be written as a PNG.
    """
    cells = [_cell(bank, one, image) for one in patients for image in one.images]
    across = min(ACROSS, len(cells))
    cells += [np.full_like(cells[0], GROUND)] * (-len(cells) % across)
    rows = [np.concatenate(cells[at : at + across], 1) for at in range(0, len(cells), across)]
    done, data = cv2.imencode(".png", np.concatenate(rows))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.tobytes() if done else b"")
    except OSError as problem:
        raise UnwritableFileError(f"{file} cannot be written: {problem}") from problem
    return file


def _cell(bank: SampleBank, patient: VirtualPatient, image: PatientImage) -> np.ndarray:
    sample = bank.get(image.sample)
    grey = np.round(255 * to_grey(sample.image, sample.value_range)).astype(np.uint8)
    plain = cv2.cvtColor(_fitted(grey), cv2.COLOR_GRAY2BGR)
    outlined, findings = plain.copy(), patient.findings_of(image.visit)
    for finding, colour in zip(findings, COLOURS):
        mask = _fitted(bank.get(finding.sample).mask[0].numpy().astype(np.uint8))
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(outlined, outlines, -1, colour, 1, cv2.LINE_AA)
    pair = np.concatenate([plain, outlined], 1)
    head = np.full((CAPTION_PX, pair.shape[1], 3), GROUND, np.uint8)
    for row, text in enumerate(_caption(patient, image, findings)):
        place = (4, 14 + 15 * row)
        cv2.putText(head, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return np.pad(np.concatenate([head, pair]), ((0, 6), (0, 6), (0, 0)), constant_values=GROUND)


def _caption(patient: VirtualPatient, image: PatientImage, findings: Sequence[Finding]) -> tuple[str, str]:
    who = f"{patient.id}  {patient.sex}, {patient.age_years} y, {patient.view}, day {image.day}"
    shown = [f"{one.severity} {one.lesion.replace('_', ' ')}, {one.side}" for one in findings]
    return who, "; ".join(shown) or "no finding"


def _fitted(image: NDArray[np.uint8]) -> np.ndarray:
    """The image in a square of the sheet, its aspect kept."""
    height, width = image.shape
    scale = CELL_PX / max(height, width)
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    cell = np.zeros((CELL_PX, CELL_PX), np.uint8)
    top, left = (CELL_PX - size[1]) // 2, (CELL_PX - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = small
    return cell
