"""Rejected samples go back to the engine: changed by their reasons, once each, within a budget."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.errors import SettingError
from medsynth_aug.review import (
    CHANGES,
    Change,
    Reason,
    Reviewer,
    ReviewStore,
    changed,
    reason_effects,
    regenerate,
)
from medsynth_aug.synthesis import FakeSynthesizer, Job, Refusal, SamplingSettings, SynthesisRequest
from tests.bank.backends import FILES, POSTGRES
from tests.bank.material import radiograph, request, rows


@pytest.fixture(params=[FILES, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


class Counting(FakeSynthesizer):
    """Counts the jobs that it was given."""

    jobs = 0

    def synthesize(self, jobs: Sequence[Job], on_step: Any = None) -> Any:
        self.jobs += len(jobs)
        return super().synthesize(jobs, on_step)


class Unable(FakeSynthesizer):
    """Finds no place for a lesion anywhere."""

    def synthesize(self, jobs: Sequence[Job], on_step: Any = None) -> Any:
        return [Refusal(job.request, "no place") for job in jobs]


class Killed(FakeSynthesizer):
    """Ends the run before its first sample."""

    def synthesize(self, jobs: Sequence[Job], on_step: Any = None) -> Any:
        raise KeyboardInterrupt


@pytest.fixture
def reviewed(store: ReviewStore) -> tuple[ReviewStore, Reviewer, list[str]]:
    """Three nodules in three films whose copies are in the bank, and a reader."""
    return store, store.enrol("Anna"), fill(store.bank, 3)


def fill(bank: SampleBank, count: int) -> list[str]:
    """Paint nodules into films that the bank keeps."""
    films = [radiograph(number) for number in range(count)]
    for film in films:
        bank.put_source(film)
    asked = [request(film, str(number)) for number, film in enumerate(films)]
    generate(asked, FakeSynthesizer(), bank, SourceStore(bank), progress=False)
    return [one.digest for one in asked]


Reviewed = tuple[ReviewStore, Reviewer, list[str]]


def test_a_rejected_sample_is_made_anew_once_and_the_child_knows_its_parent(reviewed: Reviewed) -> None:
    store, anna, (first, second, _) = reviewed
    store.record(first, anna, "reject", reasons=["wrong_location"])
    store.record(second, anna, "approve")
    engine = Counting()
    report = regenerate(store, engine, progress=False)
    assert (list(report.made), report.given_up, report.lacking, engine.jobs) == ([first], {}, (), 1)
    child = store.bank.get(report.made[first])
    assert (child.request.parent, child.request.attempt) == (first, 1)
    parent = store.bank.get(first)
    assert child.request.source == parent.request.source and not torch.equal(child.mask, parent.mask)
    assert store.decision(child.digest).state == "pending" and child.digest in store.queue(anna)
    assert regenerate(store, engine, progress=False).made == {}
    store.record(first, anna, "reject", reasons=["duplicate"])
    assert regenerate(store, engine, progress=False).made == {} and engine.jobs == 1
    assert rows(store.bank, "SELECT subject FROM events WHERE kind = 'regeneration'") == [(first,)]


def test_the_budget_ends_it_and_that_is_reported(reviewed: Reviewed) -> None:
    store, anna, (digest, *_) = reviewed
    for _ in range(2):
        store.record(digest, anna, "reject", reasons=["lesion_implausible"])
        digest = regenerate(store, FakeSynthesizer(), budget=2, progress=False).made[digest]
    store.record(digest, anna, "reject", reasons=["lesion_implausible"])
    report = regenerate(store, FakeSynthesizer(), budget=2, progress=False)
    assert report.made == {} and report.given_up == {digest: "made anew 2 times, and still rejected"}
    assert regenerate(store, FakeSynthesizer(), budget=9, progress=False).given_up == {}
    with pytest.raises(SettingError, match="budget is 0"):
        regenerate(store, FakeSynthesizer(), budget=0)


def test_what_the_engine_refuses_is_given_up_with_its_reason(reviewed: Reviewed) -> None:
    store, anna, (digest, *_) = reviewed
    store.record(digest, anna, "reject", reasons=["wrong_location"])
    report = regenerate(store, Unable(), progress=False)
    assert report.given_up == {digest: "no other could be made: no place"} and report.made == {}
    assert regenerate(store, FakeSynthesizer(), progress=False).made == {}


def test_a_run_that_was_killed_goes_on_where_it_stopped(reviewed: Reviewed) -> None:
    store, anna, (first, second, _) = reviewed
    for digest in (first, second):
        store.record(digest, anna, "reject", reasons=["artefact_or_seam"])
    with pytest.raises(KeyboardInterrupt):
        regenerate(store, Killed(), progress=False)
    assert set(regenerate(store, FakeSynthesizer(), progress=False).made) == {first, second}


def test_a_film_that_is_not_at_hand_is_named_and_waits(store: ReviewStore) -> None:
    anna, film = store.enrol("Anna"), radiograph(7)
    lookups = {film.digest: lambda: film}
    asked, at_hand = request(film), SourceStore(store.bank, lookups)
    generate([asked], FakeSynthesizer(), store.bank, at_hand, progress=False)
    store.record(asked.digest, anna, "reject", reasons=["duplicate"])
    assert regenerate(store, FakeSynthesizer(), progress=False).lacking == (asked.digest,)
    report = regenerate(store, FakeSynthesizer(), sources=at_hand, progress=False)
    assert list(report.made) == [asked.digest] and report.lacking == ()


def test_a_rejection_that_was_revoked_in_time_makes_nothing(reviewed: Reviewed) -> None:
    store, anna, (digest, *_) = reviewed
    verdict = store.record(digest, anna, "reject", reasons=["duplicate"])
    store.revoke(verdict.id, "the wrong key")
    assert regenerate(store, FakeSynthesizer(), progress=False).made == {}


def test_the_effect_of_a_reason_is_counted_with_its_interval(reviewed: Reviewed) -> None:
    store, anna, digests = reviewed
    assert reason_effects(store) == ()
    for digest in digests:
        store.record(digest, anna, "reject", reasons=["duplicate", "wrong_class"])
    children = list(regenerate(store, FakeSynthesizer(), progress=False).made.values())
    store.record(children[0], anna, "approve")
    store.record(children[1], anna, "reject", reasons=["duplicate"])
    by_reason = {effect.reason: effect for effect in reason_effects(store)}
    assert set(by_reason) == {Reason.DUPLICATE, Reason.WRONG_CLASS}
    effect = by_reason[Reason.WRONG_CLASS]
    assert (effect.n, effect.approved, effect.waiting, effect.rate) == (2, 1, 1, 0.5)
    # Wilson's interval of 1 in 2: (1 + z²/2 ± z √(1/2 + z²/4)) / (2 + z²), z = 1.96
    assert effect.low == pytest.approx(0.0945, abs=5e-4) and effect.high == pytest.approx(0.9055, abs=5e-4)


PLAIN = request(radiograph(), sampling=SamplingSettings(guidance_scale=1.5))


@given(st.sets(st.sampled_from(list(Reason)), min_size=1))
def test_every_set_of_reasons_gives_a_valid_child_with_a_new_draw(reasons: set[Reason]) -> None:
    child = changed(PLAIN, reasons)
    assert child is not None and SynthesisRequest.from_json(child.to_json()) == child
    assert child.draw_digest != PLAIN.draw_digest and child.parent == PLAIN.digest
    assert child.lesion is not None and PLAIN.lesion is not None
    low, high = PLAIN.lesion.size_mm
    assert low <= child.lesion.size_mm[0] <= child.lesion.size_mm[1] <= high
    assert child.lesion_name == PLAIN.lesion_name


@pytest.mark.parametrize(
    ("reason", "smaller", "equal", "larger"),
    [
        ("anatomy_violated", ["strength", "largest"], ["guidance", "scale", "seed"], []),
        ("lesion_implausible", ["strength"], ["guidance", "scale", "seed", "largest"], []),
        ("wrong_location", [], ["strength", "guidance", "scale", "seed", "largest"], []),
        ("wrong_class", [], ["scale", "seed", "largest"], ["strength", "guidance", "smallest"]),
        ("artefact_or_seam", ["strength"], ["guidance", "seed", "largest"], ["scale"]),
        ("duplicate", [], ["strength", "guidance", "scale", "largest"], ["seed"]),
        ("other", [], ["strength", "guidance", "scale", "seed", "largest"], []),
    ],
)
def test_each_reason_changes_what_its_row_says(
    reason: str, smaller: list[str], equal: list[str], larger: list[str]
) -> None:
    def figures(one: SynthesisRequest) -> dict[str, Any]:
        assert one.lesion is not None
        return {
            "strength": one.sampling.strength or one.lesion.strength, "guidance": one.sampling.guidance_scale,
            "scale": one.conditioning.controlnet_conditioning_scale, "seed": one.seed,
            "smallest": one.lesion.size_mm[0], "largest": one.lesion.size_mm[1],
        }  # fmt: skip

    child = changed(PLAIN, [Reason(reason)])
    assert child is not None
    before, after = figures(PLAIN), figures(child)
    assert all(after[name] < before[name] for name in smaller)
    assert all(after[name] == before[name] for name in equal)
    assert all(after[name] > before[name] for name in larger)


def test_a_mask_of_ones_own_is_never_moved(bank: SampleBank) -> None:
    own = replace(PLAIN, mask_digest="a" * 64)
    assert changed(own, [Reason.WRONG_LOCATION]) is None
    child = changed(own, [Reason.ARTEFACT_OR_SEAM])
    assert child is not None and child.mask_digest == own.mask_digest


def test_other_changes_may_be_given_and_all_are_checked(reviewed: Reviewed) -> None:
    store, anna, (digest, *_) = reviewed
    store.record(digest, anna, "reject", reasons=["wrong_class"])
    with pytest.raises(SettingError, match="no change is given for anatomy_violated"):
        regenerate(store, FakeSynthesizer(), changes={Reason.OTHER: Change()})
    with pytest.raises(SettingError, match="a factor is above 0"):
        Change(strength=0)
    with pytest.raises(SettingError, match="0 <= low <= high <= 1"):
        Change(sizes=(0.5, 0.2))
    mine = {**CHANGES, Reason.WRONG_CLASS: Change(prompt="large")}
    made = regenerate(store, FakeSynthesizer(), changes=mine, progress=False).made[digest]
    lesion = store.bank.get(made).request.lesion
    assert lesion is not None and lesion.prompt.startswith("large ")
