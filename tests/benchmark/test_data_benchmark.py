"""The benchmark of the data path measures what it says, beside its goals; no duration is asserted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from medsynth_aug.benchmark.data import (
    PARTS,
    DataSettings,
    FilmSet,
    as_data_table,
    run_data_benchmark,
    write_film_sets,
)
from medsynth_aug.benchmark.data.engines import BusySynthesizer, SlowSynthesizer
from medsynth_aug.benchmark.data.fetch import measure_fetch
from medsynth_aug.benchmark.data.figures import figure
from medsynth_aug.benchmark.data.large_bank import measure_bank
from medsynth_aug.benchmark.data.planning import measure_plan
from medsynth_aug.benchmark.data.stall import measure_stall
from medsynth_aug.cli import main
from medsynth_aug.errors import LabelError, SettingError
from medsynth_aug.synthesis import FakeSynthesizer
from tests.benchmark.phantoms import write_films

TINY: dict[str, Any] = {
    "rounds": 1, "films": 4, "steps": 3, "workers": 1, "batch_size": 2, "planned": 1000, "records": 1000,
    "generated": 4, "engine_s": 0.01, "checkpoint": "none",
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_films(tmp_path_factory.mktemp("data") / "films", normal=5)


@pytest.fixture(scope="module")
def sets(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[FilmSet]:
    folder = tmp_path_factory.mktemp("sets")
    return write_film_sets(data, folder, count=4, sizes=((160, 8), (192, 12)))


def named(part: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The figures of a part by what they are of; each is sound."""
    for one in part["figures"]:
        assert one["n"] >= 1 and 0 <= one["min"] <= one["median"] <= one["max"], one
    return {(one["of"], one["what"]): one for one in part["figures"]}


def test_films_are_enlarged_in_the_depth_that_is_named(sets: list[FilmSet]) -> None:
    given, eight, twelve = (one.read() for one in sets)
    assert len(given) == len(eight) == len(twelve) == 5
    assert eight[0]["image"].shape == (1, 160, 160) and twelve[0]["image"].shape == (1, 192, 192)
    assert (str(eight[0]["image"].dtype), str(twelve[0]["image"].dtype)) == ("torch.uint8", "torch.uint16")
    assert sets[2].value_range == (0, 4095) and 255 < int(twelve[0]["image"].numpy().max()) <= 4095
    assert given.groups == twelve.groups and len(set(given.groups or ())) == 5


def test_too_few_films_are_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(
        LabelError, match="of 0 patients, and three are needed; its classes are nodule, normal"
    ):
        write_film_sets(data, tmp_path, count=4, normal="healthy")


def test_a_goal_is_met_by_the_median() -> None:
    assert figure("x", [1.0, 1.05, 9.0], "times", at_most=1.1)["met"] is True
    assert figure("x", [1.0, 1.2, 1.3], "times", at_most=1.1)["met"] is False
    assert figure("x", [1.8, 1.95], "times", at_least=1.9)["met"] is False
    assert "goal" not in figure("x", [1.0], "ms")


def test_fetching_compares_each_film_set_alone_and_through_a_loader(
    sets: list[FilmSet], tmp_path: Path
) -> None:
    found = named(measure_fetch(sets, tmp_path, DataSettings(**TINY)))
    for films in sets:
        for of in (films.name, f"{films.name}, loader with 1 workers"):
            ratio = found[of, "synthetic over plain"]
            quotient = found[of, "synthetic item"]["median"] / found[of, "plain item"]["median"]
            assert ratio["goal"] == "at most 1.1" and ratio["median"] == pytest.approx(quotient)


@pytest.mark.slow
def test_a_warm_bank_is_never_late_and_a_cold_one_is(sets: list[FilmSet], tmp_path: Path) -> None:
    part = measure_stall(sets[1], tmp_path, DataSettings(**TINY | {"engine_s": 0.3}))
    found = named(part)
    (late,) = (one for (of, what), one in found.items() if what.startswith("late of") and "cold" not in of)
    assert late["what"] == "late of 6 synthetic items" and late["median"] == 0 and late["met"]
    cold = next(one for (of, what), one in found.items() if "cold" in of and what.startswith("late"))
    assert cold["n"] == 1 and cold["max"] > 0
    loops = {of for of, what in found if what == "of it waiting for data"}
    assert {"warm bank, plain", "warm bank, cached", "warm bank, on the fly"} < loops
    assert all(one["max"] <= 100 for (_, what), one in found.items() if what == "of it waiting for data")


def test_a_plan_is_measured_in_a_process_of_its_own() -> None:
    found = named(measure_plan(DataSettings(**TINY)))
    assert {of for of, _ in found} == {"500 samples", "1,000 samples"}
    assert found["1,000 samples", "memory of the process"]["median"] > 50


def test_a_large_bank_has_as_many_records_as_it_says(tmp_path: Path) -> None:
    part = measure_bank(tmp_path, DataSettings(**TINY))
    found = named(part)
    assert part["title"] == "A bank of 1,000 records"
    assert (
        found["", "read and decode at random"]["median"] > found["", "look a record up at random"]["median"]
    )
    assert found["", "size of the records"]["median"] > 0.5


@pytest.mark.parametrize("engine", [SlowSynthesizer(0.001), BusySynthesizer(2)])
def test_the_engines_paint_what_the_fake_paints(
    engine: FakeSynthesizer, sets: list[FilmSet], tmp_path: Path
) -> None:
    films = sets[1].read()
    ours = sets[1].rebalance(films, engine, tmp_path / "ours", 4)
    fake = sets[1].rebalance(films, FakeSynthesizer(), tmp_path / "fake", 4)
    assert len(ours) == len(fake) > len(films)
    assert all(np.array_equal(ours[i]["image"], fake[i]["image"]) for i in range(len(films), len(ours)))


@pytest.mark.slow
def test_the_command_writes_every_part(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run_data_benchmark(data, DataSettings(**TINY))
    assert [part["name"] for part in report["parts"]] == list(PARTS)
    ranks = report["parts"][-1]
    if ranks["figures"]:
        assert named(ranks)["", "two ranks over one"]["goal"] == "at least 1.9"
    console = Console(width=120)
    with console.capture() as shown:
        console.print(as_data_table(report))
    assert all(part["title"] in shown.get() for part in report["parts"])
    out = tmp_path / "data.json"
    with pytest.raises(SystemExit) as ended:
        main(["benchmark", "data", "--data", str(data), "--quick", "--part", "plan", "--out", str(out)])
    assert ended.value.code == 0 and "A plan of many samples" in capsys.readouterr().out
    assert json.loads(out.read_text())["settings"]["planned"] == 20_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--part", "speed"], "part speed; choose from fetch, stall, plan, bank, ranks"),
        (["--rounds", "0"], "rounds is 0; it must be at least 1"),
        (["--data", "absent"], "labels.csv does not exist"),
    ],
)
def test_a_mistake_is_told_before_anything_is_measured(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["benchmark", "data", *arguments])
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_settings_out_of_range_are_refused() -> None:
    for name in ("films", "steps", "batch_size", "generated"):
        with pytest.raises(SettingError, match=f"{name} is 1; it must be at least 2"):
            DataSettings(**{name: 1})
    with pytest.raises(SettingError, match="engine_s is 0"):
        DataSettings(engine_s=0)


def test_an_enlarged_film_is_a_picture_of_its_own_depth(sets: list[FilmSet]) -> None:
    with Image.open(sets[2].read().paths[0]) as film:
        assert film.mode == "I;16" and film.size == (192, 192)
