"""The reference of an audit: how far the autoencoder alone gives an image away."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from tqdm.auto import tqdm

from medsynth_aug.evaluation.audits.views import View, look, told_apart
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.types import BoolMap, Grey

RoundTrip = Callable[[EvaluationImage], Grey]
Features = Callable[[ImageSet], np.ndarray]


def round_trip_figures(
    images: Sequence[EvaluationImage],
    regions: Sequence[BoolMap | None],
    views: Sequence[View],
    round_trip: RoundTrip,
    *,
    rim: bool,
    features: Features | None = None,
    seed: int = 0,
    progress: bool = True,
) -> list[Figure]:
    """The AUCs of an audit, where one half of the patients went through the autoencoder and one did not.

    Inside, the decode is pasted into the region of the image, as a plain blend would.

    Args:
        images: Images that nobody touched.
        regions: Region of each image.
        views: What the audit looks at; outside a pasted decode there is nothing to see.
        round_trip: Gives the decode in grey.
        rim: As the audit.
        features: As the audit.
        seed: Decides which half, folds and resamples.
        progress: Show a progress bar.
    """
    patients = sorted({one.patient for one in images})
    order = np.random.default_rng((seed, 2)).permutation(len(patients))
    sent = {patients[index] for index in order[: len(patients) // 2]}
    went = [index for index, one in enumerate(images) if one.patient in sent]
    stayed = [index for index, one in enumerate(images) if one.patient not in sent]
    shown = tqdm(went, desc="VAE round trip", unit="image", disable=not progress, leave=False)
    decodes = [decoded(images[index], round_trip) for index in shown]
    before = [images[index] for index in stayed]
    figures = []
    for view in views:
        if view == "outside":
            continue
        after = decodes
        if view == "inside":
            after = [pasted(images[index], one, regions[index]) for index, one in zip(went, decodes)]
        rows = [
            look(
                side, [regions[index] for index in held], view, rim=rim, features=features, progress=progress
            )
            for side, held in ((after, went), (before, stayed))
        ]
        figures.append(
            told_apart(
                f"AUC {view}, VAE round trip", after, before, (rows[0], rows[1]), sides=("after", "before"),
                seed=seed,
            )
        )  # fmt: skip
    return figures


def decoded(one: EvaluationImage, round_trip: RoundTrip) -> EvaluationImage:
    """An image after the autoencoder, rounded to its own pixel type, so that depth does not give it away."""
    low, high = one.value_range
    values = torch.from_numpy(low + (high - low) * np.clip(round_trip(one), 0, 1).astype(np.float64))
    whole = values if one.pixels.dtype.is_floating_point else values.round()
    pixels = whole.to(one.pixels.dtype)[None].expand(one.pixels.shape).contiguous()
    name = hashlib.sha256(pixels.numpy().tobytes()).hexdigest()
    return replace(one, pixels=pixels, digest=f"round-trip:{name}")


def pasted(one: EvaluationImage, decode: EvaluationImage, region: BoolMap | None) -> EvaluationImage:
    """An image with a decode in its region."""
    if region is None:
        return one
    inside = np.where(region[None], decode.pixels.numpy(), one.pixels.numpy())
    return replace(one, pixels=torch.from_numpy(inside))
