"""One training loop for every stage: bound by time, resumable, on any number of ranks, with curves."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn
from tqdm import tqdm

from medsynth_aug.training.starter.stages.state import LoopSettings, TrainingState

LEAST_LOOKS = 12
"""Held-out losses that a short stage is given too."""


def autocast(device: torch.device) -> AbstractContextManager[None]:
    """bf16 autocast on `device`; weights and optimiser stay fp32."""
    return torch.autocast(device.type, dtype=torch.bfloat16)


class _Objective(nn.Module):
    """The loss as a module's forward, which is where data-parallel wrappers hook in."""

    def __init__(self, module: nn.Module, loss_of_step: Callable[[int], Tensor]) -> None:
        super().__init__()
        self.module, self._loss_of_step = module, loss_of_step

    def forward(self, step: int) -> Tensor:
        return self._loss_of_step(step)


def open_accelerator(device: torch.device) -> Accelerator:
    """The ranks that `accelerate launch` or `torchrun` started, or this process alone, on `device`'s kind."""
    return Accelerator(cpu=device.type == "cpu")


def train(
    module: nn.Module,
    loss_of_step: Callable[[int], Tensor],
    settings: LoopSettings,
    folder: Path,
    *,
    title: str,
    accelerator: Accelerator,
    held_out_loss: Callable[[], float] | None = None,
    draw_strip: Callable[[Path], None] | None = None,
    max_steps: int | None = None,
) -> None:
    """Train until the time budget is spent or patience is, then leave the best averaged weights in `module`.

    Args:
        module: What is trained.
        loss_of_step: Draws this rank's batch of a step (a pure function of step and rank), returns its loss.
        settings: Budget and rates.
        folder: Where state and curve are kept; an interrupted stage continues from there.
        title: Label of the progress bar.
        accelerator: The ranks; gradients are averaged over them, the first one logs, judges and saves.
        held_out_loss: Loss on patients that are not trained on, of the averaged weights, now and then.
        draw_strip: Draws what the averaged weights make into a PNG, beside each held-out loss.
        max_steps: Stop after this many steps in all, for smoke runs and tests.
    """
    state = TrainingState(module, settings, folder)
    objective = accelerator.prepare(_Objective(module, loss_of_step))
    leads = accelerator.is_main_process
    budget_s, began = 60 * settings.budget_minutes, time.monotonic() - state.elapsed_s
    next_save, next_held_out, smooth = state.elapsed_s + settings.save_every_s, state.elapsed_s, None
    bar = tqdm(total=round(budget_s), initial=round(state.elapsed_s), desc=title, unit="s", disable=not leads)
    with bar:
        while (
            state.elapsed_s < budget_s
            and state.without_gain < settings.patience
            and (max_steps is None or state.step < max_steps)
        ):
            loss = objective(state.step)
            state.descend(loss, accelerator)
            smooth = float(loss.detach()) if smooth is None else 0.98 * smooth + 0.02 * float(loss.detach())
            elapsed_s = time.monotonic() - began
            bar.n = round(min(elapsed_s, budget_s))
            bar.set_postfix(step=state.step, loss=f"{smooth:.4f}")
            if leads and elapsed_s >= next_held_out:
                _look(state, smooth, held_out_loss, draw_strip)
                next_held_out = elapsed_s + min(settings.held_out_every_s, budget_s / LEAST_LOOKS)
            elif leads and state.step % 20 == 0:
                state.log(loss=smooth)
            _share_clock(state, elapsed_s, accelerator)
            if leads and state.elapsed_s >= next_save:
                state.save()
                next_save = state.elapsed_s + settings.save_every_s
    if leads:
        if smooth is not None:
            state.log(loss=smooth)
        state.save()
    accelerator.wait_for_everyone()
    if not leads:
        state = TrainingState(module, settings, folder)
    state.finish()


def _look(
    state: TrainingState,
    loss: float,
    held_out_loss: Callable[[], float] | None,
    draw_strip: Callable[[Path], None] | None,
) -> None:
    """Judge the averaged weights, and draw what they make."""
    with state.averaged():
        if draw_strip is not None:
            draw_strip(state.folder / "strip.png")
        held_out = None if held_out_loss is None else held_out_loss()
    if held_out is None:
        state.log(loss=loss)
    else:
        state.judge(held_out)
        state.log(loss=loss, held_out=held_out)


def _share_clock(state: TrainingState, elapsed_s: float, accelerator: Accelerator) -> None:
    """Every rank takes the first one's clock and judgement, so that all stop at the same step."""
    clock = torch.tensor([elapsed_s, state.without_gain], device=accelerator.device)
    if accelerator.num_processes > 1:
        clock = broadcast(clock)
    state.elapsed_s, state.without_gain = float(clock[0]), int(clock[1])
