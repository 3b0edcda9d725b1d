"""All checks of a Synthesizer, as pytest parameters or in one call."""

from functools import partial

from medsynth_aug.lesions import Lesion, resolve_lesion
from medsynth_aug.synthesis import Synthesizer
from medsynth_aug.testing.check import Check, guarantee_of, run_all
from medsynth_aug.testing.synthesizers import (
    background,
    bad_jobs,
    caller,
    chance,
    maps,
    order,
    reopening,
    telling,
    truth,
)
from medsynth_aug.testing.synthesizers.jobs import JobMaker

FUNCTIONS = (
    telling.it_has_the_members_of_the_seam,
    telling.the_fingerprint_is_a_stable_digest,
    order.results_stand_in_the_order_of_the_jobs,
    order.requests_come_back_unchanged,
    bad_jobs.bad_jobs_are_refused_with_a_reason,
    bad_jobs.bad_jobs_do_no_harm_to_their_companions,
    background.pixels_outside_the_edit_region_never_change,
    background.images_keep_the_form_of_their_source,
    background.values_stay_inside_the_value_range,
    truth.a_lesion_has_a_mask_inside_its_edit_region,
    truth.a_lesion_is_seen_where_its_mask_is,
    truth.a_sham_has_a_region_and_no_lesion,
    truth.the_box_is_that_of_the_mask,
    truth.a_whole_image_fills_its_canvas_or_is_refused,
    maps.the_users_mask_wins,
    maps.the_users_anatomy_is_used,
    maps.the_keep_mask_is_never_painted_over,
    maps.nothing_that_was_given_is_written_to,
    chance.a_request_gives_the_same_sample_every_time,
    chance.a_sample_does_not_depend_on_its_companions,
    chance.another_seed_slot_or_attempt_draws_anew,
    chance.settings_leave_mask_and_edit_region,
    chance.global_random_state_is_neither_read_nor_changed,
    caller.settings_of_the_process_stay_as_the_caller_has_them,
    telling.steps_are_counted_up_to_their_total,
    telling.provenance_and_timings_are_plain_json,
    reopening.it_pickles_as_a_recipe,
    reopening.it_reopens_in_another_process,
    reopening.it_writes_no_files,
)


def synthesizer_checks(lesion: str | Lesion = "nodule") -> tuple[Check[Synthesizer], ...]:
    """The guarantees of a Synthesizer, one check each, for `pytest.mark.parametrize`.

    ```python
    @pytest.mark.parametrize("check", synthesizer_checks(), ids=str)
    def test_my_engine_keeps_the_guarantees(check):
        check(MyEngine())
    ```

    Args:
        lesion: What is painted, into a phantom of a chest; one that the engine knows.

    Raises:
        SettingError: If the lesion is not registered.
    """
    maker = JobMaker(lesion=resolve_lesion(lesion))
    return tuple(
        Check(function.__name__, guarantee_of(function), partial(function, maker=maker))
        for function in FUNCTIONS
    )


def check_synthesizer(synthesizer: Synthesizer, *, lesion: str | Lesion = "nodule") -> None:
    """Run all checks of a Synthesizer.

    Args:
        synthesizer: What shall keep the guarantees.
        lesion: What is painted, into a phantom of a chest; one that the engine knows.

    Raises:
        ConformanceError: If any failed; it lists them all.
        SettingError: If the lesion is not registered.
    """
    run_all(synthesizer_checks(lesion), synthesizer, type(synthesizer).__name__)
