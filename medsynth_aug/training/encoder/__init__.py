"""The recipe of the encoder that judges: `python -m medsynth_aug.training.encoder --data DIR --out DIR`."""
