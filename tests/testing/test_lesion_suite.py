"""Each check finds the lesion that breaks its guarantee, and lets the built-in ones pass."""

from dataclasses import replace

import pytest

from medsynth_aug.errors import ConformanceError, SettingError
from medsynth_aug.lesions import Lesion, Prior, lesion_names, priors
from medsynth_aug.testing import Check, check_lesion, lesion_checks
from tests.testing.lesion_mutants import MUTANTS, NODULE, Mutant, at_the_centre_of_the_right_lung, empty
from tests.ultrasound import CYST

CLAIMED = {name: 0.5 if name == "fracture" else 1.0 for name in lesion_names()}
"""A rib runs on beyond the lung; all others stay inside."""


def with_priors(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> Lesion:
    lesion = mutant.lesion
    for kind, function in mutant.priors:
        monkeypatch.setitem(priors._REGISTRY, (kind, "broken", 1), function)  # type: ignore[arg-type]
        lesion = replace(lesion, **{kind: Prior("broken", 1)})
    return lesion


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.check for mutant in MUTANTS])
def test_a_check_finds_the_lesion_that_breaks_its_guarantee(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = {check.name: check for check in lesion_checks(inside_anatomy=mutant.inside_anatomy)}
    with pytest.raises(ConformanceError, match=mutant.message):
        checks[mutant.check](with_priors(mutant, monkeypatch))


def test_every_check_was_seen_to_fail() -> None:
    assert {mutant.check for mutant in MUTANTS} == {check.name for check in lesion_checks()}


@pytest.mark.parametrize("name", CLAIMED)
@pytest.mark.parametrize("check", [check.name for check in lesion_checks()])
def test_a_built_in_lesion_keeps_the_guarantees(name: str, check: str) -> None:
    checks = {one.name: one for one in lesion_checks(inside_anatomy=CLAIMED[name])}
    checks[check](name)


@pytest.mark.parametrize("check", lesion_checks(inside_anatomy=0.0), ids=str)
def test_a_lesion_that_needs_no_anatomy_is_checked_too(check: Check[str | Lesion]) -> None:
    check(CYST)


def test_one_call_lists_all_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = Mutant("", "", replace(NODULE, prompt="", name="none"), (("shape", empty),))
    with pytest.raises(ConformanceError) as raised:
        check_lesion(with_priors(mutant, monkeypatch))
    told = str(raised.value)
    assert told.startswith("lesion 'none' fails ") and " of 20 checks:" in told
    assert "\n- its_prompt_says_something: The prompt is text that is not empty.\n  the prompt is ''" in told
    assert "nothing was drawn into a textbook chest" in told


def test_what_needs_no_anatomy_may_be_drawn_without(monkeypatch: pytest.MonkeyPatch) -> None:
    lesion = with_priors(
        Mutant("", "", priors=(("placement", at_the_centre_of_the_right_lung),)), monkeypatch
    )
    free = replace(lesion, shape=Prior("lobulated", parameters={"inside_lung": False}))
    checks = {check.name: check for check in lesion_checks(inside_anatomy=0.0)}
    checks["without_anatomy_it_is_refused"](free)


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(SettingError, match=r"inside_anatomy is 50; it must be in \[0, 1\]"):
        check_lesion("nodule", inside_anatomy=50)
