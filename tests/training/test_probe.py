"""Probes find what is in the features, find nothing in noise, and refuse where a kind of film is missing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medsynth_aug.errors import CheckpointError
from medsynth_aug.training.encoder.probe import QUESTIONS, measure, probe
from medsynth_aug.training.starter.images.radiographs import Radiograph

VIRAL = QUESTIONS[0]


def film(number: int, labels: str, *, source: str = "Kermany 2018", view: str = "AP") -> Radiograph:
    row = {
        "labels": labels, "source": source, "view": view, "split": "train" if number % 4 < 2 else "test",
        "patient_id": f"p{number // 2}",
    }  # fmt: skip
    return Radiograph(pixels=np.zeros((8, 8), np.uint8), row=row)


FILMS = [film(number, "Pneumonia|Viral" if number % 8 < 3 else "Normal") for number in range(160)]


def test_a_probe_finds_what_is_there_and_nothing_in_noise() -> None:
    rng = np.random.default_rng(0)
    answers = np.array([VIRAL.answer(one) for one in FILMS])
    noise = rng.normal(size=(len(FILMS), 4))
    knowing = noise + np.array([3.0, 0, 0, 0]) * answers[:, None]
    good, chance, difference = probe(VIRAL, FILMS, {"ours": knowing, "noise": noise})
    assert good.name == "AUROC viral vs normal (children), ours"
    assert good.value is not None and good.value > 0.9
    assert chance.low is not None and chance.high is not None and chance.low < 0.5 < chance.high
    assert difference.low is not None and difference.low > 0
    assert difference.value == pytest.approx(good.value - chance.value)
    assert good.n == {"positive": 20, "negative": 60} and "40 positive and 40 negative" in good.note


def test_a_question_is_asked_within_one_source() -> None:
    view = QUESTIONS[-1]
    assert view.answer(film(0, "Mass", source="NIH ChestX-ray14", view="PA")) == 1
    assert view.answer(film(0, "Mass", source="NIH ChestX-ray14", view="AP")) == 0
    assert view.answer(film(0, "Normal", view="AP")) == -1


def test_a_split_without_positives_is_refused() -> None:
    films = [one for one in FILMS if VIRAL.answer(one) == 0 or one.row["split"] == "train"]
    features = np.zeros((len(films), 2))
    assert all(
        one.value is None and "lacks positives" in one.refused for one in probe(VIRAL, films, {"a": features})
    )


def test_every_question_names_its_films_apart() -> None:
    assert len({one.name for one in QUESTIONS}) == len(QUESTIONS)
    assert all(not one.positive & one.negative for one in QUESTIONS)
    assert replace(VIRAL, source="NIH").answer(FILMS[0]) == -1


def test_missing_weights_are_named(radiograph_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is missing"):
        measure(tmp_path / "gone.safetensors", radiograph_folder, pool="starter")
