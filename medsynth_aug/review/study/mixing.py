"""Draw the images of a study: as many real as synthetic ones in each class, and no patient twice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.review.study.rendering import is_shown_whole
from medsynth_aug.review.study.settings import StudySettings

Cell = tuple[str, str]
Pools = dict[Cell, list[EvaluationImage]]


def draw_mix(
    real: ImageSet, synthetic: ImageSet, settings: StudySettings, rng: np.random.Generator
) -> tuple[list[EvaluationImage], list[EvaluationImage]]:
    """The images of both arms, in random order; the same number of each class in both.

    A painted image and a real one of its source's patient never stand in one study, since a reader who knows
    the background would know the answer. Images that the common square would cut too much are left out.

    Raises:
        SettingError: If there are too few images.
    """
    pools = [_pools(real, settings, rng), _pools(synthetic, settings, rng)]
    room = {cell: min(len(_patients(pool[cell])) for pool in pools) for cell in pools[0].keys() & pools[1]}
    counts = _spread(settings.images_per_arm, room)
    seen: set[str] = set()
    arms: tuple[list[EvaluationImage], list[EvaluationImage]] = ([], [])
    for cell in sorted(counts):
        for side in (1, 0):
            arms[side].extend(_take(pools[side][cell], counts[cell], seen, cell))
    for arm in arms:
        rng.shuffle(arm)  # type: ignore[arg-type]
    return arms


def _pools(images: ImageSet, settings: StudySettings, rng: np.random.Generator) -> Pools:
    pools: Pools = defaultdict(list)
    for index in rng.permutation(len(images)):
        one = images.images[index]
        if one.origin != "sham" and is_shown_whole(one, settings.trim):
            pools[one.label, one.stratum if settings.match_strata else ""].append(one)
    return pools


def _patients(images: Iterable[EvaluationImage]) -> set[str]:
    return {one.patient for one in images}


def _spread(wanted: int, room: Mapping[Cell, int]) -> dict[Cell, int]:
    """`wanted` over the cells as evenly as their room allows.

    Raises:
        SettingError: If there is less room than that.
    """
    held = sum(room.values())
    if held < wanted:
        shown = ", ".join(f"{' '.join(filter(None, cell))}: {count}" for cell, count in sorted(room.items()))
        raise SettingError(
            f"{wanted} images of each arm are wanted, and {held} have a match in the other arm "
            f"({shown or 'no class is in both arms'}); give more images, name which lesion fills which "
            "class, or lower images_per_arm; shams, long images and lesions near an edge are left out"
        )
    counts = dict.fromkeys(room, 0)
    while (left := wanted - sum(counts.values())) > 0:
        free = sorted((cell for cell in room if counts[cell] < room[cell]), key=lambda cell: counts[cell])
        for cell in free[:left]:
            counts[cell] += 1
    return {cell: count for cell, count in counts.items() if count}


def _take(pool: list[EvaluationImage], count: int, seen: set[str], cell: Cell) -> list[EvaluationImage]:
    taken: list[EvaluationImage] = []
    for one in pool:
        if len(taken) < count and one.patient not in seen:
            seen.add(one.patient)
            taken.append(one)
    if len(taken) < count:
        raise SettingError(
            f"class {cell[0]!r} has {len(taken)} of {count} images whose patient is not in the study yet, "
            "since no patient may be in both arms; give images of more patients or lower images_per_arm"
        )
    return taken
