"""Quality is compared draw by draw, called kept only within what was allowed before, and reported whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.benchmark import write_report
from medsynth_aug.benchmark.quality import (
    QualitySettings,
    as_quality_table,
    open_ungated,
    run_quality,
)
from medsynth_aug.benchmark.quality.draws import draw_lesion
from medsynth_aug.benchmark.quality.measures import SSIM, share_kept, texture_kept
from medsynth_aug.benchmark.quality.paired import Row, differences
from medsynth_aug.errors import GridError, LabelError, SettingError, UnknownLesionError
from medsynth_aug.evaluation import FeatureExtractor, load_extractor
from medsynth_aug.synthesis import FakeSynthesizer, Synthesizer
from tests.benchmark.phantoms import SIDE_PX, Altering, films
from tests.diffusion.conftest import write_starter_like

SETTINGS = QualitySettings(steps=(1, 2), lesions=("nodule", "effusion"))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def extractor() -> FeatureExtractor:
    return load_extractor("medsynth", device="cpu")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_starter_like(tmp_path_factory.mktemp("checkpoints") / "tiny")
    (folder / "medsynth.json").write_text('{"least_kept": 0.5, "max_strength": 0.4, "whole_sizes": [64]}')
    return folder


@pytest.fixture(scope="module")
def report(checkpoint: Path, extractor: FeatureExtractor) -> dict[str, Any]:
    engine, least_kept = open_ungated(str(checkpoint), device="cpu")
    return run_quality(
        engine, films(5), replace(SETTINGS, whole=2), extractor, checkpoint="tiny", device=CPU,
        least_kept=least_kept, progress=False,
    )  # fmt: skip


def run_with(
    engine: Synthesizer, extractor: FeatureExtractor, *, count: int = 5, settings: QualitySettings = SETTINGS
) -> dict[str, Any]:
    return run_quality(
        engine, films(count), settings, extractor, checkpoint="fake", device=CPU, progress=False
    )


def setting(report: dict[str, Any], name: str, table: int = -1) -> dict[str, Any]:
    return next(one for one in report["tables"][table]["settings"] if one["name"] == name)


def test_every_setting_stands_beside_both_references(report: dict[str, Any]) -> None:
    assert [table["name"] for table in report["tables"]] == ["nodule", "effusion", "all"]
    assert report["references"] == ["2 steps, guidance 2", "2 steps"]
    for table in report["tables"]:
        names = [one["name"] for one in table["settings"]]
        assert names == ["2 steps, guidance 2", "2 steps", "1 step", "prior alone"]
        assert all(list(one["against"]) == report["references"] for one in table["settings"])


def test_a_reference_differs_from_itself_by_nothing(report: dict[str, Any]) -> None:
    for table in [*report["tables"], report["whole"]]:
        for name in report["references"]:
            own = next(one for one in table["settings"] if one["name"] == name)["against"][name]
            assert "verdict" not in own
            assert all(
                (figure["value"], figure["low"], figure["high"]) == (0, 0, 0)
                for figure in own["differences"].values()
            )


def test_every_interval_holds_its_mean_and_says_its_n(report: dict[str, Any]) -> None:
    for table in [*report["tables"], report["whole"]]:
        for one in table["settings"]:
            figures = list(one["means"].values())
            figures += [f for against in one["against"].values() for f in against["differences"].values()]
            for figure in figures:
                assert figure["low"] - 1e-9 <= figure["value"] <= figure["high"] + 1e-9
                assert figure["n"] == {"draws": table["draws"]}


def test_a_difference_is_the_difference_of_the_rows_of_one_draw(report: dict[str, Any]) -> None:
    rows = {(row["lesion"], row["setting"], row["draw"]): row for row in report["rows"]}
    apart = [
        row["ssim"] - rows[lesion, "2 steps", draw]["ssim"]
        for (lesion, name, draw), row in rows.items()
        if name == "1 step"
    ]
    found = setting(report, "1 step")["against"]["2 steps"]["differences"]["ssim"]
    assert found["value"] == pytest.approx(np.mean(apart), abs=1e-5)
    assert found["value"] != 0


def test_settings_of_other_draws_are_not_compared() -> None:
    lungs = [schematic_lungs((SIDE_PX, SIDE_PX))] * 2
    rows = [
        [
            Row(draw=draw.digest, patient=draw.film.patient, values={"ssim": 1.0})
            for draw in draw_lesion(films(2), lungs, "nodule", engine="engine", seed=seed)
        ]
        for seed in (0, 0, 1)
    ]
    assert differences(rows[0], rows[1], [SSIM], seed=0)["ssim"].value == 0
    with pytest.raises(SettingError, match="painted from different draws"):
        differences(rows[0], rows[2], [SSIM], seed=0)


def test_settings_that_paint_the_same_keep_quality(extractor: FeatureExtractor) -> None:
    found = run_with(FakeSynthesizer(), extractor)
    for name in ("2 steps", "1 step", "prior alone"):
        assert setting(found, name)["against"]["2 steps, guidance 2"]["verdict"] == "kept"


def test_a_setting_that_ruins_the_result_does_not_keep_it(extractor: FeatureExtractor) -> None:
    verdict = setting(run_with(Altering(), extractor), "1 step")["against"]["2 steps, guidance 2"]
    assert verdict["verdict"] == "not kept"
    assert {"SSIM", "texture"} <= set(verdict["lost"])


def test_a_setting_under_which_the_engine_refuses_does_not_keep_it(extractor: FeatureExtractor) -> None:
    found = run_with(Altering(refuse=True), extractor)
    one = setting(found, "1 step")
    assert one["refused"] == 10
    assert one["against"]["2 steps, guidance 2"]["why"] == "the engine refused 10 of 10"
    assert one["against"]["2 steps, guidance 2"]["verdict"] == "not kept"
    assert one["means"]["ssim"]["refused"] == "there are no draws"
    json.dumps(found, allow_nan=False)


def test_few_patients_give_no_verdict(extractor: FeatureExtractor) -> None:
    verdict = setting(run_with(FakeSynthesizer(), extractor, count=4), "1 step")["against"]["2 steps"]
    assert (verdict["verdict"], verdict["why"]) == ("not judged", "4 patients, of 5 needed")


def test_a_wider_delta_lets_more_pass(extractor: FeatureExtractor) -> None:
    wide = replace(
        SETTINGS, deltas={name: 100.0 for name in ("share_kept", "texture_kept", "ssim", "edge_f1")}
    )
    found = run_with(Altering(), extractor, settings=wide)
    assert setting(found, "1 step")["against"]["2 steps"]["verdict"] == "kept"


def test_a_lost_lesion_is_measured_and_counted_rather_than_refused(report: dict[str, Any]) -> None:
    assert report["least_kept"] == 0.5
    for table in report["tables"]:
        for one in table["settings"]:
            assert one["refused"] == 0
            assert 0 <= one["below_least_kept"] <= table["draws"]
    assert setting(report, "prior alone")["below_least_kept"] == 0


def test_the_prior_keeps_all_of_itself_and_the_film_none_of_it() -> None:
    lungs = [schematic_lungs((SIDE_PX, SIDE_PX))]
    (draw,) = draw_lesion(films(1), lungs, "mass", engine="engine", seed=0)
    untouched = replace(draw.prior, image=draw.film.source.pixels)
    flat = replace(draw.prior, image=torch.full_like(draw.prior.image, 100))
    assert share_kept(draw, draw.prior) == pytest.approx(1)
    assert share_kept(draw, untouched) == 0
    assert texture_kept(draw, untouched) == 1
    assert texture_kept(draw, flat) == 0


def test_whole_images_are_measured_by_how_near_real_films_are_to_each_other(report: dict[str, Any]) -> None:
    whole = report["whole"]
    assert whole["draws"] == 2
    assert whole["real_to_real"]["value"] > 0
    assert whole["kid"]["1 step"]["refused"] == "needs at least 10 images a side"
    assert all(one["means"]["real_distance"]["value"] > 0 for one in whole["settings"])


def test_the_report_is_read_back_as_it_was_and_holds_no_patient(
    report: dict[str, Any], tmp_path: Path
) -> None:
    write_report(report, tmp_path / "quality.json")
    text = (tmp_path / "quality.json").read_text()
    assert json.loads(text) == json.loads(json.dumps(report))
    assert "patient 0" not in text
    assert all(film.source.digest.removeprefix("real:") not in text for film in films(5))
    assert [file.name for file in tmp_path.iterdir()] == ["quality.json"]


def test_the_tables_show_every_setting_and_what_was_allowed(report: dict[str, Any]) -> None:
    console = Console(width=100, record=True, quiet=False)
    with console.capture() as shown:
        console.print(as_quality_table(report))
    text = " ".join(shown.get().split())
    assert all(name in text for name in ("A: 2 steps, guidance 2", "1 step", "prior alone", "whole images"))
    assert "SSIM 0.02" in text


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"lesions": ("cyst",)}, UnknownLesionError, "'cyst' is not registered"),
        ({"lesions": ()}, SettingError, "lesions are not named"),
        ({"steps": (4, 2)}, SettingError, "name each once, rising"),
        ({"steps": (0, 2)}, SettingError, "num_inference_steps is 0"),
        ({"strength": 1.5}, SettingError, "strength is 1.5"),
        ({"guidance_scale": 1.0}, SettingError, "the reference needs more than 1"),
        ({"schedulers": ("heun",)}, SettingError, "scheduler is 'heun'"),
        ({"deltas": {"fid": 1.0}}, SettingError, "delta of 'fid' is given; choose from share_kept"),
        ({"deltas": {"ssim": 0.0}}, SettingError, "delta of ssim is 0.0; it must be above 0"),
        ({"whole": -1}, SettingError, "whole is -1"),
    ],
)
def test_a_setting_that_cannot_be_is_named(changes: dict[str, Any], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        QualitySettings(**changes)


def test_films_that_do_not_suffice_are_named_before_anything_is_painted(extractor: FeatureExtractor) -> None:
    with pytest.raises(LabelError, match="3 whole images need 6 films"):
        run_with(FakeSynthesizer(), extractor, settings=replace(SETTINGS, whole=3))

    class Blind(FakeSynthesizer):
        def segment(self, source):  # type: ignore[no-untyped-def]
            return torch.zeros(2, *source.pixels.shape[1:], dtype=torch.bool)

    with pytest.raises(GridError, match="nodule, effusion found no place in any film"):
        run_with(Blind(), extractor)
