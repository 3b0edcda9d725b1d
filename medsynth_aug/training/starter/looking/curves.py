"""The loss curves of every stage in one picture."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def write_curves(state: Path, file: Path) -> None:
    """Plot training and held-out loss of each stage that left a `curve.jsonl` under `state`."""
    stages = sorted(state.glob("*/curve.jsonl"))
    if not stages:
        return
    figure, axes = plt.subplots(1, len(stages), figsize=(4 * len(stages), 3), squeeze=False)
    for axis, curve in zip(axes[0], stages, strict=True):
        lines = [json.loads(line) for line in curve.read_text().splitlines()]
        axis.plot([one["step"] for one in lines], [one["loss"] for one in lines], label="training")
        held = [one for one in lines if "held_out" in one]
        if held:
            steps, losses = [one["step"] for one in held], [one["held_out"] for one in held]
            axis.plot(steps, losses, "o-", ms=3, label="held out")
        axis.set(title=curve.parent.name.replace("_", " "), xlabel="step", yscale="log")
        axis.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)
