"""The recipe of the starter checkpoint: `python -m medsynth_aug.training.starter --data DIR --out DIR`."""
