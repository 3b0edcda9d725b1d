"""What one stage of training has reached: weights, their average, the best of it, moments and the clock."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

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
        patience: Held-out losses in a row without a new best, after which the stage stops: it has begun to
            memorise. The weights of the best one are kept in any case.

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
    patience: int = 12

    def __post_init__(self) -> None:
        if self.budget_minutes <= 0:
            raise SettingError(f"budget_minutes is {self.budget_minutes}; it must be above 0")
        if not 0 <= self.ema_decay < 1:
            raise SettingError(f"ema_decay is {self.ema_decay}; it must be in [0, 1)")


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
        self.best: dict[str, Tensor] = {}
        self.step, self.elapsed_s = 0, 0.0
        self.best_loss, self.without_gain = float("inf"), 0
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "state.json").is_file():
            self._load()

    def rate(self) -> float:
        """Learning rate now: linear warm-up, then linear decay over the time budget."""
        spent = min(1.0, self.elapsed_s / (60 * self.settings.budget_minutes))
        warm = min(1.0, (self.step + 1) / self.settings.warmup_steps)
        return self.settings.learning_rate * warm * max(0.02, 1.0 - spent)

    def descend(self, loss: Tensor, accelerator: Accelerator) -> None:
        """One optimiser step on `loss`, averaged over the ranks, then one step of the average."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.zero_grad(set_to_none=True)
        accelerator.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.named.values(), 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.values()), [p.detach() for p in self.named.values()], 1 - decay
            )

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the module holds the averaged weights."""
        trained = {name: p.detach().clone() for name, p in self.named.items()}
        self._put(self.average)
        try:
            yield
        finally:
            self._put(trained)

    def judge(self, held_out: float) -> None:
        """Remember the averaged weights if their held-out loss is the lowest so far."""
        if held_out < self.best_loss:
            self.best_loss, self.without_gain = held_out, 0
            self.best = {name: value.clone() for name, value in self.average.items()}
        else:
            self.without_gain += 1

    def finish(self) -> None:
        """Put the best averaged weights into the module (at the end of a stage)."""
        self._put(self.best or self.average)

    def _put(self, weights: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.named.items():
                parameter.copy_(weights[name])

    def save(self) -> None:
        """Write the whole state beside itself, then rename: a kill leaves the former one."""
        tensors = {f"weight/{name}": p.detach() for name, p in self.named.items()}
        tensors |= {f"average/{name}": value for name, value in self.average.items()}
        tensors |= {f"best/{name}": value for name, value in self.best.items()}
        for name, parameter in self.named.items():
            moments = self.optimizer.state.get(parameter, {})
            tensors |= {f"{key}/{name}": value for key, value in moments.items()}
        contiguous = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
        save_file(contiguous, self.folder / "state.partial")
        (self.folder / "state.partial").replace(self.folder / "state.safetensors")
        clock = {
            "step": self.step, "elapsed_s": self.elapsed_s, "without_gain": self.without_gain,
            "best_loss": self.best_loss if self.best else None, "settings": asdict(self.settings),
        }  # fmt: skip
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
        self.without_gain = clock["without_gain"]
        self.best_loss = float("inf") if clock["best_loss"] is None else clock["best_loss"]
        tensors = load_file(self.folder / "state.safetensors")
        self.best = {
            name: tensors[f"best/{name}"].to(self.average[name].device)
            for name in self.named
            if f"best/{name}" in tensors
        }
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
