"""One training loop for every stage: bound by time, resumable after a kill, with EMA and curves."""

import json
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from medsynth_aug.errors import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How long and how fast to train.

    Args:
        budget_minutes: Wall-clock minutes of this stage over all its resumed runs, above 0.
        learning_rate: Peak rate of AdamW; it warms up, then decays to a fiftieth with the time spent.
        warmup_steps: Steps of linear warm-up.
        weight_decay: AdamW's.
        ema_decay: Decay of the exponential moving average of the weights, in [0, 1).
        save_every_s: Seconds between checkpoints of the training state.
        held_out_every_s: Seconds between held-out losses.

    Raises:
        SettingError: If a value is out of its range.
    """

    budget_minutes: float
    learning_rate: float = 1e-3
    warmup_steps: int = 50
    weight_decay: float = 1e-2
    ema_decay: float = 0.999
    save_every_s: float = 120.0
    held_out_every_s: float = 180.0

    def __post_init__(self) -> None:
        if self.budget_minutes <= 0:
            raise SettingError(f"budget_minutes is {self.budget_minutes}; it must be above 0")
        if not 0 <= self.ema_decay < 1:
            raise SettingError(f"ema_decay is {self.ema_decay}; it must be in [0, 1)")


def autocast(device: torch.device) -> AbstractContextManager[None]:
    """bf16 autocast on `device`; weights and optimiser stay fp32."""
    return torch.autocast(device.type, dtype=torch.bfloat16)


class TrainingState:
    """Weights, their average, optimiser moments and the clock of one stage, kept in safetensors.

    Args:
        module: What is trained; its floating parameters are averaged.
        settings: The loop's settings.
        folder: Where `state.safetensors`, `state.json` and `curve.jsonl` are kept; read if they exist.
    """

    def __init__(self, module: nn.Module, settings: LoopSettings, folder: Path) -> None:
        self.module, self.settings, self.folder = module, settings, folder
        self.named = {name: p for name, p in module.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.AdamW(
            self.named.values(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.average = {name: p.detach().clone() for name, p in self.named.items()}
        self.step, self.elapsed_s = 0, 0.0
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "state.json").is_file():
            self._load()

    def rate(self) -> float:
        """Learning rate now: linear warm-up, then linear decay over the time budget."""
        spent = min(1.0, self.elapsed_s / (60 * self.settings.budget_minutes))
        warm = min(1.0, (self.step + 1) / self.settings.warmup_steps)
        return self.settings.learning_rate * warm * max(0.02, 1.0 - spent)

    def descend(self, loss: Tensor) -> None:
        """One optimiser step on `loss`, then one step of the average."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.named.values(), 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.values()), [p.detach() for p in self.named.values()], 1 - decay
            )

    def use_average(self) -> None:
        """Put the averaged weights into the module (at the end of a stage)."""
        with torch.no_grad():
            for name, parameter in self.named.items():
                parameter.copy_(self.average[name])

    def save(self) -> None:
        """Write the whole state beside itself, then rename: a kill leaves the former one."""
        tensors = {f"weight/{name}": p.detach() for name, p in self.named.items()}
        tensors |= {f"average/{name}": value for name, value in self.average.items()}
        for name, parameter in self.named.items():
            moments = self.optimizer.state.get(parameter, {})
            tensors |= {f"{key}/{name}": value for key, value in moments.items()}
        contiguous = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
        save_file(contiguous, self.folder / "state.partial")
        (self.folder / "state.partial").replace(self.folder / "state.safetensors")
        clock = {"step": self.step, "elapsed_s": self.elapsed_s, "settings": asdict(self.settings)}
        (self.folder / "state.json.partial").write_text(json.dumps(clock))
        (self.folder / "state.json.partial").replace(self.folder / "state.json")

    def log(self, **figures: float) -> None:
        """Append one line to `curve.jsonl`."""
        line = {"step": self.step, "elapsed_s": round(self.elapsed_s, 1), **figures}
        with (self.folder / "curve.jsonl").open("a") as curve:
            curve.write(json.dumps(line) + "\n")
            curve.flush()
            os.fsync(curve.fileno())

    def _load(self) -> None:
        clock = json.loads((self.folder / "state.json").read_text())
        self.step, self.elapsed_s = clock["step"], clock["elapsed_s"]
        tensors = load_file(self.folder / "state.safetensors")
        with torch.no_grad():
            for name, parameter in self.named.items():
                parameter.copy_(tensors[f"weight/{name}"])
                self.average[name].copy_(tensors[f"average/{name}"])
                keys = [key for key in ("step", "exp_avg", "exp_avg_sq") if f"{key}/{name}" in tensors]
                if keys:
                    self.optimizer.state[parameter] = {
                        key: tensors[f"{key}/{name}"].to("cpu" if key == "step" else parameter.device)
                        for key in keys
                    }


def train(
    module: nn.Module,
    loss_of_step: Callable[[int], Tensor],
    settings: LoopSettings,
    folder: Path,
    *,
    title: str,
    held_out_loss: Callable[[], float] | None = None,
    max_steps: int | None = None,
) -> None:
    """Train until the time budget is spent, then leave the averaged weights in `module`.

    Args:
        module: What is trained.
        loss_of_step: Draws the batch of a step (a pure function of the step) and returns its loss.
        settings: Budget and rates.
        folder: Where state and curve are kept; an interrupted stage continues from there.
        title: Label of the progress bar.
        held_out_loss: Loss on patients that are not trained on, logged now and then.
        max_steps: Stop after this many steps in all, for smoke runs and tests.
    """
    state = TrainingState(module, settings, folder)
    budget_s, began = 60 * settings.budget_minutes, time.monotonic() - state.elapsed_s
    next_save, next_held_out, smooth = state.elapsed_s + settings.save_every_s, state.elapsed_s, None
    with tqdm(total=round(budget_s), initial=round(state.elapsed_s), desc=title, unit="s") as bar:
        while state.elapsed_s < budget_s and (max_steps is None or state.step < max_steps):
            loss = loss_of_step(state.step)
            state.descend(loss)
            smooth = float(loss.detach()) if smooth is None else 0.98 * smooth + 0.02 * float(loss.detach())
            state.elapsed_s = time.monotonic() - began
            bar.n = round(min(state.elapsed_s, budget_s))
            bar.set_postfix(step=state.step, loss=f"{smooth:.4f}")
            if held_out_loss is not None and state.elapsed_s >= next_held_out:
                state.log(loss=smooth, held_out=held_out_loss())
                next_held_out = state.elapsed_s + settings.held_out_every_s
            elif state.step % 20 == 0:
                state.log(loss=smooth)
            if state.elapsed_s >= next_save:
                state.save()
                next_save = state.elapsed_s + settings.save_every_s
    if smooth is not None:
        state.log(loss=smooth)
    state.save()
    state.use_average()
