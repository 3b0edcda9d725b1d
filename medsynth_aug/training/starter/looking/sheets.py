"""Sheets to look at: many lesions of a class at 1:1, and whole images; see `--help`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import torch
import typer
from tqdm import tqdm

from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.errors import LabelError
from medsynth_aug.lesions import lesion_names, resolve_lesion
from medsynth_aug.synthesis import (
    Job,
    SamplingSettings,
    SynthesisRequest,
    Synthesizer,
    SyntheticSample,
    real_source,
)
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_aug.training.starter.images.prompts import attributes_of, is_healthy
from medsynth_aug.training.starter.images.radiographs import Radiograph, read_radiographs
from medsynth_aug.types import Grey, box_of, to_grey

CELL = {"nodule": 128, "fracture": 128, "mass": 208, "viral_consolidation": 352}
OTHERS_CELL = 256
WIDTH = 1680
"""Pixels that a sheet is wide at most."""

DIFFERENCE_GAIN = 2
CAPTION_PX = 22


def triple(sample: SyntheticSample, source: Grey, cell: int) -> np.ndarray:
    """Source, result and difference of a sample side by side, `(cell, 3 cell)` uint8, pixel for pixel.

    Args:
        sample: What was painted.
        source: `(H, W)` float32 in [0, 1].
        cell: Side of each picture; the image is continued with black where it ends.
    """
    result = to_grey(sample.image, sample.value_range)
    box = box_of(sample.edit_region)
    assert box is not None
    top, left = (box.y0 + box.y1 - cell) // 2, (box.x0 + box.x1 - cell) // 2
    difference = 0.5 + DIFFERENCE_GAIN * (result - source)
    pictures = []
    for image, beyond in ((source, 0.0), (result, 0.0), (difference, 0.5)):
        wide = np.pad(image, cell, constant_values=beyond)
        pictures.append(wide[top + cell : top + 2 * cell, left + cell : left + 2 * cell])
    return np.asarray(np.round(255 * np.clip(np.concatenate(pictures, 1), 0, 1)), np.uint8)


def tile(pictures: Sequence[np.ndarray], caption: str) -> np.ndarray:
    """Pictures of one size in rows, under a caption."""
    across = min(len(pictures), max(1, WIDTH // (pictures[0].shape[1] + 6)))
    framed = [np.pad(one, ((0, 3), (0, 6)), constant_values=40) for one in pictures]
    framed += [np.full_like(framed[0], 40)] * (-len(framed) % across)
    rows = [np.concatenate(framed[first : first + across], 1) for first in range(0, len(framed), across)]
    head = np.full((CAPTION_PX, rows[0].shape[1]), 40, np.uint8)
    cv2.putText(head, caption, (6, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 255, 1, cv2.LINE_AA)
    return np.concatenate([head, *rows])


def lesion_sheet(
    synthesizer: Synthesizer, radiographs: Sequence[Radiograph], lesion: str, *, count: int, seed: int,
    strength: float | None = None, purpose: str = "lesion",
) -> np.ndarray:  # fmt: skip
    """A sheet of `count` lesions, each in another radiograph, refused draws left out.

    Args:
        synthesizer: Paints them.
        radiographs: Healthy images, drawn from in the order of `seed`.
        lesion: Name of the lesion.
        count: How many.
        seed: Decides images and draws.
        strength: Share of the noise schedule; None takes the lesion's own.
        purpose: "lesion" or "sham".
    """
    resolved, cell = resolve_lesion(lesion), CELL.get(lesion, OTHERS_CELL)
    order = np.random.default_rng(seed).permutation(len(radiographs))
    pictures: list[np.ndarray] = []
    for number in tqdm(order, desc=lesion, unit="image"):
        if len(pictures) == count:
            break
        source = real_source(torch.from_numpy(radiographs[int(number)].pixels)[None])
        request = SynthesisRequest(
            source=source.digest, lesion=resolved, engine=synthesizer.fingerprint, seed=seed,
            slot=f"sheet/{number}", sampling=SamplingSettings(strength=strength), purpose=purpose,  # type: ignore[arg-type]
        )  # fmt: skip
        (made,) = synthesizer.synthesize([Job(request, source, anatomy=synthesizer.segment(source))])
        if isinstance(made, SyntheticSample):
            pictures.append(triple(made, to_grey(source.pixels, source.value_range), cell))
    caption = f"{lesion.replace('_', ' ')}: source | result | difference x {DIFFERENCE_GAIN}, 1:1"
    return tile(pictures, caption)


def whole_sheet(
    synthesizer: Synthesizer,
    radiographs: Sequence[Radiograph],
    *,
    count: int,
    seed: int,
    side: int = 256,
) -> np.ndarray:
    """Whole images from lung fields and prompt alone, beside the lung fields that each was made from."""
    order = np.random.default_rng(seed).permutation(len(radiographs))[:count]
    pictures = [
        _whole(synthesizer, radiographs[int(number)], f"sheet/{number}", seed, side)
        for number in tqdm(order, desc="whole images", unit="image")
    ]
    return tile(pictures, "whole images from lung fields alone: lung fields | result, every pixel synthetic")


def _whole(synthesizer: Synthesizer, one: Radiograph, slot: str, seed: int, side: int) -> np.ndarray:
    found = synthesizer.segment(real_source(torch.from_numpy(one.pixels)[None]))
    anatomy = torch.from_numpy(np.stack([_square(lung, side) for lung in found.numpy()]))
    words = ", ".join(["frontal chest radiograph, no finding, whole", *attributes_of(one.row)])
    request = SynthesisRequest(
        source="none", lesion=None, canvas=Canvas(prompt=words, height=side, width=side),
        anatomy_digest=digest_pixels(anatomy.to(torch.uint8), value_range=None, spacing=None),
        engine=synthesizer.fingerprint, seed=seed, slot=slot, purpose="patient",
        sampling=SamplingSettings(num_inference_steps=8),
    )  # fmt: skip
    (made,) = synthesizer.synthesize([Job(request, None, anatomy=anatomy)])
    assert isinstance(made, SyntheticSample), made.reason
    lungs = np.where(anatomy.any(0).numpy(), 255, 0).astype(np.uint8)
    return np.concatenate([lungs, made.image[0].numpy()], 1)


def _square(lung: np.ndarray, side: int) -> np.ndarray:
    height, width = lung.shape
    longest = max(height, width)
    top, left = (longest - height) // 2, (longest - width) // 2
    square = np.zeros((longest, longest), np.uint8)
    square[top : top + height, left : left + width] = lung
    return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA) > 0


def healthy_radiographs(data: Path, *, pool: str, source: str = "") -> list[Radiograph]:
    """Healthy images of a pool that keep their aspect.

    Args:
        data: Folder with `labels.csv`.
        pool: Value of the `pool` column; "" takes all.
        source: Only images whose `source` column begins so.

    Raises:
        LabelError: If there is none.
    """
    found = [
        one
        for one in read_radiographs(data, pool=pool or None)
        if is_healthy(one) and one.keeps_aspect and one.row.get("source", "").startswith(source)
    ]
    if not found:
        raise LabelError(f"{data} has no healthy image of source {source!r} in pool {pool!r}")
    return found


def write_sheets(
    checkpoint: str, data: Path, out: Path, *, pool: str, count: int, seed: int, strength: float | None
) -> Iterator[Path]:
    """Write a JPEG a lesion, one of shams and one of whole images; yields each as it is done."""
    synthesizer = LesionSynthesizer.from_pretrained(checkpoint)
    radiographs = healthy_radiographs(data, pool=pool)
    out.mkdir(parents=True, exist_ok=True)
    for lesion in lesion_names():
        sheet = lesion_sheet(synthesizer, radiographs, lesion, count=count, seed=seed, strength=strength)
        yield _write(out / f"{lesion}.jpg", sheet)
    yield _write(out / "whole.jpg", whole_sheet(synthesizer, radiographs, count=count, seed=seed))


def _write(file: Path, sheet: np.ndarray) -> Path:
    cv2.imwrite(str(file), sheet, (cv2.IMWRITE_JPEG_QUALITY, 80))
    return file


def main(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and the images that it names.")],
    out: Annotated[Path, typer.Option(help="Folder for the sheets.")],
    checkpoint: Annotated[str, typer.Option(help="starter, a folder or a Hub id.")] = "starter",
    pool: Annotated[str, typer.Option(help="Pool of the images to paint into; '' takes all.")] = "eval",
    count: Annotated[int, typer.Option(help="Samples a sheet.")] = 32,
    seed: Annotated[int, typer.Option(help="Decides images and draws.")] = 0,
    strength: Annotated[float | None, typer.Option(help="Strength of denoising instead of its own.")] = None,
) -> None:
    """Paint many lesions of each class into healthy radiographs and lay them out at 1:1.

    Example: python -m medsynth_aug.training.starter.looking.sheets --data cxr --out sheets
    """
    for file in write_sheets(checkpoint, data, out, pool=pool, count=count, seed=seed, strength=strength):
        typer.echo(file)


if __name__ == "__main__":
    typer.run(main)
