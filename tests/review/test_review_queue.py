"""The queue of a reader: whatever was assigned, no undecided sample waits in nobody's."""

import pytest

from medsynth_aug.corpus import PatientStore
from medsynth_aug.review import ReviewPolicy, ReviewStore
from medsynth_aug.review.status import lesion_status
from tests.bank.material import sample
from tests.corpus.conftest import make


@pytest.fixture
def digest(store: ReviewStore) -> str:
    made = sample()
    store.bank.add(made)
    return made.digest


def test_what_was_assigned_to_a_reader_who_retired_is_open_to_all(store: ReviewStore, digest: str) -> None:
    anna, ben, eva = map(store.enrol, ("Anna", "Ben", "Eva"))
    store.assign([digest], [anna, ben])
    store.retire(ben)
    assert (store.queue(anna), store.queue(eva)) == ([digest], [])
    store.retire(anna)
    assert store.queue(eva) == [digest]


def test_a_sample_assigned_to_fewer_than_the_policy_wants_is_open_once_they_read(
    store: ReviewStore, digest: str
) -> None:
    anna, ben = map(store.enrol, ("Anna", "Ben"))
    store.set_policy(ReviewPolicy(approvals=2, readers=2))
    store.assign([digest], [anna])
    assert (store.queue(anna), store.queue(ben)) == ([digest], [])
    store.record(digest, anna, "approve")
    assert (store.queue(anna), store.queue(ben)) == ([], [digest])
    store.record(digest, ben, "approve")
    assert store.decision(digest).state == "approved" and store.queue(ben) == []


def test_a_sample_assigned_to_no_senior_comes_to_one_where_the_policy_wants_one(
    store: ReviewStore, digest: str
) -> None:
    anna, ben, eva = (store.enrol(name, senior=name == "Eva") for name in ("Anna", "Ben", "Eva"))
    store.set_policy(ReviewPolicy(senior_required=True))
    store.assign([digest], [anna])
    store.record(digest, anna, "approve")
    assert (store.queue(ben), store.queue(eva)) == ([], [digest])


def test_of_a_virtual_patient_readers_read_what_is_shown_unless_a_link_is_assigned(
    store: ReviewStore,
) -> None:
    make(store.bank, 3)
    anna, ben = map(store.enrol, ("Anna", "Ben"))
    images = [image for one in PatientStore(store.bank).all() for image in one.images]
    shown, link = {image.sample for image in images}, images[0].chain[0]
    assert set(store.queue(anna)) == shown < set(store.bank.digests())
    assert sum(one.pending for one in lesion_status(store)) == len(shown)
    store.assign([link], [ben])
    assert set(store.queue(ben)) == {*shown, link} and set(store.queue(anna)) == shown
    for digest in shown:
        store.record(digest, anna, "approve")
    assert store.queue(anna) == [] and sum(one.pending for one in lesion_status(store)) == 0
