"""What a lesion does to grey values: finite, in range, seen inside its mask, nothing outside its region."""

import numpy as np

from medsynth_aug.lesions import Lesion
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.lesions.drawing import SEEDS, Claims, drawings, drawn
from medsynth_aug.testing.phantom import phantom_scene

LEAST_CHANGE = 0.01
"""In units of the value range: what the 95th percentile of the change inside a mask must reach."""


def its_change_is_finite_and_in_range(lesion: Lesion, claims: Claims) -> None:
    """The composite is float32 in 0 to 1 without NaN, and is the source outside the edit region."""
    for seed, scene, drawing in drawings(lesion):
        composite, weight = drawing.composite, drawing.weight
        form = composite.dtype == np.float32 and composite.shape == scene.shape
        expect(form, f"seed {seed}: the composite is {composite.dtype} {composite.shape}")
        expect(bool(np.isfinite(composite).all()), f"seed {seed}: the composite holds NaN or infinity")
        for name, values in (("composite", composite), ("weight", weight)):
            low, high = float(values.min()), float(values.max())
            expect(low >= 0 and high <= 1, f"seed {seed}: the {name} reaches from {low:g} to {high:g}")
        outside = (composite != scene.grey) & ~drawing.edit_region
        expect(not outside.any(), f"seed {seed}: {int(outside.sum())} pixels outside the edit region changed")


def it_is_seen(lesion: Lesion, claims: Claims) -> None:
    """Inside its mask the image changes enough for a label to stand."""
    for seed, scene, drawing in drawings(lesion):
        change = np.abs(drawing.weight * (drawing.composite - scene.grey))[drawing.mask]
        strong = float(np.percentile(change, 95)) if change.size else 0.0
        expect(
            strong >= LEAST_CHANGE,
            f"seed {seed}: the change inside the mask reaches {strong:.4f} of the value range, less than "
            f"{LEAST_CHANGE}; a label would stand without a sign",
        )


def a_sham_has_its_region_and_nothing_in_it(lesion: Lesion, claims: Claims) -> None:
    """A sham has the edit region and weight of the lesion, an empty mask, and the source's own tissue."""
    for seed in SEEDS:
        scene = phantom_scene(seed=seed)
        real, sham = drawn(lesion, scene, seed), drawn(lesion, scene, seed, sham=True)
        expect(not sham.mask.any(), f"seed {seed}: the mask of the sham has pixels")
        same = (sham.edit_region == real.edit_region).all() and (sham.weight == real.weight).all()
        expect(bool(same), f"seed {seed}: the sham of the same draw has another region")
        expect(
            bool((sham.composite == scene.grey).all()), f"seed {seed}: the sham holds more than the source"
        )


def drawing_writes_to_nothing(lesion: Lesion, claims: Claims) -> None:
    """The scene that the priors see, and a mask that was given, are as they were."""
    scene = phantom_scene()
    parts = {name: getattr(scene, name) for name in ("grey", "right_lung", "left_lung", "keep")}
    before = {name: part.copy() for name, part in parts.items()}
    mask = drawn(lesion, scene, 0).mask.copy()
    given = mask.copy()
    drawn(lesion, scene, 0, mask=given)
    for name, part in [*parts.items(), ("mask", given)]:
        old = mask if name == "mask" else before[name]
        expect(bool((part == old).all()), f"{name} was written to; copy it first")
