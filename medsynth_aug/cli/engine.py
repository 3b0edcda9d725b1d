"""Open the engine that a command was told to use."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medsynth_aug.synthesis import Synthesizer


def open_synthesizer(checkpoint: str, device: str) -> "Synthesizer":
    """The engine of a checkpoint.

    Args:
        checkpoint: "starter", a diffusers folder or a Hub id; "none" paints the lesion priors alone.
        device: auto, cpu, cuda, cuda:1 or mps.
    """
    if checkpoint == "none":
        from medsynth_aug.synthesis import FakeSynthesizer

        return FakeSynthesizer()
    from medsynth_aug.diffusion import LesionSynthesizer

    return LesionSynthesizer.from_pretrained(checkpoint, device=device)
