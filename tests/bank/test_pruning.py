"""What goes and what stays when a bank is pruned; the same with files, objects and a database server."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch
from sqlalchemy import update

from medsynth_aug.bank import PruneRule, SampleBank, pruning, verifying
from medsynth_aug.bank.schema import assignments, patient_images, samples, verdicts
from medsynth_aug.errors import SettingError, StrayFileError, UnknownLesionError
from medsynth_aug.synthesis import SyntheticSample
from tests.bank.backends import FILES, MEMORY, POSTGRES, S3, place_of
from tests.bank.material import assert_same, radiograph, request, sample


@pytest.fixture(params=[FILES, MEMORY, S3, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def made(bank: SampleBank) -> list[SyntheticSample]:
    """Four stored samples; the last one is by another engine."""
    stored = [*(sample(number) for number in range(3)), sample(3, engine="other")]
    for each in stored:
        bank.add(each)
    return stored


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files without a record count as left behind from the start."""
    for module in (verifying, pruning):
        monkeypatch.setattr(module, "ABANDONED_AFTER_S", -1.0)


def test_without_a_condition_no_sample_goes(bank: SampleBank, made: list[SyntheticSample]) -> None:
    pruned = bank.prune(PruneRule())
    assert (pruned.samples, pruned.leftovers, pruned.size) == ((), (), 0)
    assert len(bank) == 4


def test_all_but_those_that_are_kept_go_with_their_pixels(
    bank: SampleBank, made: list[SyntheticSample]
) -> None:
    place, size = place_of(bank, made[1].digest), len(bank._pixels.read(file_name(bank, made[1])) or b"")
    rule = PruneRule(keep={each.digest for each in made} - {made[1].digest})
    told = bank.prune(rule, dry_run=True)
    assert made[1].digest in bank
    assert bank.prune(rule) == told
    assert (told.samples, told.size) == ((made[1].digest,), size)
    assert made[1].digest not in bank and len(bank) == 3
    assert bank._pixels.read(place.rpartition("/")[2].removesuffix(".safetensors")) is None
    assert bank.verify() == []
    bank.add(made[1])
    assert_same(bank.get(made[1].digest), made[1])


def file_name(bank: SampleBank, made: SyntheticSample) -> str:
    return place_of(bank, made.digest).rpartition("/")[2].removesuffix(".safetensors")


def test_conditions_are_met_together(bank: SampleBank, made: list[SyntheticSample]) -> None:
    sham = sample(7, purpose="sham")
    bank.add(sham)
    with bank._database.writing() as connection:
        old = update(samples).where(samples.c.digest.in_([made[0].digest, made[3].digest]))
        connection.execute(old.values(created_at=datetime.now(UTC) - timedelta(days=10)))
    engine = made[0].request.engine
    assert set(bank.prune(PruneRule(older_than_days=9), dry_run=True).samples) == {
        made[0].digest,
        made[3].digest,
    }
    assert bank.prune(PruneRule(older_than_days=11), dry_run=True).samples == ()
    assert bank.prune(PruneRule(lesion="fracture"), dry_run=True).samples == ()
    assert len(bank.prune(PruneRule(lesion="nodule"), dry_run=True).samples) == 5
    assert bank.prune(PruneRule(engines=[engine]), dry_run=True).samples == (made[3].digest,)
    both = PruneRule(engines=[engine], older_than_days=9, keep=[made[3].digest])
    assert bank.prune(both, dry_run=True).samples == ()
    assert len(bank) == 5


def test_a_sample_stays_while_another_one_is_painted_into_it(
    bank: SampleBank, made: list[SyntheticSample]
) -> None:
    onto = replace(made[0], request=replace(made[0].request, source=f"sample:{made[1].digest}"))
    onto_that = replace(made[0], request=replace(made[0].request, source=f"sample:{onto.digest}"))
    for each in (onto, onto_that):
        bank.add(each)
    went = bank.prune(PruneRule(keep=[onto_that.digest]))
    assert set(went.samples) == {made[0].digest, made[2].digest, made[3].digest}
    assert set(bank.digests()) == {made[1].digest, onto.digest, onto_that.digest}
    assert len(bank.prune(PruneRule(keep=[])).samples) == 3


def test_what_patients_and_reviews_name_stays(bank: SampleBank, made: list[SyntheticSample]) -> None:
    now = datetime.now(UTC)
    patient, assigned, read = (each.digest for each in made[:3])
    verdict = {"id": "v", "file_digest": "f", "reviewer": "r", "outcome": "o", "reasons": [], "comment": ""}
    with bank._database.writing() as connection:
        connection.execute(patient_images.insert().values(sample=patient, patient="p", visit=0))
        connection.execute(assignments.insert().values(sample=assigned, reviewer="r", assigned_at=now))
        connection.execute(verdicts.insert().values(**verdict, sample=read, adjudicates=False, at=now))
    assert bank.prune(PruneRule(keep=[])).samples == (made[3].digest,)
    assert set(bank.digests()) == {patient, assigned, read}


def test_what_a_killed_writer_left_is_named_and_goes(
    bank: SampleBank, made: list[SyntheticSample], at_once: None
) -> None:
    left = f"{'ab' * 32}.00000000"
    bank._pixels.write(left, b"left behind")
    (stray,) = bank.verify()
    assert isinstance(stray, StrayFileError)
    assert bank._pixels.place(left) in str(stray) and "bank.prune(PruneRule()) removes it" in str(stray)
    assert bank.prune(PruneRule(leftovers=False)).leftovers == ()
    pruned = bank.prune(PruneRule())
    assert (pruned.leftovers, pruned.size) == ((bank._pixels.place(left),), 11)
    assert bank.verify() == [] and len(bank) == 4


def test_what_may_still_be_at_work_stays(bank: SampleBank, backend: str) -> None:
    left = f"{'ab' * 32}.00000000"
    bank._pixels.write(left, b"being written")
    assert bank.verify() == []
    assert bank.prune(PruneRule(unused=True)).leftovers == ()
    if backend == FILES:
        two_hours_ago = time.time() - 7200
        os.utime(Path(bank._pixels.place(left)), (two_hours_ago, two_hours_ago))
        assert len(bank.verify()) == 1


def test_copies_that_nothing_refers_to_go_only_when_asked(bank: SampleBank, at_once: None) -> None:
    used, wanted, unused = (radiograph(number) for number in range(3))
    mask = bank.put_map(torch.eye(4, dtype=torch.bool)[None])
    bank.put_map(torch.eye(5, dtype=torch.bool)[None])
    for source in (used, wanted, unused):
        bank.put_source(source)
        bank.put_anatomy(source.digest, "model", torch.ones(2, 3, int(source.digest[5:7], 16) + 1).bool())
    made = sample(0, mask_digest=mask)
    assert made.request.source == used.digest
    bank.add(made)
    bank.wanted.add([request(wanted)], priority=1)
    assert bank.prune(PruneRule()).sources == ()
    told = bank.prune(PruneRule(unused=True), dry_run=True)
    assert len(told.sources) == 1 and len(told.maps) == 2 and bank.source(unused.digest) is not None
    assert bank.prune(PruneRule(unused=True)) == told
    assert bank.source(unused.digest) is None and bank.anatomy(unused.digest, "model") is None
    for source in (used, wanted):
        assert bank.source(source.digest) is not None and bank.anatomy(source.digest, "model") is not None
    assert bank.map(mask).shape == (1, 4, 4)
    gone = bank.prune(PruneRule(keep=[], unused=True), dry_run=True)
    assert gone.samples == (made.digest,) and len(gone.sources) == 1, "its source goes with the sample"
    assert bank.verify() == []


def test_a_negative_age_is_refused() -> None:
    with pytest.raises(SettingError, match="older_than_days is -1; it must be at least 0"):
        PruneRule(older_than_days=-1)


@pytest.mark.parametrize("name", ["keep", "engines"])
def test_one_text_in_place_of_a_collection_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=rf"{name} is the text 'abc'; give a collection: {name}=\['abc'\]"):
        PruneRule(**{name: "abc"})


@pytest.mark.parametrize("dry_run", [True, False])
def test_names_that_nothing_bears_are_refused_and_nothing_goes(
    bank: SampleBank, made: list[SyntheticSample], dry_run: bool
) -> None:
    cut = made[0].digest[:12]
    with pytest.raises(SettingError, match=f"no sample of 1 of the digests in keep, such as '{cut}'; .*held"):
        bank.prune(PruneRule(keep=[cut, made[1].digest]), dry_run=dry_run)
    with pytest.raises(UnknownLesionError, match=r"lesion 'nodul' is neither .*; known: .*, nodule, "):
        bank.prune(PruneRule(lesion="nodul"), dry_run=dry_run)
    assert len(bank) == 4
    kept = bank.held([cut, made[1].digest])
    assert len(bank.prune(PruneRule(keep=kept), dry_run=True).samples) == 3


def test_a_lesion_that_only_the_bank_knows_can_be_pruned(
    bank: SampleBank, made: list[SyntheticSample]
) -> None:
    with bank._database.writing() as connection:
        own = update(samples).where(samples.c.digest == made[0].digest)
        connection.execute(own.values(lesion="my own"))
    assert bank.prune(PruneRule(lesion="my own")).samples == (made[0].digest,)
