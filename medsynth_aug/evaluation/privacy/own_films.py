"""Which training films count for which image: not those that a painted image was painted into."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.privacy.baseline import films_of_others, is_listed
from medsynth_aug.evaluation.privacy.nearest import Segment, nearest_by_pixels, patches_of

if TYPE_CHECKING:
    from medsynth_aug.diffusion.training_index import TrainingIndex


def allowed_films(
    synthetic: ImageSet,
    index: "TrainingIndex",
    sources: Mapping[str, EvaluationImage],
    limit: float,
    segment: Segment,
    progress: bool,
) -> tuple[NDArray[np.bool_], list[str]]:
    """`(M, N)` bool, which film counts for which image, and what a reader must know about that.

    Args:
        synthetic: The images.
        index: The training films.
        sources: Source of each painted image by its digest.
        limit: Distance below which a film is a source's copy.
        segment: Gives `(2, H, W)` bool lung fields of a grey image.
        progress: Show a progress bar.
    """
    allowed = np.ones((len(synthetic), len(index.thumbnails)), bool)
    painted = [at for at, one in enumerate(synthetic) if one.origin in ("painted", "sham")]
    patients = [synthetic.images[at].patient for at in painted]
    allowed[painted] = films_of_others(patients, index)
    listed = dict(zip(painted, is_listed(patients, index).tolist()))
    asked = {
        one.source: sources[one.source]
        for one in (synthetic.images[at] for at in painted if not listed[at])
        if one.source is not None and one.source in sources
    }
    if asked:
        films = replace(synthetic, name="sources", images=tuple(asked.values()))
        everything = np.ones((len(films), len(index.thumbnails)), bool)
        found = nearest_by_pixels(
            patches_of(films, segment, progress=progress), index.thumbnails.numpy(), everything
        )
        own = dict(zip(asked, found.nearer_than(limit)))
        for at in painted:
            allowed[at, own.get(synthetic.images[at].source or "", np.zeros(0, np.int64))] = False
    unknown = [at for at in painted if not listed[at] and synthetic.images[at].source not in asked]
    blind = [at for at in unknown if index.saw_patient(synthetic.images[at].patient)]
    allowed[blind] = False
    told = []
    if blind:
        told.append(
            f"{len(blind)} painted images not compared: the index does not say which films are theirs"
        )
    if len(unknown) > len(blind):
        told.append(
            f"{len(unknown) - len(blind)} painted images without their source: a match may be their own film"
        )
    return allowed, told
