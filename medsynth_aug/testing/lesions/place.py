"""Where a lesion lies: in the anatomy that it claims, inside its edit region, or nowhere."""

import numpy as np

from medsynth_aug.errors import ConformanceError
from medsynth_aug.lesions import Lesion
from medsynth_aug.lesions.draw import Drawing, NoPlace, draw
from medsynth_aug.testing.check import expect
from medsynth_aug.testing.lesions.drawing import SEEDS, Claims, drawings, drawn, rng_of
from medsynth_aug.testing.phantom import disc, phantom_scene

TINY = ((16, 16), (33, 48), (64, 21))


def its_mask_lies_inside_its_edit_region(lesion: Lesion, claims: Claims) -> None:
    """The mask has a pixel at least, the edit region contains it, and the blend weight is 0 outside."""
    for seed, scene, drawing in drawings(lesion):
        for name in ("mask", "edit_region"):
            map_ = getattr(drawing, name)
            good = map_.dtype == bool and map_.shape == scene.shape
            expect(good, f"seed {seed}: {name} is {map_.dtype} {map_.shape}; give bool {scene.shape}")
        expect(bool(drawing.mask.any()), f"seed {seed}: the mask is empty")
        beyond = int((drawing.mask & ~drawing.edit_region).sum())
        expect(beyond == 0, f"seed {seed}: {beyond} pixels of the mask lie outside the edit region")
        weight = drawing.weight
        expect(not weight[~drawing.edit_region].any(), f"seed {seed}: the weight is not 0 outside the region")


def it_lies_in_the_anatomy_that_it_claims(lesion: Lesion, claims: Claims) -> None:
    """The claimed share of its mask lies in the anatomy; where one lung is told, in that lung."""
    if claims.inside_anatomy == 0:
        return
    for sides in ("both", "right", "left"):
        for seed in SEEDS:
            scene = phantom_scene(seed=seed, sides=sides)
            mask = drawn(lesion, scene, seed).mask
            share = float((mask & scene.lung("both")).sum() / max(1, mask.sum()))
            expect(
                share >= claims.inside_anatomy,
                f"seed {seed}, lungs told: {sides}: {share:.0%} of the mask lies in them, less than the "
                f"{claims.inside_anatomy:.0%} that it claims",
            )


def without_anatomy_it_is_refused(lesion: Lesion, claims: Claims) -> None:
    """Where no lung is told it is refused; a lesion that claims no anatomy may be drawn."""
    scene = phantom_scene(sides="none")
    for seed in SEEDS:
        drawing = draw(lesion, scene, rng_of(seed))
        if isinstance(drawing, NoPlace):
            expect(bool(drawing.reason.strip()), "it is refused without a reason")
        elif claims.inside_anatomy > 0:
            raise ConformanceError(
                f"seed {seed}: it was drawn where there are no lungs; let its placement prior return None"
            )


def small_and_flat_images_never_make_it_fail(lesion: Lesion, claims: Claims) -> None:
    """Tiny images and images without contrast are drawn or refused; nothing is raised, nothing is NaN."""
    flat = phantom_scene((96, 96))
    scenes = {f"an image of {height} x {width}": phantom_scene((height, width)) for height, width in TINY}
    for level in (0.0, 0.5, 1.0):
        same = np.full(flat.shape, level, np.float32)
        scenes[f"an image of {level:g} throughout"] = type(flat)(
            same, flat.right_lung, flat.left_lung, flat.spacing, flat.keep
        )
    for name, scene in scenes.items():
        for seed in SEEDS:
            try:
                drawing = draw(lesion, scene, rng_of(seed))
            except Exception as problem:
                raise ConformanceError(
                    f"{name}, seed {seed}: {type(problem).__name__} was raised: {problem}"
                ) from problem
            fine = isinstance(drawing, NoPlace) or bool(np.isfinite(drawing.composite).all())
            expect(fine, f"{name}, seed {seed}: the composite holds NaN or infinity")


def the_users_mask_wins(lesion: Lesion, claims: Claims) -> None:
    """A mask that is given is the mask that is drawn: anywhere, of any size, without lungs too."""
    for sides in ("both", "none"):
        scene = phantom_scene((96, 90), sides=sides)
        masks = [disc(scene.shape, *place) for place in ((0.45, 0.3, 0.1), (0.0, 1.0, 0.2), (0.5, 0.5, 0.02))]
        for mask in [*masks, np.ones(scene.shape, bool)]:
            drawing = drawn(lesion, scene, 0, mask=mask)
            wrong = int((drawing.mask != mask).sum())
            expect(wrong == 0, f"lungs told: {sides}: {wrong} pixels differ from the mask that was given")
            _expect_a_change_in_range(drawing, f"lungs told: {sides}, mask given")


def what_is_kept_is_never_painted_over(lesion: Lesion, claims: Claims) -> None:
    """Neither mask nor edit region covers the keep-mask; where that leaves nothing, it is refused."""
    shape = (256, 240)
    keep = disc(shape, 0.42, 0.3, 0.13) | disc(shape, 0.7, 0.68, 0.1)
    scene = phantom_scene(shape, keep=keep)
    all_drawn = [(seed, draw(lesion, scene, rng_of(seed))) for seed in SEEDS]
    made = [(seed, drawing) for seed, drawing in all_drawn if isinstance(drawing, Drawing)]
    expect(bool(made), "nothing was drawn into a textbook chest with a keep-mask over a part of it")
    for seed, drawing in made:
        covered = int((drawing.edit_region & keep).sum() + (drawing.mask & keep).sum())
        expect(covered == 0, f"seed {seed}: {covered} pixels of mask or edit region lie under the keep-mask")
        painted = int((drawing.composite != scene.grey)[keep].sum())
        expect(painted == 0, f"seed {seed}: {painted} pixels under the keep-mask are painted")
    everything = phantom_scene(shape, keep=np.ones(shape, bool))
    refused = draw(lesion, everything, rng_of(0))
    expect(isinstance(refused, NoPlace), "it was drawn where the keep-mask covers everything")


def _expect_a_change_in_range(drawing: Drawing, when: str) -> None:
    composite = drawing.composite
    expect(bool(np.isfinite(composite).all()), f"{when}: the composite holds NaN or infinity")
    low, high = float(composite.min()), float(composite.max())
    expect(low >= 0 and high <= 1, f"{when}: the composite reaches from {low:g} to {high:g}, outside 0 to 1")
