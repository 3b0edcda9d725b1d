"""The benchmark states what it ran and counts what it says; no duration is asserted."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from rich.console import Console

from medsynth_aug.benchmark import BenchmarkSettings, as_table, benchmark_source, run_benchmark, write_report
from medsynth_aug.benchmark.contender import COMPARISONS
from medsynth_aug.benchmark.run import spread
from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.errors import CheckpointError, SettingError, UnreadableFileError
from medsynth_aug.training.seeded import seeded_weights
from medsynth_aug.training.starter.checkpoint import write_checkpoint
from medsynth_aug.training.starter.stages.autoencoder import build_autoencoder
from medsynth_aug.training.starter.stages.networks import build_denoiser
from medsynth_aug.training.starter.stages.text import build_tokenizer


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the starter's layout with random weights."""
    folder = tmp_path_factory.mktemp("checkpoint")
    tokenizer = build_tokenizer(["chest radiograph with a nodule", "pneumothorax"])
    with seeded_weights(0):
        write_checkpoint(folder, build_autoencoder(), build_denoiser(tokenizer, seed=0))
    return folder


@pytest.fixture(scope="module")
def report(checkpoint: Path) -> dict:
    synthesizer = LesionSynthesizer.from_pretrained(checkpoint, device="cpu")
    settings = BenchmarkSettings(repeats=2, steps=2, size=128, batch_size=2)
    return run_benchmark(
        synthesizer, checkpoint, benchmark_source(None, 128), settings, device=synthesizer.device,
        dtype=synthesizer.dtype, is_phantom=True,
    )  # fmt: skip


def test_the_report_states_schema_machine_and_libraries(report: dict) -> None:
    assert (report["schema"], report["schema_version"]) == ("medsynth-benchmark", 1)
    assert report["environment"]["threads"] == torch.get_num_threads()
    assert report["environment"]["libraries"]["torch"] == version("torch")


def test_every_figure_comes_with_its_n_and_its_spread(report: dict) -> None:
    for lesion in report["lesions"]:
        figures = lesion["ratios"] + [
            run[name]
            for run in lesion["runs"]
            for name in ("seconds_per_image", "images_per_second", "peak_memory_bytes")
        ]
        for figure in figures:
            assert figure["n"] == 2
            assert 0 < figure["min"] <= figure["median"] <= figure["max"]


def test_every_comparison_is_made_for_a_nodule_and_a_hemithorax(report: dict) -> None:
    assert [lesion["name"] for lesion in report["lesions"]] == ["nodule", "hemithorax"]
    for lesion in report["lesions"]:
        assert [(ratio["ours"], ratio["stock"]) for ratio in lesion["ratios"]] == list(COMPARISONS)
    nodule, hemithorax = report["lesions"]
    assert nodule["extent_mm"] == pytest.approx(15, abs=4)
    assert hemithorax["extent_mm"] > 150


def test_stock_as_called_has_guidance_and_full_precision(report: dict) -> None:
    runs = {run["name"]: run for run in report["lesions"][0]["runs"]}
    called, best = runs["stock as called"], runs["stock at its best"]
    assert (called["guidance_scale"], called["batch_size"], called["dtype"]) == (7.5, 1, "float32")
    assert (best["guidance_scale"], best["batch_size"], best["steps"]) == (1, 2, runs["ours"]["steps"])
    assert best["dtype"] == runs["ours"]["dtype"]


def test_the_table_shows_every_contender_and_the_file_holds_the_report(report: dict, tmp_path: Path) -> None:
    console = Console(width=160, record=True, quiet=False)
    with console.capture() as shown:
        console.print(as_table(report))
    assert all(run["name"] in shown.get() for run in report["lesions"][0]["runs"])
    write_report(report, tmp_path / "benchmark.json")
    assert json.loads((tmp_path / "benchmark.json").read_text()) == report


def test_spread_counts_and_sorts() -> None:
    assert spread([3, 1, 2]) == {"n": 3, "min": 1, "median": 2, "max": 3}


def test_the_phantom_is_always_the_same() -> None:
    assert benchmark_source(None, 128).digest == benchmark_source(None, 128).digest


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="repeats is 0"):
        BenchmarkSettings(repeats=0)
    with pytest.raises(SettingError, match="multiple of 64"):
        BenchmarkSettings(size=100)
    with pytest.raises(UnreadableFileError, match="give a PNG or JPEG"):
        benchmark_source(tmp_path / "absent.png", 128)
    with pytest.raises(SettingError, match="--out another place"):
        write_report({}, tmp_path / "absent" / "benchmark.json")


def test_a_folder_that_stock_cannot_load_is_named(tmp_path: Path) -> None:
    from medsynth_aug.benchmark.stock import load

    with pytest.raises(CheckpointError, match="stock diffusers cannot load"):
        load(tmp_path, torch.device("cpu"), torch.float32)
