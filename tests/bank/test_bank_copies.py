"""What a bank promises of the sources and maps that it keeps copies of, on every backend."""

from dataclasses import replace

import pytest
import torch

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import BankError, SourceChangedError
from medsynth_aug.synthesis.digest import digest_pixels
from tests.bank.backends import BACKENDS, content, tamper
from tests.bank.material import DTYPES, radiograph, request


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


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


def test_copies_that_the_queue_needs_and_that_are_gone_are_found_and_named(bank: SampleBank) -> None:
    source, other = radiograph(), radiograph(1)
    mask = torch.ones(1, 96, 99, dtype=torch.bool)
    for each in (source, other):
        bank.put_source(each)
    asked = request(source, mask_digest=bank.put_map(mask))
    bank.wanted.add([asked, replace(asked, source=f"sample:{asked.digest}")], priority=1)
    assert bank.verify() == []
    place = bank._local.sources.place(source.digest.removeprefix("real:"))
    tamper(place, None)
    tamper(bank._local.sources.place(other.digest.removeprefix("real:")), None)
    tamper(bank._local.maps.place(digest_pixels(mask)), None)
    first, second = map(str, bank.verify())
    assert first.startswith(f"{place} is missing, and a request in the queue needs it; restore it")
    assert f"{bank._local.maps.place(digest_pixels(mask))} is missing" in second
    bank.put_source(source)
    bank.put_map(mask)
    assert bank.verify() == []
