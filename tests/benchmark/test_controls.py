"""The ablation takes canny and depth away and nothing else, on the same draws."""

from typing import Any

import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.benchmark.quality import ControlsSettings, run_controls
from medsynth_aug.benchmark.quality.ablation import control_conditions
from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.errors import SettingError, UnknownLesionError
from tests.benchmark.phantoms import films
from tests.diffusion.conftest import write_starter_like

SETTINGS = ControlsSettings(lesions=("mass",), num_inference_steps=1)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = write_starter_like(tmp_path_factory.mktemp("checkpoints") / "tiny")
    engine = LesionSynthesizer.from_pretrained(folder, device="cpu")
    return run_controls(
        engine, films(5), SETTINGS, checkpoint="tiny", device=torch.device("cpu"), progress=False,
        segment=lambda grey: schematic_lungs(grey.shape),
    )  # fmt: skip


def test_only_canny_and_depth_are_taken_away() -> None:
    conditions = control_conditions(SETTINGS)
    assert {one.name: set(one.conditioning.controls) - {"mask", "anatomy"} for one in conditions} == {
        "neither": set(), "canny": {"canny"}, "depth": {"depth"}, "both": {"canny", "depth"},
    }  # fmt: skip
    assert {one.sampling for one in conditions} == {conditions[0].sampling}
    assert all({"mask", "anatomy"} <= set(one.conditioning.controls) for one in conditions)


def test_neither_differs_from_itself_by_nothing_and_the_others_by_something(report: dict[str, Any]) -> None:
    neither, *others = report["tables"][0]["settings"]
    assert neither["name"] == "neither"
    own = neither["against"]["neither"]["differences"]
    assert all((one["value"], one["low"], one["high"]) == (0, 0, 0) for one in own.values())
    assert all(one["against"]["neither"]["differences"]["texture_kept"]["value"] != 0 for one in others)
    assert not any("verdict" in one["against"]["neither"] for one in others)


def test_every_draw_is_painted_under_every_setting(report: dict[str, Any]) -> None:
    assert len(report["rows"]) == 4 * 5
    assert {"edge_f1", "ssim", "lung_overlap", "guided_edge_f1"} <= report["rows"][0].keys()
    assert (report["settings"]["strength"], report["tables"][0]["draws"]) == (0.5, 5)


def test_a_setting_that_cannot_be_is_named() -> None:
    with pytest.raises(SettingError, match="strength is 0"):
        ControlsSettings(strength=0)
    with pytest.raises(UnknownLesionError, match="'cyst' is not registered"):
        ControlsSettings(lesions=("cyst",))
