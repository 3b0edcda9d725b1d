"""LesionSynthesizer: paints lesions by latent diffusion, region by region, in batches of any mix."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from medsynth_aug.anatomy.lung_fields import SHIPPED_WEIGHTS, segment_lungs, weights_digest
from medsynth_aug.conditioning import AttenuationDepth, DepthModel, control_images
from medsynth_aug.diffusion.checkpoint import Checkpoint, load_checkpoint
from medsynth_aug.diffusion.controls import assign_controls, control_scales
from medsynth_aug.diffusion.device import pick_device, pick_dtype
from medsynth_aug.diffusion.painter import Painter, PaintJob
from medsynth_aug.diffusion.prompts import lesion_prompt
from medsynth_aug.diffusion.region import BUCKETS, Region, region_of
from medsynth_aug.diffusion.whole import WholeJob, paint_whole, prepare_whole
from medsynth_aug.errors import MedsynthError, SettingError
from medsynth_aug.lesions.draw import Drawing
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.synthesis.compose import compose, compose_whole
from medsynth_aug.synthesis.digest import digest_json
from medsynth_aug.synthesis.preparation import prepare
from medsynth_aug.synthesis.request import PIXEL_VERSION
from medsynth_aug.synthesis.sample import Refusal, SyntheticSample
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.synthesis.synthesizer import Job, OnStep
from medsynth_aug.types import Grey, to_grey

Anything = TypeVar("Anything")


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A job that can be painted, with what was drawn for it."""

    index: int
    job: Job
    scene: Scene
    drawing: Drawing
    region: Region
    paint: PaintJob
    seconds: float


class LesionSynthesizer:
    """The real engine; open it with `from_pretrained`.

    It pickles as the recipe that opened it and loads its weights again in the other process.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: torch.device,
        dtype: torch.dtype,
        batch_size: int,
        controls: Sequence[str] | None,
        depth_model: DepthModel,
        recipe: dict[str, Any],
    ) -> None:
        self._recipe, self._depth_model = recipe, depth_model
        self._painter = Painter(
            checkpoint, device, assign_controls(checkpoint.controlnets, controls), batch_size, depth_model
        )
        own = checkpoint.folder / "lung_fields" / "model.safetensors"
        self._lung_weights = own if own.is_file() else SHIPPED_WEIGHTS
        finds_lungs = checkpoint.anatomy == "lungs"
        self.device, self.dtype, self.checkpoint = device, dtype, checkpoint
        self._fingerprint = digest_json(
            {
                "engine": "latent diffusion",
                "weights": checkpoint.digest,
                "scheduler": {k: str(v) for k, v in checkpoint.scheduler_config.items()},
                "anatomy": weights_digest(self._lung_weights) if finds_lungs else checkpoint.anatomy,
                "depth": depth_model.name,
                "precision": str(dtype),
                "max_strength": checkpoint.max_strength,
                "least_kept": checkpoint.least_kept,
                "healthy_prompt": checkpoint.healthy_prompt,
                "whole_sizes": list(checkpoint.whole_sizes),
                "buckets": list(BUCKETS),
                "pixel_version": PIXEL_VERSION,
            }
        )

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = "starter",
        *,
        device: str = "auto",
        dtype: torch.dtype | None = None,
        controlnet: Sequence[str | Path] = (),
        controls: Sequence[str] | None = None,
        batch_size: int | None = None,
        depth_model: DepthModel | None = None,
    ) -> "LesionSynthesizer":
        """Open a checkpoint.

        Args:
            name: "starter", a diffusers folder (SD 1.5 layout, inpainting or plain) or a Hub id.
            device: "auto", "cpu", "cuda", "cuda:1" or "mps".
            dtype: Precision; None takes bf16 where the device computes in it.
            controlnet: ControlNets to use instead of those in the folder.
            controls: For ControlNets that take one image: which control each gets; canny, then depth.
            batch_size: Regions a batch, always padded to it, so that a sample never depends on its
                companions; None takes 1 on a CPU and 16 on a GPU.
            depth_model: Source of depth maps; attenuation by default.

        Raises:
            UnknownCheckpointError: If there is nothing of that name.
            CheckpointError: If a part is missing or kept as a pickle only.
            DeviceError: If the device is not there.
            SettingError: If a setting is out of range.
        """
        place = pick_device(device)
        precision = dtype or pick_dtype(place)
        size = batch_size if batch_size is not None else (16 if place.type == "cuda" else 1)
        if size < 1:
            raise SettingError(f"batch_size is {size}; it must be at least 1")
        checkpoint = load_checkpoint(name, dtype=precision, controlnets=controlnet)
        recipe = {
            "name": name, "device": device, "dtype": dtype, "controlnet": tuple(controlnet),
            "controls": controls,
            "batch_size": batch_size, "depth_model": depth_model,
        }  # fmt: skip
        return cls(
            checkpoint, device=place, dtype=precision, batch_size=size, controls=controls,
            depth_model=depth_model or AttenuationDepth(), recipe=recipe,
        )  # fmt: skip

    def __reduce__(self) -> tuple[Callable[..., "LesionSynthesizer"], tuple[dict[str, Any]]]:
        return _reopen, (self._recipe,)

    @property
    def fingerprint(self) -> str:
        """Digest of weights, scheduler, anatomy and depth models, precision and code version."""
        return self._fingerprint

    def segment(self, source: SourceImage) -> torch.Tensor:
        """Lung fields of a source, `(2, H, W)` bool, by the checkpoint's segmenter or the shipped one.

        All False where the checkpoint is not one of lungs: give the jobs their anatomy, or go without.
        """
        if self.checkpoint.anatomy != "lungs":
            return torch.zeros(2, *source.pixels.shape[1:], dtype=torch.bool)
        return segment_lungs(to_grey(source.pixels, source.value_range), weights=self._lung_weights)

    def synthesize(
        self, jobs: Sequence[Job], on_step: OnStep | None = None
    ) -> list[SyntheticSample | Refusal]:
        """One result a job, in order; a job that cannot be met is refused and never fails the others.

        Args:
            jobs: Any mix of sizes, dtypes, lesions and settings.
            on_step: Called after each denoising step of each batch.
        """
        results: list[SyntheticSample | Refusal | None] = [None] * len(jobs)
        ready: dict[Any, list[_Prepared]] = {}
        whole: dict[Any, list[tuple[int, Job, WholeJob]]] = {}
        for index, job in enumerate(jobs):
            prepared = self._prepare(index, job) if job.source is not None else self._prepare_whole(job)
            if isinstance(prepared, Refusal):
                results[index] = prepared
            elif isinstance(prepared, WholeJob):
                group = (prepared.request.sampling, prepared.scales)
                whole.setdefault(group, []).append((index, job, prepared))
            else:
                ready.setdefault(prepared.paint.group, []).append(prepared)
        for batch in self._batches(ready):
            changes, seconds = self._painter.paint([one.paint for one in batch], on_step)
            for one, change in zip(batch, changes, strict=True):
                results[one.index] = _finish(one, change, seconds, self.checkpoint.least_kept)
        for images in self._batches(whole):
            asked = [one for _, _, one in images]
            made, seconds = paint_whole(self._painter, asked, self.checkpoint.whole_sizes, on_step)
            for (index, job, _), grey in zip(images, made, strict=True):
                results[index] = _finish_whole(job, grey, seconds)
        return [result for result in results if result is not None]

    def _batches(self, ready: dict[Any, list[Anything]]) -> Iterator[list[Anything]]:
        size = self._painter.batch_size
        for group in ready.values():
            yield from (group[first : first + size] for first in range(0, len(group), size))

    def _prepare_whole(self, job: Job) -> WholeJob | Refusal:
        try:
            needs_anatomy = self.checkpoint.anatomy != "none"
            return prepare_whole(job, len(self.checkpoint.controlnets), needs_anatomy=needs_anatomy)
        except MedsynthError as problem:
            return Refusal(job.request, str(problem), final=True)

    def _prepare(self, index: int, job: Job) -> _Prepared | Refusal:
        began = time.perf_counter()
        prepared = prepare(job, self.segment)
        if isinstance(prepared, Refusal):
            return prepared
        scene, drawing = prepared
        lesion = job.request.lesion
        assert lesion is not None
        conditioning = job.request.conditioning
        try:
            scales = control_scales(
                conditioning.controlnet_conditioning_scale, len(self.checkpoint.controlnets)
            )
        except MedsynthError as problem:
            return Refusal(job.request, str(problem), final=True)
        region = region_of(drawing.edit_region, context=conditioning.context)
        composite = region.crop(drawing.composite)
        controls = control_images(
            composite,
            region.crop(drawing.mask.astype(np.float32), binary=True),
            region.crop(scene.lung("both").astype(np.float32), binary=True),
            conditioning,
            depth_model=self._depth_model,
        )
        paint = PaintJob(
            request=job.request,
            composite=composite,
            edit_region=region.crop(drawing.edit_region.astype(np.float32), binary=True),
            controls=controls,
            scales=scales,
            strength=self._strength(job),
            prompt=self._prompt(job, drawing),
            negative_prompt=lesion.negative_prompt,
            texture_kept=lesion.texture_kept,
        )
        return _Prepared(index, job, scene, drawing, region, paint, time.perf_counter() - began)

    def _prompt(self, job: Job, drawing: Drawing) -> str:
        """The lesion's prompt with side and size; a sham is painted as healthy tissue."""
        if job.request.purpose == "sham":
            return self.checkpoint.healthy_prompt
        assert job.request.lesion is not None
        if self.checkpoint.anatomy != "lungs":
            return f"{job.request.lesion.prompt}, region"  # sides and thirds of a size are words of the chest
        size_mm = drawing.size_mm if job.mask is None else None
        return lesion_prompt(job.request.lesion, drawing.site.side, size_mm)

    def _strength(self, job: Job) -> float:
        asked, lesion = job.request.sampling.strength, job.request.lesion
        if asked is not None:
            return asked
        assert lesion is not None
        return min(lesion.strength, self.checkpoint.max_strength)


def _finish(
    one: _Prepared, change: np.ndarray, seconds: float, least_kept: float
) -> SyntheticSample | Refusal:
    if not np.isfinite(change).all():
        return Refusal(one.job.request, "the model gave NaN; try dtype=torch.float32 or other settings")
    began = time.perf_counter()
    edited = one.drawing.composite + one.region.paste(change, one.scene.shape)
    kept = _share_kept(one, edited)
    if least_kept and kept < least_kept:
        return Refusal(
            one.job.request,
            f"denoising left {max(kept, 0):.0%} of the lesion, less than {least_kept:.0%}: its label would "
            "stand without a sign; another draw may do, or a lower strength",
        )
    timings = {"prepare": one.seconds, "paint": seconds}
    sample = compose(one.job, one.scene, one.drawing, edited, maker="LesionSynthesizer", timings=timings)
    sample.timings["compose"] = time.perf_counter() - began  # type: ignore[index]
    return sample


def _finish_whole(job: Job, grey: Grey, seconds: float) -> SyntheticSample | Refusal:
    if not np.isfinite(grey).all():
        return Refusal(job.request, "the model gave NaN; try dtype=torch.float32 or other settings")
    return compose_whole(job, grey, maker="LesionSynthesizer", timings={"paint": seconds})


def _share_kept(one: _Prepared, edited: np.ndarray) -> float:
    """How much of the prior's change inside the lesion is left: its projection on it; 1 where it has none."""
    inside = one.drawing.mask
    prior = (one.drawing.composite - one.scene.grey)[inside]
    power = float(prior @ prior)
    return float((edited - one.scene.grey)[inside] @ prior) / power if power > 0 else 1.0


def _reopen(recipe: dict[str, Any]) -> LesionSynthesizer:
    return LesionSynthesizer.from_pretrained(**recipe)
