"""What a region is painted as, in words, and the encoded texts, kept: thousands share a handful."""

from functools import lru_cache

import torch
from torch import Tensor

from medsynth_aug.diffusion.checkpoint import Checkpoint
from medsynth_aug.lesions.lesion import Lesion
from medsynth_aug.lesions.scene import Side

SIZE_WORDS = ("small", "moderate", "large")


def lesion_prompt(lesion: Lesion, side: Side, size_mm: float | None) -> str:
    """The text that a lesion is painted with: its own prompt, the patient's side, its size, and the scale.

    Args:
        lesion: Its prompt comes first, as it is.
        side: Where it lies.
        size_mm: Its extent, said as the third of the lesion's range that it falls into; None says nothing.
    """
    where = "both sides" if side == "both" else f"{side} side"
    low, high = lesion.size_mm
    words = [lesion.prompt, where]
    if size_mm is not None:
        share = (size_mm - low) / (high - low) if high > low else 0.5
        words.append(SIZE_WORDS[min(2, max(0, int(3 * share)))])
    return ", ".join([*words, "region"])


class PromptEncoder:
    """Turns prompts into embeddings and remembers them.

    Args:
        checkpoint: Whose text encoder is asked.
        device: Where the embeddings are wanted.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self._checkpoint, self._device = checkpoint, device
        self._encode = lru_cache(maxsize=256)(self._encode_one)

    def __call__(self, prompts: list[str]) -> Tensor:
        """Embeddings `(B, T, D)` of the prompts."""
        return torch.cat([self._encode(prompt) for prompt in prompts])

    @torch.inference_mode()
    def _encode_one(self, prompt: str) -> Tensor:
        tokenizer = self._checkpoint.tokenizer
        tokens = tokenizer(
            prompt, padding="max_length", max_length=tokenizer.model_max_length, truncation=True,
            return_tensors="pt",
        )  # fmt: skip
        return self._checkpoint.text_encoder(tokens.input_ids.to(self._device))[0]
