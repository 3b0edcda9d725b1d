"""Answers are stored one by one, for good, without a word on whether they were right."""

import json
from pathlib import Path

import pytest

from medsynth_aug.errors import SettingError, StudyError
from medsynth_aug.review.study import Item, Study
from medsynth_aug.review.study.answers import AnswerFile
from medsynth_aug.review.study.documents import sha256
from tests.review.study.material import CLASSES, perfect, read, study

SAID = {"call": "real", "confidence": 3, "diagnosis": "nodule", "seconds": 1.5}


@pytest.fixture
def held(tmp_path: Path) -> Study:
    return study(tmp_path / "study")


def first(held: Study, reader: str = "a") -> Item:
    item = held.next_item(reader)
    assert item is not None
    return item


def test_a_reader_goes_on_where_he_stopped_with_the_readers_part_alone(held: Study, tmp_path: Path) -> None:
    key = held.key()
    held.folder.rename(tmp_path / "handed over")
    assert read(Study.load(tmp_path / "handed over"), "a", perfect(key), most=5) == 5
    again = Study.load(tmp_path / "handed over")
    assert again.progress("a") == (5, 28) and again.progress("b") == (0, 28)
    assert first(again).number == 6 and first(again, "b").number == 1
    assert first(again).name == again.design.orders["a"][5]
    assert read(again, "a", perfect(key)) == 23
    assert again.next_item("a") is None


def test_an_item_shows_its_picture_and_the_classes_and_nothing_else(held: Study) -> None:
    item = first(held)
    assert item.path.is_file() and item.path.stem == item.name
    assert (item.number, item.total, item.classes) == (1, 28, CLASSES)


def test_the_first_answer_counts_and_a_changed_mind_is_kept_beside_it(held: Study) -> None:
    item = first(held)
    assert held.answer("a", item.name, **SAID).counts  # type: ignore[arg-type]
    changed = held.answer("a", item.name, **{**SAID, "call": "synthetic"})  # type: ignore[arg-type]
    assert not changed.counts
    assert [(one.call, one.counts) for one in held.answers("a")] == [("real", True), ("synthetic", False)]
    assert held.progress("a") == (1, 28)


def test_an_image_cannot_be_answered_before_its_turn(held: Study) -> None:
    later = held.design.orders["a"][3]
    with pytest.raises(SettingError, match="is not the next one of a"):
        held.answer("a", later, **SAID)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"call": "fake"}, "say real or synthetic"),
        ({"confidence": 0}, "1 .a guess. to 5"),
        ({"confidence": True}, "the confidence is True; it must be a whole number"),
        ({"confidence": 4.0}, "the confidence is 4.0; it must be a whole number"),
        ({"diagnosis": "mass"}, "choose one of nodule, normal"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": "2"}, "the seconds of the answer is '2'; it must be a finite number"),
    ],
)
def test_what_is_no_answer_is_refused_and_not_stored(held: Study, change: dict, match: str) -> None:
    with pytest.raises(SettingError, match=match):
        held.answer("a", first(held).name, **{**SAID, **change})
    assert held.progress("a") == (0, 28)


def test_another_reader_is_refused(held: Study) -> None:
    with pytest.raises(SettingError, match="has no reader 'c'; it has a, b"):
        held.next_item("c")


def test_a_line_that_was_not_finished_is_as_if_never_written(held: Study) -> None:
    held.answer("a", first(held).name, **SAID)  # type: ignore[arg-type]
    file = held.folder / "answers/a.jsonl"
    whole = file.read_bytes()
    second = first(held).name
    held.answer("a", second, **SAID)  # type: ignore[arg-type]
    line = file.read_bytes()[len(whole) :]
    for cut in range(len(line)):
        file.write_bytes(whole + line[:cut])
        assert first(held).name == second
    held.answer("a", second, **SAID)  # type: ignore[arg-type]
    assert [one.item for one in held.answers("a")] == list(held.design.orders["a"][:2])


@pytest.mark.parametrize("damage", ["change", "remove", "swap", "insert", "foreign"])
def test_a_changed_file_of_answers_is_found(held: Study, tmp_path: Path, damage: str) -> None:
    read(held, "a", perfect(held.key()), most=4)
    file = held.folder / "answers/a.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    if damage == "change":
        lines[1] = lines[1].replace('"confidence": 5', '"confidence": 1')
    elif damage == "remove":
        del lines[1]
    elif damage == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    elif damage == "insert":
        lines.insert(2, lines[1])
    else:
        other = study(tmp_path / "other", seed=8)
        read(other, "a", perfect(other.key()), most=1)
        lines = (other.folder / "answers/a.jsonl").read_text().splitlines(keepends=True)
    file.write_text("".join(lines))
    with pytest.raises(StudyError, match=r"line \d of .*a.jsonl does not follow"):
        held.next_item("a")


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        ("change", "does not follow"),
        ("remove", "does not follow"),
        ("add", "does not follow"),
        ("add in the chain", "no closing line"),
        ("reopen", "no closing line"),
    ],
)
def test_a_changed_last_answer_is_found_once_all_are_given(held: Study, damage: str, match: str) -> None:
    read(held, "a", perfect(held.key()))
    file = held.folder / "answers/a.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    assert len(lines) == 29 and len(held.answers("a")) == 28
    if damage == "change":
        lines[-2] = lines[-2].replace('"confidence": 5', '"confidence": 1')
    elif damage == "remove":
        del lines[-2]
    elif damage == "add":
        lines.append(lines[-2])
    elif damage == "add in the chain":
        again = {**json.loads(lines[-2]), "counts": False, "previous": sha256(lines[-1][:-1].encode())}
        lines.append(json.dumps(again) + "\n")
    else:
        del lines[-1]
    file.write_text("".join(lines))
    with pytest.raises(StudyError, match=match):
        held.answers("a")


def test_a_changed_mind_after_the_last_answer_closes_again(held: Study) -> None:
    read(held, "a", perfect(held.key()))
    last = held.design.orders["a"][-1]
    assert not held.answer("a", last, **SAID).counts  # type: ignore[arg-type]
    assert len(held.answers("a")) == 29 and held.next_item("a") is None


def test_a_machine_that_stopped_at_the_closing_line_asks_for_the_last_answer_again(held: Study) -> None:
    read(held, "a", perfect(held.key()))
    file, last = held.folder / "answers/a.jsonl", held.design.orders["a"][-1]
    whole = file.read_bytes()
    closing = whole.splitlines(keepends=True)[-1]
    for cut in (0, 1, len(closing) - 1):
        file.write_bytes(whole[: len(whole) - len(closing) + cut])
        assert (first(held).name, first(held).number) == (last, 28)
    held.answer("a", last, **SAID)  # type: ignore[arg-type]
    assert held.next_item("a") is None and held.progress("a") == (28, 28)
    assert [one.counts for one in held.answers("a")][-2:] == [True, False]


def test_an_answer_that_claims_to_be_a_first_one_is_found(held: Study) -> None:
    item = first(held).name
    file = AnswerFile(held.folder / "answers/a.jsonl", held.design.digest)
    held.answer("a", item, **SAID)  # type: ignore[arg-type]
    held.answer("a", item, **SAID)  # type: ignore[arg-type]
    assert [one.counts for one in file.read()] == [True, False]
    file.path.write_text(file.path.read_text().replace('"counts": false', '"counts": true'))
    with pytest.raises(StudyError, match=r"counts .* twice"):
        held.answers("a")


def test_a_line_that_is_no_answer_is_named(held: Study) -> None:
    (held.folder / "answers/a.jsonl").write_text(json.dumps([1]) + "\n")
    with pytest.raises(StudyError, match=r"line 1 of .* is no answer"):
        held.answers("a")


def test_a_changed_image_is_found_before_it_is_shown(held: Study) -> None:
    item = first(held)
    item.path.write_bytes(item.path.read_bytes()[:-1] + b"x")
    with pytest.raises(StudyError, match="missing or was changed"):
        held.next_item("a")
    with pytest.raises(StudyError, match="missing or was changed"):
        held.key()


def test_a_key_of_another_study_and_a_changed_design_are_found(held: Study, tmp_path: Path) -> None:
    study(tmp_path / "other", seed=8)
    with pytest.raises(StudyError, match="is not the key that the study was made with"):
        held.key(tmp_path / "other/key.json")
    with pytest.raises(StudyError, match="there is no key"):
        held.key(tmp_path / "nowhere.json")
    file = held.folder / "design.json"
    design = json.loads(file.read_text())
    design["images"][next(iter(design["images"]))] = "0" * 64
    file.write_text(json.dumps(design))
    with pytest.raises(StudyError, match=r"design\.json was changed"):
        Study.load(tmp_path / "study").key()


def test_a_wider_margin_written_into_the_design_breaks_with_the_answers(held: Study, tmp_path: Path) -> None:
    held.answer("a", first(held).name, **SAID)  # type: ignore[arg-type]
    file = held.folder / "design.json"
    file.write_text(file.read_text().replace('"margin": 0.1', '"margin": 0.4'))
    with pytest.raises(StudyError, match="belongs to another study"):
        Study.load(tmp_path / "study").answers("a")


def test_a_folder_without_a_study_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"holds no design\.json"):
        Study.load(tmp_path)
