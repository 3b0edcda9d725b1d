"""The starter with a short training index, so that a privacy threshold takes a second and not twenty."""

import shutil
from dataclasses import replace
from pathlib import Path

import medsynth_aug.corpus
from medsynth_aug.diffusion.training_index import read_index

ROWS = 80
"""Training films that are kept."""


def write_quick_starter(folder: Path) -> Path:
    """Copies the starter into a folder, with the first rows of its training index; returns the folder."""
    shutil.copytree(Path(medsynth_aug.corpus.__file__).parents[1] / "starter", folder)
    index = read_index(folder)
    assert index is not None
    kept = replace(index, thumbnails=index.thumbnails[:ROWS].clone(), features=None, rows=index.rows[:ROWS])
    kept.save(folder)
    return folder
