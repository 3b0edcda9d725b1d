"""What is compared is alike: strata in equal numbers, patients on one side, regions planned alike."""

from dataclasses import replace

import numpy as np

from medsynth_aug.evaluation.audits.matching import match
from medsynth_aug.evaluation.audits.planned_regions import fit_region, with_planned_regions
from medsynth_aug.evaluation.images import image_set
from medsynth_aug.types import Box
from tests.evaluation.phantoms import SHAPE, decoded, edited, film, films, region_of


def test_strata_are_matched_by_equal_numbers_and_new_patients_first() -> None:
    first = image_set("a", [film(n, stratum="PA" if n < 6 else "AP") for n in range(10)])
    second = image_set("b", [film(100 + n, stratum="PA" if n < 3 else "X") for n in range(9)])
    twice = image_set("b", [*second, *(replace(one, digest=one.digest + "b") for one in second)])
    pairs = match(first, twice)
    assert len(pairs.first) == len(pairs.second) == 6 and pairs.left_out == 10 + 18 - 12
    assert {one.stratum for one in pairs.first} == {"PA"}
    assert len(set(match(first, twice, most=3).second.patients)) == 3


def test_no_patient_stands_on_both_sides_even_where_every_negative_has_its_sham() -> None:
    negatives = films(0, 41)
    shams = image_set("shams", [edited(one, decoded) for one in negatives])
    pairs = match(shams, negatives)
    assert len(pairs.first) == len(pairs.second) == 20
    assert not set(pairs.first.patients) & set(pairs.second.patients)


def test_shams_keep_their_number_where_other_negatives_are_there() -> None:
    negatives = films(0, 60)
    shams = image_set("shams", [edited(one, decoded) for one in negatives.images[:30]])
    pairs = match(shams, negatives)
    assert len(pairs.first) == 30 and set(pairs.second.patients) == set(negatives.patients[30:])


def test_a_region_moves_and_scales_from_box_to_box() -> None:
    region = np.zeros((20, 20), bool)
    region[4:8, 6:10] = True
    fitted = fit_region(region, Box(2, 4, 12, 14), Box(10, 0, 30, 20), (40, 40))
    rows, columns = np.nonzero(fitted.any(1))[0], np.nonzero(fitted.any(0))[0]
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (0, 8, 18, 26) and fitted.sum() == 64
    assert not fit_region(region, Box(0, 0, 4, 4), Box(0, 0, 4, 4), (4, 4)).any()


def test_an_untouched_film_takes_the_region_of_another_patient_or_of_its_own_sham() -> None:
    shams = image_set("shams", [edited(one, decoded) for one in films(0, 2)])
    planned = with_planned_regions(films(1, 3), shams, lungs=None)
    assert (planned.images[0].edit_region == region_of(1)).all()
    for one in planned.images[1:]:
        assert any((one.edit_region == region_of(seed)).all() for seed in (0, 1))


def test_a_region_is_fitted_from_lungs_to_lungs() -> None:
    def lungs(grey: np.ndarray) -> np.ndarray:
        found = np.zeros(grey.shape, bool)
        found[10 : 110 if (grey == film(0).grey).all() else 60, 10:110] = True
        return found

    sham = replace(edited(film(0), decoded), pixels=film(0).pixels)
    planned = with_planned_regions(films(9, 1), image_set("shams", [sham]), lungs=lungs).images[0]
    assert planned.edit_region is not None and planned.edit_region.shape == SHAPE
    assert 0.4 < planned.edit_region.sum() / region_of(0).sum() < 0.6
