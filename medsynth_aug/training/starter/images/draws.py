"""Batches for the denoiser: scenes are drawn by many threads, encoded, and trained on for a few passes."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTokenizer

from medsynth_aug.errors import SettingError
from medsynth_aug.training.starter.images.scenes import SceneDrawer, TrainingScene
from medsynth_aug.training.starter.stages.autoencoder import to_model_range
from medsynth_aug.training.starter.stages.loop import autocast

SIZE, WIDE_SIZE = 128, 256
"""Sides of the scenes in pixels; whole images are made at the wider one."""


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
        threads: Threads that draw scenes, the next draw's while this one is trained on.

    Raises:
        SettingError: If a draw holds fewer scenes than a batch.
    """

    size: int = SIZE
    wide_size: int = WIDE_SIZE
    wide_every: int = 2
    batch_size: int = 16
    scenes_per_draw: int = 256
    passes_per_draw: int = 3
    threads: int = 4

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


@torch.no_grad()
def encode_scenes(
    scenes: Sequence[TrainingScene], vae: AutoencoderKL, tokenizer: CLIPTokenizer, device: torch.device
) -> Encoded:
    """Latents of the scenes and of their backgrounds, whose region is set to mid grey as diffusers does."""
    grey = torch.from_numpy(np.stack([scene.grey for scene in scenes]))[:, None]
    region = torch.from_numpy(np.stack([scene.region for scene in scenes]))[:, None].float()
    pixels = to_model_range(grey)

    def encode(batch: Tensor) -> Tensor:
        parts = []
        for part in batch.split(32):
            with autocast(device):
                parts.append(vae.encode(part.to(device)).latent_dist.mean.float())
        return torch.cat(parts) * vae.config.scaling_factor

    latents = encode(pixels)
    tokens = tokenizer(
        [scene.prompt for scene in scenes], padding="max_length", truncation=True, return_tensors="pt"
    )
    return Encoded(
        latents=latents,
        background=encode(pixels * (region < 0.5)),
        region=F.interpolate(region, size=latents.shape[-2:]).to(device),
        controls=torch.from_numpy(np.stack([scene.controls for scene in scenes])).to(device),
        tokens=tokens.input_ids.to(device),
        from_anatomy=torch.tensor([scene.from_anatomy for scene in scenes], device=device),
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
        self._drawer, self._vae, self._tokenizer, self._data = drawer, vae, tokenizer, data
        self._device, self._seed = device, (seed, 3, rank)
        self._threads = ThreadPoolExecutor(data.threads)
        self._ahead: dict[int, list[Future[TrainingScene]]] = {}
        self._current: tuple[int, Encoded] | None = None

    def batch(self, step: int, rng: np.random.Generator) -> Encoded:
        """The scenes of one step, picked by `rng` from the draw that the step belongs to."""
        draw = step // self._data.steps_per_draw
        if self._current is None or self._current[0] != draw:
            scenes = [one.result() for one in self._begin(draw)]
            self._ahead = {draw + 1: self._begin(draw + 1)}
            self._current = (draw, encode_scenes(scenes, self._vae, self._tokenizer, self._device))
        encoded = self._current[1]
        _, count, batch_size = self._data.shape_of(draw)
        return encoded.pick(torch.from_numpy(rng.choice(count, batch_size, replace=False)).to(self._device))

    def close(self) -> None:
        """Stop drawing ahead."""
        self._threads.shutdown(cancel_futures=True)

    def _begin(self, draw: int) -> list[Future[TrainingScene]]:
        if draw in self._ahead:
            return self._ahead.pop(draw)
        size, count, _ = self._data.shape_of(draw)

        def scene(number: int) -> TrainingScene:
            return self._drawer(np.random.default_rng((*self._seed, draw, number)), size)

        return [self._threads.submit(scene, number) for number in range(count)]
