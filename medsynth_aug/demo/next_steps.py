"""The commands to try after the demonstration, written for the folders that it just used."""

import shlex
from pathlib import Path

from medsynth_aug.demo.settings import DemoSettings


def write_next_steps(settings: DemoSettings, path: Path) -> None:
    """Write the commands with what each is for."""
    path.write_text(next_steps(settings), encoding="utf-8")


def next_steps(settings: DemoSettings) -> str:
    """The commands with what each is for."""
    out, labels = shlex.quote(str(settings.out)), shlex.quote(str(settings.data / "labels.csv"))
    return f"""\
# The same again: it takes the samples out of {settings.out / "bank"}
medsynth demo --out {out}{" --fake" if settings.fake else ""}

# More samples a class; those already in the bank are kept
medsynth demo --out {out} --per-class 20{" --fake" if settings.fake else ""}

# What can be painted
medsynth lesions

# What it would do to a data set of your own (here: to the examples); nothing is painted
medsynth plan {labels} --image file --patient patient_id --split train \\
  --lesion pneumothorax=pneumothorax --background normal

# In your own training loop: docs/how-to-rebalance.md. In a MONAI chain: examples/monai_training.py
"""
