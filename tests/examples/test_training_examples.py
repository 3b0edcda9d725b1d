"""The training examples for several processes run in two, each with its share of the painted items."""

import re
from pathlib import Path

import pytest

from tests.examples.launching import ROOT, run_twofold

EXAMPLES = ROOT / "examples"
EPOCHS, PAINTED = 2, 8


@pytest.mark.parametrize(
    "program", [["ddp_training.py"], ["accelerate_training.py", "--cpu"]], ids=lambda program: program[0]
)
def test_an_example_trains_in_two_processes(program: list[str], tmp_path: Path) -> None:
    said = run_twofold([str(EXAMPLES / program[0]), *program[1:], "--epochs", str(EPOCHS)], tmp_path)
    assert all(f"epoch {epoch}: loss" in said for epoch in range(EPOCHS))
    told = {
        int(rank): (int(served), int(made))
        for rank, served, made in re.findall(
            r"rank (\d) of 2: epoch 1: (\d+) synthetic items served.*; (\d+) made", said
        )
    }
    assert told.keys() == {0, 1}
    assert sum(served for served, _ in told.values()) == EPOCHS * PAINTED
    assert min(made for _, made in told.values()) == 0
    assert max(made for _, made in told.values()) >= EPOCHS * PAINTED
