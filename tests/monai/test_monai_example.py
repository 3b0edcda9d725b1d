"""The training example paints, learns from what it painted, and reads its own records."""

import csv
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples" / "monai_training.py"


@pytest.fixture
def toy_set(tmp_path):
    """Fourteen small films in the form of `examples/data`."""
    rng = np.random.default_rng(0)
    labels = ["normal"] * 10 + ["nodule", "pneumothorax"] * 2
    rows = []
    for index, label in enumerate(labels):
        name = f"{index}.png"
        Image.fromarray(rng.integers(60, 180, (80, 96 + index), dtype=np.uint8)).save(tmp_path / name)
        split = "val" if index in (0, 13) else "train"
        rows.append({"file": name, "label": label, "split": split, "patient_id": f"p{index}"})
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def test_the_training_example_paints_and_learns(seeded, toy_set, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), "--data", str(toy_set), "--epochs", "1"])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert "on disk: {'normal': 9, 'nodule': 2, 'pneumothorax': 1}" in said
    assert "epoch 0: loss" in said
    painted = said.split("of which painted ")[1]
    assert "nodule" in painted or "pneumothorax" in painted


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_with_a_bank_another_process_paints_for_its_workers(seeded, toy_set, monkeypatch, capsys):
    arguments = ["--data", str(toy_set), "--epochs", "2", "--bank", str(toy_set / "bank")]
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *arguments])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert "9 images of 9 patients may be painted; at prob 0.5 the first epoch expects" in said
    painted = [line.split("of which painted ")[1] for line in said.splitlines() if "painted {" in line]
    assert len(painted) == 2 and painted != ["{}", "{}"]
    assert "epoch 1: " in said and "synthetic items served" in said
