"""Several ranks on one bank: each sees its own items once, together they see all, and one process paints."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.examples.launching import run_twofold

REAL, PAINTED = 16, 4


@pytest.mark.parametrize(
    ("loop", "epochs"), [("with_distributed_data_parallel", [0, 1]), ("with_accelerate", [0, 1, 0, 1])]
)
def test_ranks_share_every_epoch_between_them(loop: str, epochs: list[int], tmp_path: Path) -> None:
    run_twofold(["-m", "tests.examples.ranks", loop, str(tmp_path)], tmp_path)
    one, other = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert one["epochs"] == other["epochs"] == epochs
    for mine, theirs, whole in zip(one["shown"], other["shown"], one["whole"], strict=True):
        assert len(mine) == len(theirs) == (REAL + PAINTED) // 2
        assert Counter(mine + theirs) == Counter(whole)
    painted = [set(whole[REAL:]) for whole in one["whole"][:2]]
    assert len(painted[0] | painted[1]) == 2 * PAINTED
    assert one["shown"][0] != one["shown"][1]
    made = sorted((one["made"], other["made"]))
    assert made[0] == 0 < made[1]
