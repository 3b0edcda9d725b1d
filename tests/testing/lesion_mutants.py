"""One lesion for each way in which a guarantee can be broken, with the check that must find it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np

from medsynth_aug.lesions import Lesion, Prior, resolve_lesion
from medsynth_aug.lesions.scene import Scene, Site
from medsynth_aug.types import BoolMap, Grey

NODULE = resolve_lesion("nodule")
COUNTER = count()


class Dated(Lesion):
    """A lesion that is more than data."""


class Losing(Lesion):
    """A lesion whose JSON lacks its margin."""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in super().to_json().items() if name != "margin_mm"}


@dataclass(frozen=True)
class Mutant:
    """A lesion that breaks a guarantee.

    Args:
        check: Name of the check that must find it.
        message: What the check says (a pattern).
        lesion: The lesion; where priors are given, they take the place of its own.
        priors: Kind -> function of a broken prior.
        inside_anatomy: What is claimed of it.
    """

    check: str
    message: str
    lesion: Lesion = NODULE
    priors: tuple[tuple[str, Callable[..., Any]], ...] = ()
    inside_anatomy: float = 0.5


def as_kind(kind: type[Lesion]) -> Lesion:
    return kind(**{name: getattr(NODULE, name) for name in Lesion.__slots__} | {"margin_mm": 9.0})


def round_mask(scene: Scene, site: Site, radius_px: float) -> BoolMap:
    rows, columns = np.ogrid[: scene.shape[0], : scene.shape[1]]
    return np.asarray(np.hypot(rows - site.row, columns - site.column) <= radius_px)


def bright(scene: Scene, site: Site, mask: BoolMap, rng: np.random.Generator) -> Grey:
    return np.asarray(scene.grey + np.float32(0.3) * mask, np.float32)


def at_the_centre_of_the_right_lung(scene: Scene, rng: np.random.Generator) -> Site:
    return Site("right", 0.45 * scene.shape[0], 0.29 * scene.shape[1])


def in_any_row(scene: Scene, rng: np.random.Generator) -> Site:
    """Fails where no lung has a pixel that is not kept."""
    rows, columns = np.nonzero(scene.lung("both") & ~scene.keep)
    index = int(rng.integers(len(rows)))
    side = "right" if scene.right_lung[rows[index], columns[index]] else "left"
    return Site(side, int(rows[index]), int(columns[index]))


def beyond_the_border(scene: Scene, rng: np.random.Generator) -> Site:
    return Site("right", -30.0, 0.3 * scene.shape[1])


def beside_the_lungs(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    return ~scene.lung("both")


def as_bytes(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> Any:
    return round_mask(scene, site, 6).astype(np.uint8)


def empty(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    return np.zeros(scene.shape, bool)


def in_pixels(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    return round_mask(scene, site, size_mm)


def of_one_size(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    return round_mask(scene, site, scene.pixels(8))


def of_the_last_call(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    return round_mask(scene, site, 5 + next(COUNTER) % 7)


def by_numpys_chance(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    return round_mask(scene, site, 5 + 20 * np.random.random())  # noqa: NPY002


def by_numpys_state(scene: Scene, site: Site, size_mm: float, rng: np.random.Generator) -> BoolMap:
    return round_mask(scene, site, 5 + int(np.random.get_state()[1][0]) % 7)  # noqa: NPY002


def not_a_number(scene: Scene, site: Site, mask: BoolMap, rng: np.random.Generator) -> Grey:
    return np.where(mask, np.nan, scene.grey)


def over_the_contrast(scene: Scene, site: Site, mask: BoolMap, rng: np.random.Generator) -> Grey:
    """NaN where an image has no contrast."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return scene.grey + mask * (scene.grey - scene.grey.min()) / np.float32(np.ptp(scene.grey))


def for_one_side(scene: Scene, site: Site, mask: BoolMap, rng: np.random.Generator) -> Grey:
    """Knows no site on both sides, and none without a lung."""
    lung = scene.lung(site.side)
    return bright(scene, site, mask, rng) + np.float32(0.1 / lung.sum().item()) * lung


def invisible(scene: Scene, site: Site, mask: BoolMap, rng: np.random.Generator) -> Grey:
    return scene.grey


def into_the_scene(scene: Scene, site: Site, mask: BoolMap, rng: np.random.Generator) -> Grey:
    scene.grey[mask] += np.float32(0.1)
    return scene.grey


def into_the_lungs(scene: Scene, site: Site, mask: BoolMap, rng: np.random.Generator) -> Grey:
    composite = bright(scene, site, mask, rng)
    scene.right_lung[0, 0] = True
    return composite


def shape(function: Callable[..., Any]) -> tuple[tuple[str, Callable[..., Any]], ...]:
    return (("shape", function),)


def intensity(function: Callable[..., Any]) -> tuple[tuple[str, Callable[..., Any]], ...]:
    return (("intensity", function),)


def placement(function: Callable[..., Any]) -> tuple[tuple[str, Callable[..., Any]], ...]:
    return (("placement", function),)


MUTANTS = [
    Mutant("its_name_is_well_formed", "the name is 'a/b'; use at most 64", replace(NODULE, name="a/b")),
    Mutant("its_name_is_well_formed", "the name is 'aaa", replace(NODULE, name=65 * "a")),
    Mutant("its_name_is_well_formed", "stands for images without a lesion", replace(NODULE, name="none")),
    Mutant("its_prompt_says_something", "the prompt is ' '; say", replace(NODULE, prompt=" ")),
    Mutant("its_definition_comes_back_from_json", "it is a Dated, but comes back as", as_kind(Dated)),
    Mutant("its_definition_comes_back_from_json", "from JSON came Losing", as_kind(Losing)),
    Mutant(
        "its_priors_take_their_parameters",
        "it raised SettingError: shape prior 'star' version None is not registered here",
        replace(NODULE, shape=Prior("star")),
    ),
    Mutant(
        "its_priors_take_their_parameters",
        "placement prior 'in_lung' does not take what it is given: .* 'clearence_mm'",
        replace(NODULE, placement=Prior("in_lung", parameters={"clearence_mm": 4.0})),
    ),
    Mutant("its_mask_lies_inside_its_edit_region", "mask is uint8", priors=shape(as_bytes)),
    Mutant(
        "its_mask_lies_inside_its_edit_region", "drawn into a textbook chest: .* empty", priors=shape(empty)
    ),
    Mutant(
        "it_lies_in_the_anatomy_that_it_claims",
        "lungs told: both: 0% of the mask lies in them, less than the 50%",
        priors=shape(beside_the_lungs),
    ),
    Mutant(
        "it_lies_in_the_anatomy_that_it_claims",
        "lungs told: left: 0% of the mask",
        priors=(*placement(at_the_centre_of_the_right_lung), *shape(of_one_size)),
    ),
    Mutant(
        "it_lies_in_the_anatomy_that_it_claims",
        r"9\d% of the mask lies in them, less than the 100%",
        replace(resolve_lesion("mass"), shape=Prior("lobulated", parameters={"inside_lung": False})),
        inside_anatomy=1.0,
    ),
    Mutant(
        "without_anatomy_it_is_refused",
        "it was drawn where there are no lungs; let its placement prior return None",
        priors=(*placement(at_the_centre_of_the_right_lung), *shape(of_one_size)),
    ),
    Mutant(
        "small_and_flat_images_never_make_it_fail",
        "an image of .* ValueError was raised",
        priors=shape(
            lambda scene, site, size_mm, rng: round_mask(scene, site, scene.lung("left")[40:].argmax())
        ),
    ),
    Mutant(
        "small_and_flat_images_never_make_it_fail",
        "an image of 0 throughout, seed 0: the composite holds NaN",
        priors=intensity(over_the_contrast),
    ),
    Mutant("the_users_mask_wins", "it raised .*Error", priors=intensity(for_one_side)),
    Mutant("the_users_mask_wins", "mask given: the composite holds NaN", priors=intensity(not_a_number)),
    Mutant("what_is_kept_is_never_painted_over", "it raised ValueError", priors=placement(in_any_row)),
    Mutant(
        "what_is_kept_is_never_painted_over",
        "nothing was drawn into a textbook chest with a keep-mask",
        priors=placement(lambda scene, rng: None),
    ),
    Mutant(
        "its_size_lies_in_its_range",
        r"its site \(-30, \d+\.?\d*\) lies off the image",
        priors=(*placement(beyond_the_border), *shape(lambda scene, *rest: scene.right_lung)),
    ),
    Mutant(
        "its_size_is_in_millimetres",
        r"it covers \d+ mm² on 200 x 200, \d+ mm² on 400 x 400",
        priors=shape(in_pixels),
    ),
    Mutant(
        "a_larger_size_is_a_larger_lesion",
        r"at 30 mm it covers (\d+) mm², at 3 mm \1 mm²",
        priors=shape(of_one_size),
    ),
    Mutant("its_change_is_finite_and_in_range", "the composite holds NaN", priors=intensity(not_a_number)),
    Mutant("it_is_seen", r"reaches 0\.0000 of the value range", priors=intensity(invisible)),
    Mutant(
        "a_sham_has_its_region_and_nothing_in_it",
        "the sham of the same draw has another region",
        priors=shape(of_the_last_call),
    ),
    Mutant("drawing_writes_to_nothing", "grey was written to", priors=intensity(into_the_scene)),
    Mutant("drawing_writes_to_nothing", "right_lung was written to", priors=intensity(into_the_lungs)),
    Mutant("a_seed_draws_the_same_every_time", "seed 0 drew twice", priors=shape(of_the_last_call)),
    Mutant(
        "another_seed_draws_anew",
        "seeds 0 and 1 give the same drawing",
        priors=(
            *placement(at_the_centre_of_the_right_lung),
            *shape(of_one_size),
            *intensity(bright),
        ),
    ),
    Mutant(
        "global_random_state_is_neither_read_nor_changed",
        "the global random state changed",
        priors=shape(by_numpys_chance),
    ),
    Mutant(
        "global_random_state_is_neither_read_nor_changed",
        "the drawing depends on the global random state",
        priors=shape(by_numpys_state),
    ),
]
