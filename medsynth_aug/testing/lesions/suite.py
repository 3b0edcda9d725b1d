"""All checks of a lesion, as pytest parameters or in one call."""

from collections.abc import Callable
from functools import partial

from medsynth_aug.errors import SettingError
from medsynth_aug.lesions import Lesion, resolve_lesion
from medsynth_aug.testing.check import Check, guarantee_of, run_all
from medsynth_aug.testing.lesions import chance, definition, look, place, size
from medsynth_aug.testing.lesions.drawing import Claims

FUNCTIONS = (
    definition.its_name_is_well_formed,
    definition.its_prompt_says_something,
    definition.its_definition_comes_back_from_json,
    definition.its_priors_take_their_parameters,
    place.its_mask_lies_inside_its_edit_region,
    place.it_lies_in_the_anatomy_that_it_claims,
    place.without_anatomy_it_is_refused,
    place.small_and_flat_images_never_make_it_fail,
    place.the_users_mask_wins,
    place.what_is_kept_is_never_painted_over,
    size.its_size_lies_in_its_range,
    size.its_size_is_in_millimetres,
    size.a_larger_size_is_a_larger_lesion,
    look.its_change_is_finite_and_in_range,
    look.it_is_seen,
    look.a_sham_has_its_region_and_nothing_in_it,
    look.drawing_writes_to_nothing,
    chance.a_seed_draws_the_same_every_time,
    chance.another_seed_draws_anew,
    chance.global_random_state_is_neither_read_nor_changed,
)


def lesion_checks(*, inside_anatomy: float = 0.5) -> tuple[Check[str | Lesion], ...]:
    """The guarantees of a lesion, one check each, for `pytest.mark.parametrize`.

    ```python
    @pytest.mark.parametrize("check", lesion_checks(inside_anatomy=1.0), ids=str)
    def test_my_lesion_keeps_the_guarantees(check):
        check(MY_LESION)
    ```

    Args:
        inside_anatomy: Least share of the mask inside the lung fields, in [0, 1]: 1 for what never leaves
            them, 0 for a lesion that needs no anatomy.

    Raises:
        SettingError: If the share is out of its range.
    """
    if not 0 <= inside_anatomy <= 1:
        raise SettingError(f"inside_anatomy is {inside_anatomy}; it must be in [0, 1]")
    claims = Claims(inside_anatomy=float(inside_anatomy))
    return tuple(
        Check(function.__name__, guarantee_of(function), partial(_run, function, claims))
        for function in FUNCTIONS
    )


def check_lesion(lesion: str | Lesion, *, inside_anatomy: float = 0.5) -> None:
    """Run all checks of a lesion.

    Args:
        lesion: A lesion, or the name of a registered one.
        inside_anatomy: Least share of the mask inside the lung fields, in [0, 1]: 1 for what never leaves
            them, 0 for a lesion that needs no anatomy.

    Raises:
        ConformanceError: If any failed; it lists them all.
        SettingError: If the share is out of its range.
    """
    name = lesion if isinstance(lesion, str) else lesion.name
    run_all(lesion_checks(inside_anatomy=inside_anatomy), lesion, f"lesion {name!r}")


def _run(function: Callable[[Lesion, Claims], None], claims: Claims, lesion: str | Lesion) -> None:
    function(resolve_lesion(lesion), claims)
