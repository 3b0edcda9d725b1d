"""Training scenes: a crop, what has to be filled in, its control images and its prompt. Four kinds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from medsynth_aug.anatomy import assume_spacing
from medsynth_aug.conditioning import AttenuationDepth, ConditioningSettings, control_images
from medsynth_aug.diffusion.prompts import lesion_prompt
from medsynth_aug.diffusion.region import region_of
from medsynth_aug.lesions import lesion_names, resolve_lesion
from medsynth_aug.lesions.draw import NoPlace, draw
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.training.starter.images.crops import Window, cut, draw_window, expose
from medsynth_aug.training.starter.images.prompts import (
    MODALITY,
    healthy_prompt,
    is_healthy,
    prompt_of,
    some_attributes,
)
from medsynth_aug.training.starter.images.radiographs import Radiograph
from medsynth_aug.training.starter.images.regions import draw_region
from medsynth_aug.types import BoolMap, Grey

Item = tuple[Radiograph, np.ndarray]

SHARES = {"region": 0.3, "lesion": 0.18, "sham": 0.12, "anatomy": 0.4}
"""How often each kind of scene is drawn."""

WHOLE_SHARE = 0.3
"""How many scenes of kind "region" show the whole image rather than a part of it."""

LAYOUT_SHARE = 0.6
"""How many scenes of kind "anatomy" are also told the layout, as a depth map without ribs or vessels."""

LAYOUT_BLUR = (1 / 24, 1 / 12)
"""Widths of that map's blur over the side of the scene."""

FRAMED, MOVED = (0.93, 1.05), 0.015
"""Side of the square round a whole image over its longest side, and the spread of its place: no film
is met twice in quite the same frame, which a network could learn by heart."""

CONTEXT = (1.5, 2.0)
"""Window round a lesion over its extent, as the engine has it."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingScene:
    """One thing to learn from.

    Args:
        grey: `(S, S)` float32 in [0, 1].
        region: `(S, S)` bool, what the model has to fill in.
        controls: `(4, S, S)` uint8, canny, depth, mask and anatomy times 255.
        prompt: Its text.
        from_anatomy: True where nothing but the anatomy guides: learned at all noise levels alike.
    """

    grey: Grey
    region: BoolMap
    controls: np.ndarray
    prompt: str
    from_anatomy: bool = False


class SceneDrawer:
    """Draws scenes from images with their lung fields; a scene is a pure function of the generator's state.

    - "region": a random region of any image, named by what the crop may truthfully say;
    - "lesion": a built-in lesion composited into a healthy image by its priors, with its true mask, side and
      size, in the window that the engine would take; what the real images cannot teach, for lack of outlines;
    - "sham": the same region, left healthy;
    - "anatomy": a whole image from its lung fields and prompt alone, or with a blurred layout.

    Args:
        items: Images with lung fields `(2, H, W)` bool, which may be empty.
        modality: First words of every prompt.
        lesions: Whether to draw the kinds "lesion" and "sham"; they also need healthy images with lungs.
    """

    def __init__(self, items: Sequence[Item], *, modality: str = MODALITY, lesions: bool = True) -> None:
        self._items, self._modality = items, modality
        self._weights = sampling_weights([one for one, _ in items])
        healthy = np.array([is_healthy(one) and bool(lungs.any()) for one, lungs in items])
        self._healthy = self._weights * healthy
        kinds = dict(SHARES)
        if not lesions or not healthy.any():
            kinds["region"] += kinds.pop("lesion") + kinds.pop("sham")
        self._kinds, self._shares = list(kinds), np.array(list(kinds.values())) / sum(kinds.values())
        self._lesions = [resolve_lesion(name) for name in lesion_names()]

    def __call__(self, rng: np.random.Generator, size: int) -> TrainingScene:
        """One random scene, `size` pixels a side."""
        kind = str(rng.choice(self._kinds, p=self._shares))
        if kind in ("lesion", "sham"):
            scene = self._lesion(rng, size, sham=kind == "sham")
            if scene is not None:
                return scene
        one, lungs = self._pick(rng, self._weights)
        return (
            self._anatomy(rng, one, lungs, size) if kind == "anatomy" else self._region(rng, one, lungs, size)
        )

    def _pick(self, rng: np.random.Generator, weights: np.ndarray) -> Item:
        return self._items[int(rng.choice(len(self._items), p=weights / weights.sum()))]

    def _region(
        self, rng: np.random.Generator, one: Radiograph, lungs: np.ndarray, size: int
    ) -> TrainingScene:
        """A random region; parts of an image are magnified 1.4 times at most."""
        window = draw_window(rng, one.pixels.shape, smallest=0.7 * size, whole=WHOLE_SHARE)
        grey, seen = _seen(rng, one, lungs, window, size)
        region, mask = draw_region(rng, seen, size)
        shown = np.asarray(mask & (rng.random() < 0.7), np.float32)
        prompt = prompt_of(rng, one, window, lungs, self._modality)
        return TrainingScene(grey, region, _controls(grey, shown, np.asarray(seen.any(0))), prompt)

    def _anatomy(
        self, rng: np.random.Generator, one: Radiograph, lungs: np.ndarray, size: int
    ) -> TrainingScene:
        longest = max(one.pixels.shape)
        top, left = ((side - longest) / 2 for side in one.pixels.shape)
        whole = Window(top, left, longest)
        window = _reframed(rng, whole)
        grey, seen = _seen(rng, one, lungs, window, size)
        controls = np.zeros((4, size, size), np.uint8)
        controls[3] = 255 * seen.any(0)
        if rng.random() < LAYOUT_SHARE:
            blurred = AttenuationDepth(smoothness_px=float(rng.uniform(*LAYOUT_BLUR)) * size)
            controls[1] = np.round(255 * blurred(grey))
        prompt = prompt_of(rng, one, whole, lungs, self._modality)
        return TrainingScene(grey, np.ones((size, size), bool), controls, prompt, from_anatomy=True)

    def _lesion(self, rng: np.random.Generator, size: int, *, sham: bool) -> TrainingScene | None:
        one, lungs = self._pick(rng, self._healthy)
        lesion = self._lesions[int(rng.integers(len(self._lesions)))]
        anatomy = Scene(
            grey=expose(rng, (one.pixels / np.float32(255)).astype(np.float32)),
            right_lung=lungs[0], left_lung=lungs[1], spacing=assume_spacing(torch.from_numpy(lungs)),
            keep=np.zeros(one.pixels.shape, bool),
        )  # fmt: skip
        drawing = draw(lesion, anatomy, rng, sham=sham)
        if isinstance(drawing, NoPlace):
            return None
        window = region_of(drawing.edit_region, context=float(rng.uniform(*CONTEXT)), buckets=(size,))
        grey = window.crop(drawing.composite)

        def binary(of: BoolMap) -> Grey:
            return window.crop(of.astype(np.float32), binary=True)

        prompt = (
            healthy_prompt(self._modality)
            if sham
            else lesion_prompt(lesion, drawing.site.side, drawing.size_mm)
        )
        controls = _controls(grey, binary(drawing.mask), binary(anatomy.lung("both")) > 0)
        words = ", ".join([prompt, *some_attributes(rng, one.row)])
        return TrainingScene(grey, binary(drawing.edit_region) > 0, controls, words)


def sampling_weights(radiographs: Sequence[Radiograph]) -> np.ndarray:
    """How often each image is drawn: rare findings and kept aspects more often than their share.

    Square-root balancing over the rarest label of each image, halved for images that were squeezed upstream.
    """
    counts: dict[str, int] = {}
    for one in radiographs:
        for label in one.labels:
            counts[label] = counts.get(label, 0) + 1
    rarest = np.array([min((counts[label] for label in one.labels), default=1) for one in radiographs])
    weights = 1 / np.sqrt(rarest) * np.array([1.0 if one.keeps_aspect else 0.5 for one in radiographs])
    return weights / weights.sum()


def _reframed(rng: np.random.Generator, whole: Window) -> Window:
    """The square round a whole image, a little wider or narrower and out of place."""
    side = whole.side * float(rng.uniform(*FRAMED))
    down, right = side * rng.normal(0, MOVED, 2) + (whole.side - side) / 2
    return Window(whole.top + float(down), whole.left + float(right), side)


def _seen(
    rng: np.random.Generator, one: Radiograph, lungs: np.ndarray, window: Window, size: int
) -> tuple[Grey, np.ndarray]:
    """What the window shows: grey with a slight change of exposure, and both lung fields."""
    grey = expose(rng, np.clip(cut(one.pixels, window, size) / 255, 0, 1))
    return grey, np.stack([cut(side.astype(np.float32), window, size) > 0.5 for side in lungs])


def _controls(grey: Grey, mask: Grey, anatomy: BoolMap) -> np.ndarray:
    stack = control_images(grey, mask, np.asarray(anatomy, np.float32), ConditioningSettings())
    return np.round(stack * 255).astype(np.uint8)
