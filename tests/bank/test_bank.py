"""The contract of a bank: what it promises of samples to one process, on every backend."""

import hashlib
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch
from sqlalchemy import select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import samples
from medsynth_aug.errors import BankError, DamagedSampleError, SettingError
from medsynth_aug.synthesis import Refusal
from tests.bank.backends import BACKENDS, content, place_of, tamper
from tests.bank.material import DTYPES, assert_same, happened, radiograph, request, rows, sample, whole_image


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_sample_comes_back_equal_in_every_dtype(bank: SampleBank, dtype: torch.dtype) -> None:
    made = sample(1, dtype)
    bank.add(made)
    assert made.digest in bank
    assert_same(bank.get(made.digest), made)


def test_what_comes_back_may_be_changed_in_place(bank: SampleBank) -> None:
    made = sample()
    bank.add(made)
    read = bank.get(made.digest)
    read.image.fill_(7)
    read.mask.fill_(True)
    assert_same(bank.get(made.digest), made)


def test_a_non_contiguous_image_comes_back_equal(bank: SampleBank) -> None:
    made = sample()
    turned = replace(made, image=made.image.transpose(1, 2).contiguous().transpose(1, 2))
    bank.add(turned)
    assert torch.equal(bank.get(made.digest).image, made.image)


def test_the_first_pixels_stay(bank: SampleBank) -> None:
    made = sample()
    bank.add(made)
    bank.add(replace(made, image=made.image + 1))
    assert_same(bank.get(made.digest), made)
    assert len(bank) == 1
    assert happened(bank) == [("sample", made.digest)]


def test_the_record_says_what_the_sample_is(bank: SampleBank) -> None:
    made = sample(3, parent="f" * 64, attempt=2)
    bank.add(made)
    with bank._database.reading() as connection:
        (row,) = connection.execute(select(samples)).all()
    assert (row.lesion, row.purpose, row.source, row.slot) == ("nodule", "lesion", made.request.source, "3")
    assert (row.virtual, row.attempt, row.parent) == (False, 2, "f" * 64)
    assert (row.acceptance, row.scores) == (None, None)
    assert row.request == made.request.to_json()
    assert tuple(row.box) == made.box
    assert abs(row.created_at.replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    data = content(place_of(bank, made.digest))
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (row.file_digest, row.file_size)


def test_a_chain_of_sources_decides_what_is_virtual(bank: SampleBank) -> None:
    painted = sample()
    onto_painted = replace(painted, request=replace(painted.request, source=f"sample:{painted.digest}"))
    onto_unknown = replace(painted, request=replace(painted.request, source="sample:" + "0" * 64))
    whole = whole_image(bank)
    onto_whole = replace(painted, request=replace(painted.request, source=f"sample:{whole.digest}"))
    chain = (painted, onto_painted, onto_unknown, whole, onto_whole)
    for made in chain:
        bank.add(made)
    virtual = dict(rows(bank, "SELECT digest, virtual FROM samples"))
    assert [virtual[made.digest] for made in chain] == [0, 0, 0, 1, 1]


def test_digests_are_sorted_and_filtered_by_lesion_and_purpose(bank: SampleBank) -> None:
    made = [sample(number) for number in range(4)]
    sham = sample(5, purpose="sham")
    for each in (*made, sham):
        bank.add(each)
    assert bank.digests() == sorted(each.digest for each in (*made, sham))
    assert bank.digests(lesion="nodule", purpose="sham") == [sham.digest]
    assert bank.digests(purpose="lesion") == sorted(each.digest for each in made)
    assert bank.digests(lesion="fracture") == []


def test_a_sham_has_no_box(bank: SampleBank) -> None:
    sham = sample(purpose="sham")
    bank.add(sham)
    assert rows(bank, "SELECT box IS NULL FROM samples") == [(True,)]
    assert_same(bank.get(sham.digest), sham)


def test_an_unknown_digest_is_an_error_that_says_what_to_do(bank: SampleBank) -> None:
    assert "0" * 64 not in bank
    with pytest.raises(BankError, match=r"no sample 0{64} in .*bank; make it with generate"):
        bank.get("0" * 64)
    with pytest.raises(BankError, match=r"no map 0{64} at .*put_map"):
        bank.map("0" * 64)


def test_provenance_that_is_not_json_is_refused_and_leaves_nothing(bank: SampleBank) -> None:
    made = sample()
    for provenance in ({"where": Path()}, {"score": float("nan")}):
        with pytest.raises(SettingError, match="provenance of the sample is not plain JSON"):
            bank.add(replace(made, provenance=provenance))
    assert made.digest not in bank
    assert bank._pixels.prefixes() == []


def test_a_forgotten_sample_can_be_stored_anew(bank: SampleBank) -> None:
    made = sample()
    bank.add(made)
    bank.forget(made.digest)
    bank.forget(made.digest)
    assert made.digest not in bank
    bank.add(replace(made, image=made.image + 1))
    assert torch.equal(bank.get(made.digest).image, made.image + 1)
    assert [kind for kind, _ in happened(bank)] == ["sample", "forgotten", "sample"]


def test_a_bank_pickles_as_its_path_and_reopens(bank: SampleBank) -> None:
    made = sample()
    bank.add(made)
    recipe = pickle.dumps(bank)
    assert len(recipe) < 700
    again = pickle.loads(recipe)
    assert_same(again.get(made.digest), made)
    again.close()


def test_a_closed_bank_opens_again_by_itself(bank: SampleBank) -> None:
    made = sample()
    bank.add(made)
    bank.close()
    assert_same(bank.get(made.digest), made)


def test_a_bank_opened_by_its_folder_alone_is_the_same_bank(bank: SampleBank) -> None:
    other = SampleBank(str(bank.path))
    made = sample()
    bank.add(made)
    assert_same(other.get(made.digest), made)
    other.close()


def test_many_digests_are_looked_up_at_once(bank: SampleBank) -> None:
    made = [sample(number) for number in range(3)]
    for each in made:
        bank.add(each)
    refusal = Refusal(request(radiograph(), "refused"), "no place")
    bank.refuse(refusal)
    unknown = [f"{number:064x}" for number in range(2500)]
    asked = [*unknown, *(each.digest for each in made[:2]), refusal.request.digest]
    assert bank.held(asked) == {each.digest for each in made[:2]}
    assert bank.refusals(asked) == {refusal.request.digest: refusal}
    assert bank.held([]) == set() and bank.refusals([]) == {}


def test_damaged_and_missing_pixels_are_found_and_named(bank: SampleBank) -> None:
    made = [sample(number) for number in range(3)]
    for each in made:
        bank.add(each)
    damaged, missing = (place_of(bank, each.digest) for each in made[:2])
    tamper(damaged, content(damaged)[:-1] + b"!")
    tamper(missing, None)
    with pytest.raises(DamagedSampleError, match=r"is damaged: its SHA-256 .*bank.forget"):
        bank.get(made[0].digest)
    with pytest.raises(DamagedSampleError, match="is missing"):
        bank.get(made[1].digest)
    assert {str(problem).split(" is ")[0] for problem in bank.verify()} == {damaged, missing}
    for each in made[:2]:
        bank.forget(each.digest)
        bank.add(each)
    assert bank.verify() == []
    assert_same(bank.get(made[0].digest), made[0])


def test_samples_made_on_top_of_each_other_are_added_once(bank: SampleBank) -> None:
    made = sample()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bank.add, [made] * 8))
    assert happened(bank) == [("sample", made.digest)]
    (prefix,) = bank._pixels.prefixes()
    assert len(bank._pixels.files(prefix)) == 1
    assert_same(bank.get(made.digest), made)
