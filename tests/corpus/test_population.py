"""What a population states, what it refuses, and how patients are drawn from it."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from medsynth_aug.corpus import Population
from medsynth_aug.corpus.drawing import DrawnPatient, draw_patient, patient_id
from medsynth_aug.errors import SettingError, UnknownLesionError, UnreadableFileError

MADE_BY = "e" * 64


def drawn(population: Population, count: int, seed: int = 0) -> list[DrawnPatient]:
    return [draw_patient(population, seed=seed, number=number, made_by=MADE_BY) for number in range(count)]


def near(found: int, wanted: float, count: int) -> bool:
    """Within four standard deviations of a share."""
    return abs(found - wanted * count) <= 4 * math.sqrt(count * wanted * (1 - wanted)) + 1e-9


def test_shares_of_many_draws_are_those_that_the_population_states() -> None:
    population, count = Population(second_finding_share=0.0), 300
    patients = drawn(population, count)
    children = [one for one in patients if one.age_years < 18]
    assert near(len(children), population.child_share, count)
    assert near(sum(one.sex == "female" for one in patients), population.female_share, count)
    assert near(sum(one.view == "PA" for one in patients), 0.75 * population.pa_share, count)
    firsts = Counter(one.findings[0].lesion for one in patients if one.findings)
    assert set(firsts) == set(population.findings)
    assert all(near(firsts[name], share, count) for name, share in population.findings.items())
    sick = [one for one in patients if one.findings]
    assert near(sum(len(one.days) == 2 for one in sick), population.follow_up_share, len(sick))


def test_ages_stay_in_their_ranges_and_children_are_ap() -> None:
    population = Population(child_share=0.5, child_ages=(2, 3), adult_ages=(40, 41))
    patients = drawn(population, 60)
    assert {one.age_years for one in patients} == {2, 3, 40, 41}
    assert all(one.view == "AP" for one in patients if one.age_years < 18)


def test_a_patient_is_the_same_whoever_else_is_drawn() -> None:
    population = Population()
    one, same = (draw_patient(population, seed=3, number=11, made_by=MADE_BY) for _ in range(2))
    assert (one.lungs.points == same.lungs.points).all()
    fields = ("id", "sex", "age_years", "view", "days", "depths", "findings", "prompt")
    assert [getattr(one, name) for name in fields] == [getattr(same, name) for name in fields]
    assert one.id != draw_patient(population, seed=3, number=12, made_by=MADE_BY).id


def test_ids_look_random_and_depend_on_everything_that_the_images_do() -> None:
    population = Population()
    ids = {
        patient_id(population, seed=0, number=0, made_by=MADE_BY),
        patient_id(population, seed=1, number=0, made_by=MADE_BY),
        patient_id(population, seed=0, number=1, made_by=MADE_BY),
        patient_id(population, seed=0, number=0, made_by="f" * 64),
        patient_id(Population(child_share=0.3), seed=0, number=0, made_by=MADE_BY),
    }
    assert len(ids) == 5
    assert all(len(one) == 23 and one.startswith("vp-") for one in ids)


def test_a_follow_up_that_progresses_is_one_degree_worse_and_never_beyond_severe() -> None:
    population = Population(
        findings={"nodule": 1.0}, follow_up_share=1.0, progressed_share=1.0, regressed_share=0.0
    )
    courses = {one.findings[0].severities for one in drawn(population, 60)}
    assert courses == {("mild", "moderate"), ("moderate", "severe"), ("severe", "severe")}


def test_the_prompt_has_the_words_that_the_starter_was_trained_with() -> None:
    population = Population(child_share=0.0, adult_ages=(70, 70), female_share=1.0, pa_share=1.0)
    (one,) = drawn(population, 1)
    assert one.prompt == "frontal chest radiograph, no finding, whole, PA view, elderly, female"


def test_a_population_is_read_as_it_was_written(tmp_path: Path) -> None:
    population = Population(child_share=0.1, findings={"nodule": 0.5}, follow_up_days=(10, 20))
    file = tmp_path / "population.json"
    file.write_text(json.dumps(population.to_json()))
    assert Population.read(file) == population
    assert Population.read(file).digest == population.digest != Population().digest
    file.write_text('{"child_share": 0.9}')
    assert Population.read(file) == Population(child_share=0.9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"child_share": 1.5}, r"child_share is 1\.5; it must be in \[0, 1\]"),
        ({"child_ages": (1, 12)}, r"child_ages is \(1, 12\); it needs 1 <= first <= last <= 5"),
        ({"adult_ages": (60, 40)}, r"adult_ages is \(60, 40\)"),
        ({"findings": {"nodule": 0.7, "mass": 0.7}}, r"shares of 1\.4 together; at most 1"),
        ({"severities": {"awful": 1.0}}, "severities names 'awful'; choose from mild, moderate, severe"),
        ({"severities": {"mild": 0.0}}, "severities have no weight"),
        ({"progressed_share": 0.8}, "progressed_share and regressed_share together are above 1"),
        ({"findings": ["nodule"]}, r"findings is \['nodule'\]; give each a name and a share"),
        ({"child_ages": ["a", 2]}, r"child_ages is \['a', 2\]; it needs two whole numbers"),
        ({"beds": 3}, "a population has no beds; it has adult_ages"),
    ],
)
def test_what_no_population_can_be_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Population.from_json(given)


def test_an_unknown_lesion_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownLesionError, match="lesion 'dragon' is not registered"):
        Population(findings={"dragon": 0.1})
    with pytest.raises(UnreadableFileError, match="cannot be read as a population"):
        Population.read(tmp_path / "none.json")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(UnreadableFileError, match="holds no JSON object"):
        Population.read(tmp_path / "list.json")
