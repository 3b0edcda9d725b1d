"""Pieces of a map: the largest one is kept, tongues and notches go, and raggedness is a figure."""

import cv2
import numpy as np
import pytest

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.anatomy.pieces import largest_piece, solidity, tidy

LUNG = schematic_lungs((256, 256)).numpy()[1]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def test_the_largest_piece_is_kept_and_its_holes_are_filled() -> None:
    mask = np.zeros((40, 40), bool)
    mask[5:25, 5:25] = True
    mask[12:15, 12:15] = False
    mask[30:34, 30:34] = True
    expected = np.zeros((40, 40), bool)
    expected[5:25, 5:25] = True
    assert np.array_equal(largest_piece(mask), expected)


def test_a_speck_is_no_lung() -> None:
    mask = np.zeros((100, 100), bool)
    mask[3:7, 3:7] = True
    assert not largest_piece(mask).any()
    assert largest_piece(mask, smallest_share=0.001).sum() == 16


def test_an_empty_mask_has_no_piece() -> None:
    assert not largest_piece(np.zeros((10, 10), bool)).any()


def test_a_lung_without_fault_stays_as_it_is() -> None:
    assert overlap(tidy(LUNG), LUNG) > 0.99


def test_what_hangs_on_by_a_neck_is_cut_off() -> None:
    rows, columns = np.nonzero(LUNG)
    bottom, column = int(rows.max()), int(np.median(columns[rows == rows.max()]))
    stomach = LUNG.astype(np.uint8).copy()
    cv2.line(stomach, (column, bottom - 8), (column, bottom + 20), 1, 7)
    cv2.circle(stomach, (column, min(bottom + 32, 250)), 14, 1, -1)
    assert overlap(tidy(stomach > 0), LUNG) > 0.97
    assert not tidy(stomach > 0)[bottom + 25 :].any()


def test_a_notch_is_filled_and_a_ragged_lung_is_less_solid() -> None:
    rows, columns = np.nonzero(LUNG)
    row = int(np.median(rows))
    ragged = LUNG.copy()
    ragged[row : row + 10, int(columns[rows == row].max()) - 30 :] = False
    assert overlap(tidy(ragged), LUNG) > overlap(ragged, LUNG)
    assert tidy(ragged)[row : row + 10].sum() > 0.8 * LUNG[row : row + 10].sum()
    assert solidity(ragged) < solidity(LUNG)


@pytest.mark.parametrize("side", [0, 1])
def test_a_textbook_lung_fills_most_of_its_hull_and_nothing_fills_none(side: int) -> None:
    assert solidity(schematic_lungs((256, 256)).numpy()[side]) > 0.85
    assert solidity(np.zeros((8, 8), bool)) == 0


def test_nothing_stays_nothing() -> None:
    assert not tidy(np.zeros((64, 64), bool)).any()
