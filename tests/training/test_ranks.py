"""Ranks train one checkpoint together, a killed run goes on where it was saved, and the best weights stay."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.training.starter.recipe import run
from medsynth_aug.training.starter.settings import Recipe
from medsynth_aug.training.starter.stages.loop import open_accelerator, train
from medsynth_aug.training.starter.stages.state import LoopSettings, TrainingState

RECIPE = "medsynth_aug.training.starter"
STAGES = ("autoencoder", "denoiser")
TRAINING_ON = f"""
import sys
from functools import partial
from pathlib import Path

from {RECIPE} import recipe
from {RECIPE}.settings import Recipe

recipe.LoopSettings = partial(recipe.LoopSettings, save_every_s=0.0)
recipe.run(
    Recipe(
        data=Path(sys.argv[1]), out=Path(sys.argv[2]), budget_minutes=60, device="cpu", batch_size=2,
        scenes_per_draw=4, limit=8, start_from="starter",
    )
)
"""

PULLING = f"""
import json
import sys
from pathlib import Path

import torch

from {RECIPE}.stages.loop import open_accelerator, train
from {RECIPE}.stages.state import LoopSettings

folder, accelerator = Path(sys.argv[1]), open_accelerator(torch.device("cpu"))
rank = accelerator.process_index
module = torch.nn.Linear(1, 1, bias=False)
train(
    module, lambda step: (0.1, 0.3)[rank] * module.weight.sum(), LoopSettings(budget_minutes=1),
    folder / "state", title="pull", accelerator=accelerator, max_steps=3,
)
weight = module.weight
found = {{"ranks": accelerator.num_processes, "gradient": weight.grad.item(), "weight": weight.item()}}
(folder / f"rank-{{rank}}.json").write_text(json.dumps(found))
accelerator.end_training()
"""


def steps_of(out: Path) -> dict[str, int]:
    return {stage: json.loads((out / "state" / stage / "state.json").read_text())["step"] for stage in STAGES}


def curve_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    files = sorted(folder.glob("*/*.safetensors"))
    return {f"{file.parent.name}/{name}": value for file in files for name, value in load_file(file).items()}


def launch(*arguments: object) -> None:
    """Run Python with these arguments in two ranks; `accelerate launch` starts a single one on a CPU."""
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
            *map(str, arguments),
        ],
        capture_output=True, text=True, timeout=280, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-5000:]


@pytest.mark.slow
def test_two_ranks_write_one_checkpoint(radiograph_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    launch(
        "-m", RECIPE, "--data", radiograph_folder, "--out", out, "--device", "cpu", "--limit", 8,
        "--stages", ",".join(STAGES), "--max-steps", 2, "--batch-size", 2,
    )  # fmt: skip
    assert {path.name for path in (out / "state").iterdir() if path.is_dir()} == set(STAGES)
    assert steps_of(out) == dict.fromkeys(STAGES, 2)
    weights = weights_of(out)
    assert {name.partition("/")[0] for name in weights} >= {"vae", "unet", "controlnet", "text_encoder"}
    assert all(bool(torch.isfinite(value).all()) for value in weights.values())
    assert {line["step"] for line in curve_of(out / "state" / "denoiser")} == {1, 2}  # one rank logs
    LesionSynthesizer.from_pretrained(out, device="cpu")


def test_gradients_are_averaged_over_the_ranks_and_all_end_with_the_same_weights(tmp_path: Path) -> None:
    script = tmp_path / "pull.py"
    script.write_text(PULLING)
    launch(script, tmp_path)
    first, second = (json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in range(2))
    assert first == second
    assert first["ranks"] == 2
    assert first["gradient"] == pytest.approx((0.1 + 0.3) / 2)
    assert curve_of(tmp_path / "state")[-1]["step"] == 3


def killed_at(data: Path, out: Path, said: Path, step: int) -> int:
    """Train, kill -9 once the state on disk has come to `step`, and return the step that is on disk then."""
    saved, deadline = out / "state" / "denoiser" / "state.json", time.monotonic() + 200
    with said.open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", TRAINING_ON, data, out], stdout=log, stderr=log)
        try:
            while not (saved.is_file() and json.loads(saved.read_text())["step"] >= step):
                assert process.poll() is None, said.read_text()[-3000:]
                assert time.monotonic() < deadline, "nothing was saved in time"
                time.sleep(0.05)
        finally:
            process.kill()
        assert process.wait() == -signal.SIGKILL
    return int(json.loads(saved.read_text())["step"])


@pytest.mark.slow
def test_a_run_that_is_killed_in_the_denoiser_goes_on_where_it_was_saved(
    radiograph_folder: Path, tmp_path: Path, repeat: int
) -> None:
    out, step = tmp_path / "out", 0
    saved = out / "state" / "denoiser" / "state.json"
    for _ in range(repeat):
        step = killed_at(radiograph_folder, out, tmp_path / "said.txt", step + 2)
    assert not (out / "unet").exists()
    before = json.loads(saved.read_text())
    run(
        Recipe(
            data=radiograph_folder, out=out, budget_minutes=60, device="cpu", batch_size=2, scenes_per_draw=4,
            limit=8, start_from="starter", max_steps=step + 2,
        )
    )  # fmt: skip
    after = json.loads(saved.read_text())
    assert (before["step"], after["step"]) == (step, step + 2)
    assert after["elapsed_s"] > before["elapsed_s"]
    steps = [line["step"] for line in curve_of(saved.parent)]
    assert (steps[0], steps[-2:]) == (1, [step + 1, step + 2])
    LesionSynthesizer.from_pretrained(out, device="cpu")


def line_through(value: float) -> nn.Linear:
    module = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        module.weight.fill_(value)
    return module


def climb(module: nn.Linear) -> torch.Tensor:
    """A loss that every step lowers, by raising the weight."""
    return -module.weight.sum()


def test_the_best_average_ends_in_the_module_and_not_the_last(tmp_path: Path) -> None:
    module, accelerator = line_through(0.0), open_accelerator(torch.device("cpu"))
    settings = LoopSettings(budget_minutes=1, learning_rate=0.1, warmup_steps=1)
    state, averages = TrainingState(module, settings, tmp_path), []
    for held_out in (3.0, 1.0, 2.0, 5.0):
        state.descend(climb(module), accelerator)
        averages.append(float(state.average["weight"]))
        state.judge(held_out)
    assert averages == sorted(set(averages))
    assert (state.best_loss, state.without_gain) == (1.0, 2)
    state.save()
    state.finish()
    assert float(module.weight.detach()) == averages[1] < float(state.average["weight"])

    again = line_through(0.0)
    read = TrainingState(again, settings, tmp_path)
    assert float(again.weight.detach()) > averages[-1]  # it trains on from the last weights
    assert (read.step, read.best_loss, read.without_gain) == (4, 1.0, 2)
    read.finish()
    assert float(again.weight.detach()) == averages[1]


def test_a_stage_stops_early_when_the_held_out_loss_gains_no_more(tmp_path: Path) -> None:
    module, losses = line_through(0.0), iter([3.0, 1.0, 2.0, 1.5, 2.5, 0.0])
    seen: list[float] = []

    def held_out_loss() -> float:
        seen.append(float(module.weight.detach()))
        return next(losses)

    train(
        module,
        lambda step: climb(module),
        LoopSettings(budget_minutes=1, learning_rate=0.1, warmup_steps=1, held_out_every_s=0.0, patience=3),
        tmp_path,
        title="short",
        accelerator=open_accelerator(torch.device("cpu")),
        held_out_loss=held_out_loss,
        max_steps=50,
    )
    assert len(seen) == 5
    assert float(module.weight.detach()) == seen[1]
    held_out = [line["held_out"] for line in curve_of(tmp_path) if "held_out" in line]
    assert held_out == [3.0, 1.0, 2.0, 1.5, 2.5]


def test_a_loss_that_keeps_gaining_is_trained_on(tmp_path: Path) -> None:
    module, losses = line_through(0.0), iter(range(100, 0, -1))
    train(
        module,
        lambda step: climb(module),
        LoopSettings(budget_minutes=1, warmup_steps=1, held_out_every_s=0.0, patience=1),
        tmp_path,
        title="long",
        accelerator=open_accelerator(torch.device("cpu")),
        held_out_loss=lambda: float(next(losses)),
        max_steps=6,
    )
    steps = [line["step"] for line in curve_of(tmp_path) if "held_out" in line]
    assert all(after == before + 1 for before, after in pairwise(steps))
    assert steps[-1] == 6
