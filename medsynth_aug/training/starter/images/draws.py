"""Batches for the denoiser: scenes are drawn ahead, encoded, and trained on for a few passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTokenizer

from medsynth_aug.errors import SettingError
from medsynth_aug.training.starter.images.ahead import Ahead
from medsynth_aug.training.starter.images.scenes import SceneDrawer
from medsynth_aug.training.starter.stages.autoencoder import to_model_range
from medsynth_aug.training.starter.stages.loop import autocast

SIZE, WIDE_SIZE = 128, 256
"""Sides of the scenes in pixels; whole images are made at the wider one."""

ENCODED_AT_ONCE = 2**21
"""Pixels that the autoencoder encodes at once: 128 scenes of the usual size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoiserData:
    """How scenes are turned into batches.

    Args:
        size: Side of most scenes in pixels.
        wide_size: Side of the others: the engine paints large lesions in wide regions.
        wide_every: Of so many draws the last one is of wide scenes, fewer a step by the ratio of the areas.
        batch_size: Scenes a step.
        scenes_per_draw: Scenes that are encoded at once, at least `batch_size`.
        passes_per_draw: How often they are trained on, with fresh noise, before the next are drawn; 1 where
            encoding is cheap next to training.
        workers: Processes that draw scenes ahead; 0 draws them in between the steps.

    Raises:
        SettingError: If a draw holds fewer scenes than a batch.
    """

    size: int = SIZE
    wide_size: int = WIDE_SIZE
    wide_every: int = 2
    batch_size: int = 16
    scenes_per_draw: int = 256
    passes_per_draw: int = 3
    workers: int = 0

    def __post_init__(self) -> None:
        if self.scenes_per_draw < self.batch_size:
            raise SettingError(
                f"scenes_per_draw is {self.scenes_per_draw}, less than batch_size {self.batch_size}; raise it"
            )

    @property
    def steps_per_draw(self) -> int:
        """Steps that are taken on one draw."""
        return self.scenes_per_draw * self.passes_per_draw // self.batch_size

    def shape_of(self, draw: int) -> tuple[int, int, int]:
        """Side of the scenes of a draw, scenes in it, and scenes a step."""
        if draw % self.wide_every != self.wide_every - 1:
            return self.size, self.scenes_per_draw, self.batch_size
        share = (self.size / self.wide_size) ** 2
        batch_size = max(1, round(share * self.batch_size))
        return self.wide_size, max(batch_size, round(share * self.scenes_per_draw)), batch_size


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Scenes as the model sees them: latents, background latents, region, controls, token ids and kind."""

    latents: Tensor
    background: Tensor
    region: Tensor
    controls: Tensor
    tokens: Tensor
    from_anatomy: Tensor

    def pick(self, index: Tensor) -> "Encoded":
        """Some of the scenes."""
        return Encoded(*(getattr(self, name)[index] for name in self.__slots__))


class Scenes(NamedTuple):
    """Training scenes of one size, stacked.

    Args:
        grey: `(B, 1, S, S)` float32 in [0, 1].
        region: `(B, 1, S, S)` bool.
        controls: `(B, 4, S, S)` uint8.
        prompts: Their texts.
        from_anatomy: `(B,)` bool.
    """

    grey: Tensor
    region: Tensor
    controls: Tensor
    prompts: list[str]
    from_anatomy: Tensor


def draw_scenes(drawer: SceneDrawer, seed: Sequence[int], count: int, size: int) -> Scenes:
    """So many scenes of one size, each a pure function of `seed` and its number."""
    scenes = [drawer(np.random.default_rng((*seed, number)), size) for number in range(count)]
    return Scenes(
        grey=torch.from_numpy(np.stack([scene.grey for scene in scenes]))[:, None],
        region=torch.from_numpy(np.stack([scene.region for scene in scenes]))[:, None],
        controls=torch.from_numpy(np.stack([scene.controls for scene in scenes])),
        prompts=[scene.prompt for scene in scenes],
        from_anatomy=torch.tensor([scene.from_anatomy for scene in scenes]),
    )


@torch.no_grad()
def encode_scenes(
    scenes: Scenes, vae: AutoencoderKL, tokenizer: CLIPTokenizer, device: torch.device
) -> Encoded:
    """Latents of the scenes and of their backgrounds, whose region is set to mid grey as diffusers does."""
    region = scenes.region.float()
    pixels = to_model_range(scenes.grey)
    at_once = max(1, ENCODED_AT_ONCE // pixels[0, 0].numel())

    def encode(batch: Tensor) -> Tensor:
        parts = []
        for part in batch.split(at_once):
            with autocast(device):
                parts.append(vae.encode(part.to(device)).latent_dist.mean.float())
        return torch.cat(parts) * vae.config.scaling_factor

    latents = encode(pixels)
    tokens = tokenizer(scenes.prompts, padding="max_length", truncation=True, return_tensors="pt")
    return Encoded(
        latents=latents,
        background=encode(pixels * (region < 0.5)),
        region=F.interpolate(region, size=latents.shape[-2:]).to(device),
        controls=scenes.controls.to(device),
        tokens=tokens.input_ids.to(device),
        from_anatomy=scenes.from_anatomy.to(device),
    )


class SceneDraws:
    """The scenes of one draw after the other; a draw is a pure function of seed, rank and number.

    Args:
        drawer: Draws a scene.
        vae: Encodes the scenes; on `device`.
        tokenizer: Encodes their prompts.
        data: How many, and how large.
        device: Where the encoded scenes go.
        seed: Decides every draw, with `rank`.
        rank: Which of several processes draws: each draws its own scenes.
    """

    def __init__(
        self, drawer: SceneDrawer, vae: AutoencoderKL, tokenizer: CLIPTokenizer, data: DenoiserData, *,
        device: torch.device, seed: int, rank: int = 0,
    ) -> None:  # fmt: skip
        self._vae, self._tokenizer, self._data, self._device = vae, tokenizer, data, device
        self._ahead = Ahead(partial(_draw, drawer, data, (seed, 3, rank)), data.workers)
        self._current: tuple[int, Encoded] | None = None

    def batch(self, step: int, rng: np.random.Generator) -> Encoded:
        """The scenes of one step, picked by `rng` from the draw that the step belongs to."""
        draw = step // self._data.steps_per_draw
        if self._current is None or self._current[0] != draw:
            encoded = encode_scenes(self._ahead(draw), self._vae, self._tokenizer, self._device)
            self._current = (draw, encoded)
        encoded = self._current[1]
        _, count, batch_size = self._data.shape_of(draw)
        return encoded.pick(torch.from_numpy(rng.choice(count, batch_size, replace=False)).to(self._device))

    def close(self) -> None:
        """Stop drawing ahead."""
        self._ahead.close()


def _draw(drawer: SceneDrawer, data: DenoiserData, seed: tuple[int, ...], draw: int) -> Scenes:
    size, count, _ = data.shape_of(draw)
    return draw_scenes(drawer, (*seed, draw), count, size)
