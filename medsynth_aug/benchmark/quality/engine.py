"""The engine as a benchmark needs it: it shows the samples that it would refuse."""

from dataclasses import replace

from medsynth_aug.diffusion import LesionSynthesizer


def open_ungated(name: str, *, device: str = "auto") -> tuple[LesionSynthesizer, float]:
    """An engine that refuses no sample for what is left of its lesion, and the share below which it would.

    A refused sample has no figures: a setting that loses the lesion would be judged by the samples in which
    it did not.

    Args:
        name: "starter", a diffusers folder or a Hub id.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        UnknownCheckpointError: If there is nothing of that name.
        CheckpointError: If a part is missing or kept as a pickle only.
        DeviceError: If the device is not there.
    """
    synthesizer = LesionSynthesizer.from_pretrained(name, device=device)
    least_kept = synthesizer.checkpoint.least_kept
    synthesizer.checkpoint = replace(synthesizer.checkpoint, least_kept=0.0)
    return synthesizer, least_kept
