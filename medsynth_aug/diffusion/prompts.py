"""Encoded prompts, kept: a run paints thousands of lesions with a handful of texts."""

from functools import lru_cache

import torch
from torch import Tensor

from medsynth_aug.diffusion.checkpoint import Checkpoint

HEALTHY_PROMPT = "chest radiograph, region, no finding"
"""What a sham is painted with."""


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
