"""What a study says of scripted readers: the verdict follows the interval, and no real image is named."""

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.review.study import StudyReport, report_study, save_study_report
from medsynth_aug.review.study.readings import Readings
from medsynth_aug.review.study.verdict import StudyVerdict, judge, take_look
from tests.review.study.material import CLASSES, guessing, perfect, read, study


def readings(ratings: np.ndarray, synthetic: np.ndarray, *, right: float = 1.0) -> Readings:
    """Answers of readers who diagnose a share of images rightly."""
    shape = ratings.shape
    labels = np.array([CLASSES[place % 2] for place in range(shape[1])])
    hit = np.random.default_rng(0).random(shape) < right
    wrong = np.array([CLASSES[(place + 1) % 2] for place in range(shape[1])])
    return Readings(
        readers=tuple(f"r{number}" for number in range(shape[0])), synthetic=synthetic, labels=labels,
        ratings=ratings.astype(float), diagnoses=np.where(hit, labels, wrong).astype(object),
        seconds=np.full(shape, 2.0), again=np.full(shape, np.nan), diagnoses_again=np.full(shape, "", object),
    )  # fmt: skip


def guesses(readers: int, per_arm: int, seed: int = 0, shift: float = 0.0) -> Readings:
    """Readers whose confidence has nothing to do with the arm, or is shifted by it."""
    rng = np.random.default_rng(seed)
    synthetic = np.repeat([False, True], per_arm)
    felt = rng.normal(0, 1, (readers, 2 * per_arm)) + shift * synthetic
    steps = 1 + np.digitize(np.abs(felt), (0.3, 0.7, 1.1, 1.6))
    return readings(np.where(felt > 0, steps, -steps), synthetic)


def verdict_of(held: Sequence[Readings], margin: float = 0.1) -> StudyVerdict:
    looks = [
        take_look(one, number, looks=len(held), margin=margin, alpha=0.05)
        for number, one in enumerate(held, 1)
    ]
    return judge(looks, held[-1], margin=margin, classes=CLASSES)


def found(report: StudyReport, heading: str, name: str) -> Figure:
    (group,) = (one for one in report.groups if one.heading == heading)
    (figure,) = (one for one in group.figures if one.name == name)
    return figure


@pytest.mark.parametrize("readers", [1, 3])
def test_guessing_is_indistinguishable_only_with_enough_images(readers: int) -> None:
    assert verdict_of([guesses(readers, 12)]).outcome == "undecided"
    assert verdict_of([guesses(readers, 400)]).outcome == "indistinguishable"
    assert verdict_of([guesses(readers, 400)], margin=0.01).outcome == "undecided"


def test_a_reader_who_tells_a_little_is_told_apart_with_enough_images() -> None:
    assert verdict_of([guesses(3, 12, shift=0.5)]).outcome == "undecided"
    assert verdict_of([guesses(3, 400, shift=0.5)]).outcome == "told apart"


def test_a_small_but_certain_difference_within_the_margin_is_said() -> None:
    verdict = verdict_of([guesses(5, 5000, shift=0.15)])
    assert verdict.outcome == "indistinguishable"
    assert any("the interval leaves out 0.5" in one for one in verdict.cautions)


def test_taking_synthetic_images_for_real_ones_is_telling_them_apart() -> None:
    verdict = verdict_of([guesses(2, 300, shift=-1.0)])
    assert verdict.outcome == "told apart"
    assert any("more often than real ones" in one for one in verdict.cautions)


def test_a_reader_who_says_one_thing_to_everything_decides_nothing() -> None:
    synthetic = np.repeat([False, True], 300)
    held = readings(np.full((1, 600), -3), synthetic)
    verdict = verdict_of([held])
    assert verdict.outcome == "undecided"
    assert "r0 gave the same answer to every image" in verdict.reason


def test_a_reader_whose_diagnoses_are_chance_is_named() -> None:
    held = guesses(1, 300)
    blind = readings(held.ratings, held.synthetic, right=0.5)
    assert any("diagnoses of r0 are not shown" in one for one in verdict_of([blind]).cautions)
    assert not any("diagnoses" in one for one in verdict_of([held]).cautions)


def test_the_first_look_that_decides_is_the_verdict() -> None:
    whole = guesses(5, 400, shift=1.0)
    kept = np.arange(800) % 4 < 2
    verdict = verdict_of([whole.where(kept), whole])
    assert (verdict.outcome, verdict.decided_at) == ("told apart", 1)


def test_perfect_readers_tell_the_arms_apart(tmp_path: Path) -> None:
    held = study(tmp_path / "study")
    for reader in held.readers:
        read(held, reader, perfect(held.key()))
    report = report_study(held)
    assert (report.verdict.outcome, report.may_stop) == ("told apart", True)
    every = "Real or synthetic: all readers"
    for name in ("AUC", "Accuracy", "Sensitivity", "Specificity"):
        assert found(report, every, name).value == 1
    d_prime = found(report, every, "d'").value
    assert d_prime is not None and np.isfinite(d_prime) and d_prime > 3
    assert found(report, "Reader a", "Accuracy").low == pytest.approx(0.862, abs=1e-3)  # 24 of 24, Wilson
    assert found(report, "Agreement on real or synthetic", "Fleiss' kappa").value == 1
    assert found(report, "Reader a", "Cohen's kappa, call again").value == 1
    assert found(report, "Reader a", "Cohen's kappa, call again").n == {"cases": 4}


def test_a_report_counts_answers_up_to_the_last_look_that_all_have_reached(tmp_path: Path) -> None:
    held = study(tmp_path / "study", looks=2, repeats_per_arm=0)
    key = held.key()
    read(held, "a", perfect(key))
    with pytest.raises(SettingError, match=r"no look was reached yet \(a: 24 of 24, b: 0 of 24\)"):
        report_study(held)
    read(held, "b", perfect(key), most=20)
    report = report_study(held)
    assert len(report.looks) == 1 and report.looks[0].cases == 12
    assert len(report.answers) == 24
    assert report.looks[0].level > 0.99
    read(held, "b", perfect(key))
    assert [one.cases for one in report_study(held).looks] == [12, 24]
    assert report_study(held).looks[0] == report.looks[0]


def test_a_reader_who_never_came_is_left_out_by_name_only(tmp_path: Path) -> None:
    held = study(tmp_path / "study")
    read(held, "a", guessing(held.key(), 0))
    report = report_study(held, leave_out=["b"])
    assert report.left_out == ("b",) and set(report.progress) == {"a"}
    assert any("one reader" in one for one in report.verdict.cautions)
    refused = found(report, "Agreement on the diagnosis", "Fleiss' kappa")
    assert (refused.value, refused.refused) == (None, "there is one reader")
    for wrong in (["a", "b"], ["c"]):
        with pytest.raises(SettingError, match="cannot be left out"):
            report_study(held, leave_out=wrong)


def test_what_was_seen_first_counts_and_the_repeat_is_for_agreement(tmp_path: Path) -> None:
    held = study(tmp_path / "study", readers=("a",))
    key, seen = held.key(), set[int]()

    def changeable(item):  # type: ignore[no-untyped-def]
        truth = key.items[item.name]
        again = truth.case in seen
        seen.add(truth.case)
        wrong = "real" if truth.arm == "synthetic" else "synthetic"
        return (wrong if again else truth.arm), 5, truth.label

    read(held, "a", changeable)
    report = report_study(held)
    assert found(report, "Reader a", "Accuracy").value == 1
    assert found(report, "Reader a", "Cohen's kappa, call again").value == -1
    assert sum(one.repeat for one in report.answers) == 4


def test_every_answer_is_listed_and_nothing_leads_to_a_real_image(tmp_path: Path) -> None:
    held = study(tmp_path / "study")
    key = held.key()
    for seed, reader in enumerate(held.readers):
        read(held, reader, guessing(key, seed))
    data = json.loads(json.dumps(report_study(held).to_json(), allow_nan=False))
    assert len(data["answers"]) == 2 * 28
    for one in data["answers"]:
        truth = key.items[one["item"]]
        assert one["arm"] == truth.arm
        assert one["sample"] == (truth.digest if truth.arm == "synthetic" else None)
    assert "real:" not in json.dumps(data)
    assert (data["schema"], data["schema_version"]) == ("medsynth-reader-study-report", 1)


class Page(HTMLParser):
    """Collects what would load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [held or "" for name, held in attrs if name in {"src", "href", "xlink:href"}]


def test_the_page_stands_alone_and_says_the_verdict(tmp_path: Path) -> None:
    held = study(tmp_path / "<b>study")
    for seed, reader in enumerate(held.readers):
        read(held, reader, guessing(held.key(), seed))
    report = report_study(held)
    data, page = save_study_report(report, tmp_path / "report")
    text = page.read_text()
    parsed = Page(text)
    assert not parsed.loads and "script" not in parsed.tags and "b" not in parsed.tags
    assert f">{report.verdict.outcome}<" in text
    assert text.count("<polyline") == 3
    assert json.loads(data.read_text())["verdict"]["outcome"] == report.verdict.outcome
