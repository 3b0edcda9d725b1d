"""Where the pixels of a source come from."""

from dataclasses import replace

import pytest
import torch

from medsynth_aug.bank import SampleBank, SourceStore
from medsynth_aug.errors import SourceChangedError, SourceNotFoundError
from tests.bank.material import radiograph, sample


def test_the_users_own_data_come_first(bank: SampleBank) -> None:
    source = radiograph()
    bank.put_source(source)
    by_table = SourceStore(bank, {source.digest: lambda: source})
    by_call = SourceStore(bank, lambda digest: source if digest == source.digest else None)
    assert by_table.get(source.digest) is source
    assert by_call.get(source.digest) is source


def test_the_banks_copy_serves_what_the_data_do_not_have(bank: SampleBank) -> None:
    source = radiograph()
    bank.put_source(source)
    for store in (SourceStore(bank), SourceStore(bank, {}), SourceStore(bank, lambda digest: None)):
        assert torch.equal(store.get(source.digest).pixels, source.pixels)


def test_a_stored_sample_is_a_source(bank: SampleBank) -> None:
    made = sample(dtype=torch.uint16)
    bank.add(made)
    found = SourceStore(bank).get(f"sample:{made.digest}")
    assert found.digest == f"sample:{made.digest}"
    assert torch.equal(found.pixels, made.image)
    assert (found.value_range, found.spacing) == (made.value_range, made.spacing)


def test_a_source_that_is_nowhere_is_named_with_the_way_out(bank: SampleBank) -> None:
    with pytest.raises(SourceNotFoundError, match=r"no pixels are known for real:abc, .*lookups.*put_source"):
        SourceStore(bank).get("real:abc")
    with pytest.raises(SourceNotFoundError, match=r"sample:abc is not in .*; generate that sample first"):
        SourceStore(bank).get("sample:abc")
    with pytest.raises(SourceNotFoundError, match="a whole image has no pixels"):
        SourceStore(bank).get("none")


def test_data_that_read_differently_are_an_error(bank: SampleBank) -> None:
    source, other = radiograph(0), radiograph(1)
    store = SourceStore(bank, {source.digest: lambda: other})
    with pytest.raises(
        SourceChangedError, match=rf"give {other.digest} where {source.digest} was read before"
    ):
        store.get(source.digest)


def test_a_store_reads_no_more_than_what_was_asked(bank: SampleBank) -> None:
    source = radiograph()

    def unwanted() -> None:
        raise AssertionError("read without being asked")

    store = SourceStore(
        bank, {source.digest: lambda: source, replace(source, digest="real:x").digest: unwanted}
    )
    assert store.get(source.digest) is source
