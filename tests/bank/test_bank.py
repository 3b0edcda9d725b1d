"""The contract of a bank: what it promises to one process, on every backend."""

import hashlib
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.packing import pack_map, pack_sample, unpack_map, unpack_sample
from medsynth_aug.bank.schema import samples
from medsynth_aug.errors import BankError, DamagedSampleError, SettingError, SourceChangedError
from medsynth_aug.synthesis import Refusal
from medsynth_aug.synthesis.digest import digest_pixels
from tests.bank.backends import BACKENDS, content, place_of, tamper
from tests.bank.material import DTYPES, assert_same, radiograph, request, rows, sample, whole_image


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def happened(bank: SampleBank) -> list[tuple[str, str]]:
    """What the outbox says, in order, but for consents."""
    return rows(
        bank, "SELECT kind, subject FROM events WHERE kind IN ('sample', 'refusal', 'forgotten') ORDER BY id"
    )  # type: ignore


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


@given(
    dtype=st.sampled_from(DTYPES),
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    seed=st.integers(0, 99),
    spaced=st.booleans(),
)
def test_pixels_of_any_shape_are_packed_and_unpacked_equal(
    dtype: torch.dtype, channels: int, height: int, width: int, seed: int, spaced: bool
) -> None:
    chance = np.random.default_rng(seed)
    image = torch.from_numpy(chance.integers(0, 256, (channels, height, width))).to(dtype)
    mask, region = (torch.from_numpy(chance.random((1, height, width)) < 0.5) for _ in range(2))
    spacing = TEMPLATE.spacing if spaced else None
    packed = pack_sample(replace(TEMPLATE, image=image, mask=mask, edit_region=region, spacing=spacing))
    back = unpack_sample(packed)
    assert back[0].dtype == dtype
    for left, right in zip(back[:3], (image, mask, region), strict=True):
        assert torch.equal(left, right)
    assert back[3:] == (TEMPLATE.value_range, spacing)


TEMPLATE = sample()


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32], ids=str)
def test_maps_of_any_dtype_are_packed_and_unpacked_equal(dtype: torch.dtype) -> None:
    map_ = (torch.arange(2 * 5 * 7) % 3).reshape(2, 5, 7).to(dtype)
    back = unpack_map(pack_map(map_))
    assert back.dtype == dtype
    assert torch.equal(back, map_)


def test_binary_maps_take_one_bit_a_pixel() -> None:
    assert len(pack_map(torch.ones(2, 512, 512, dtype=torch.bool))) < 2 * 512 * 512 / 8 + 300


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


def test_a_refusal_comes_back_equal_and_only_the_first_one_counts(bank: SampleBank) -> None:
    refusal = Refusal(request(radiograph()), "no place; choose another source", final=True)
    bank.refuse(refusal)
    bank.refuse(replace(refusal, reason="another"))
    assert bank.refusal(refusal.request.digest) == refusal
    assert bank.refusal("0" * 64) is None
    assert happened(bank) == [("refusal", refusal.request.digest)]
    assert len(bank) == 0


def test_a_sample_outweighs_a_refusal(bank: SampleBank) -> None:
    made = sample()
    bank.refuse(Refusal(made.request, "no place"))
    bank.add(made)
    bank.refuse(Refusal(made.request, "no place"))
    assert bank.refusal(made.digest) is None
    assert bank.resolve(made.request) == made.digest


def test_resolve_follows_refusals_to_the_attempt_that_was_made(bank: SampleBank) -> None:
    second = sample(attempt=1)
    first = replace(second.request, attempt=0)
    bank.add(second)
    assert bank.resolve(first) is None
    bank.refuse(Refusal(first, "no place"))
    assert bank.resolve(first) == second.digest
    assert bank.resolve(first, max_attempts=1) is None


def test_resolve_stops_at_a_final_refusal(bank: SampleBank) -> None:
    second = sample(attempt=1)
    bank.add(second)
    bank.refuse(Refusal(replace(second.request, attempt=0), "mask is empty", final=True))
    assert bank.resolve(replace(second.request, attempt=0)) is None


def test_a_forgotten_sample_can_be_stored_anew(bank: SampleBank) -> None:
    made = sample()
    bank.add(made)
    bank.forget(made.digest)
    bank.forget(made.digest)
    assert made.digest not in bank
    bank.add(replace(made, image=made.image + 1))
    assert torch.equal(bank.get(made.digest).image, made.image + 1)
    assert [kind for kind, _ in happened(bank)] == ["sample", "forgotten", "sample"]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_source_comes_back_equal(bank: SampleBank, dtype: torch.dtype) -> None:
    source = radiograph(2, dtype)
    assert bank.source(source.digest) is None
    bank.put_source(source)
    bank.put_source(source)
    found = bank.source(source.digest)
    assert found is not None
    assert torch.equal(found.pixels, source.pixels)
    assert (found.digest, found.value_range, found.spacing) == (
        source.digest,
        source.value_range,
        source.spacing,
    )


def test_a_source_under_a_digest_that_is_not_its_own_is_refused(bank: SampleBank) -> None:
    source = radiograph()
    with pytest.raises(SourceChangedError, match="the pixels are not those of real:"):
        bank.put_source(replace(source, pixels=source.pixels + 1))
    with pytest.raises(BankError, match=r"sample:abc is no real source; store samples with bank.add"):
        bank.put_source(replace(source, digest="sample:abc"))


def test_maps_are_known_by_the_digest_that_requests_name(bank: SampleBank) -> None:
    mask = torch.eye(9, dtype=torch.bool)[None]
    digest = bank.put_map(mask)
    assert digest == digest_pixels(mask)
    assert torch.equal(bank.map(digest), mask)


def test_the_first_anatomy_of_a_source_and_model_stays(bank: SampleBank) -> None:
    first, second = torch.ones(2, 4, 4, dtype=torch.bool), torch.zeros(2, 4, 4, dtype=torch.bool)
    assert bank.anatomy("real:a", "model") is None
    bank.put_anatomy("real:a", "model", first)
    bank.put_anatomy("real:a", "model", second)
    bank.put_anatomy("real:a", "other", second)
    for model, expected in (("model", first), ("other", second)):
        found = bank.anatomy("real:a", model)
        assert found is not None
        assert torch.equal(found, expected)


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


def test_damaged_copies_are_found_and_named(bank: SampleBank) -> None:
    source, lungs = radiograph(), torch.ones(2, 4, 4, dtype=torch.bool)
    bank.put_source(source)
    bank.put_anatomy(source.digest, "model", lungs)
    place = bank._local.sources.place(source.digest.removeprefix("real:"))
    tamper(place, content(place)[:-1] + b"!")
    tamper(bank._local.maps.place(digest_pixels(lungs)), None)
    assert [str(problem).rpartition(" is ")[2].split(";")[0] for problem in bank.verify()] == [
        "damaged",
        "missing",
    ]


def test_samples_made_on_top_of_each_other_are_added_once(bank: SampleBank) -> None:
    made = sample()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bank.add, [made] * 8))
    assert happened(bank) == [("sample", made.digest)]
    (prefix,) = bank._pixels.prefixes()
    assert len(bank._pixels.files(prefix)) == 1
    assert_same(bank.get(made.digest), made)
