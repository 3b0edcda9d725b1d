"""Planning reads only what it chose, once: digests are saved, and forgotten when the data set is another."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medsynth_aug.bank import SampleBank
from medsynth_aug.data import Plan
from medsynth_aug.data.planning.digest_pass import expect_maps
from medsynth_aug.data.planning.wish import Wish
from medsynth_aug.errors import ImageError, SourceChangedError
from medsynth_aug.synthesis import real_source
from medsynth_aug.synthesis.digest import digest_pixels
from tests.data.small import SIDE, Items, pictures, single_label
from tests.data.test_plan import plan

COLOURED = np.stack([np.zeros((SIDE, SIDE), np.uint8), *pictures(2)])
"""An image that is no radiograph: its channels differ."""


class Counted(Items):
    """Counts how often each item was read."""

    def __getitem__(self, index: int) -> Any:
        self.reads = getattr(self, "reads", [])
        self.reads.append(index)
        return super().__getitem__(index)


PROBED = set(np.linspace(0, 39, 8).astype(int).tolist()) | {0, 1, 2, 3}
"""Items that tell whether the data set is another one."""


def counted(**arguments: Any) -> Counted:
    source = single_label(normal=30, rare=10)
    return Counted(source.items, **{"targets": source.targets, "groups": source.groups, **arguments})


def read_of(source: Counted, cache: Path, **arguments: Any) -> tuple[Plan, set[int]]:
    """A plan, and the items that it read beyond the probes."""
    source.reads = []
    made = plan(source, cache=cache, **arguments)
    return made, set(source.reads) - PROBED


def test_what_was_read_before_is_not_read_again(tmp_path: Path) -> None:
    source = counted()
    first, read = read_of(source, tmp_path)
    assert read == set(first.samples.indices.tolist()) - PROBED and read
    again, read = read_of(source, tmp_path)
    assert again == first and not read
    larger, read = read_of(source, tmp_path, max_ratio=2)
    assert read == set(larger.samples.indices.tolist()) - set(first.samples.indices.tolist()) - PROBED
    assert larger == plan(source, max_ratio=2)


def changed(source: Counted, how: str) -> dict[str, Any]:
    """Arguments under which the data set is another one; changes its items where that is how."""
    probed = int(np.linspace(0, 39, 8)[3])
    if how == "a probed item":
        source.items[probed] = (source.items[probed][0] + 1, source.items[probed][1])
    if how == "length":
        source.items = source.items[:-1]
        source.targets, source.groups = source.targets[:-1], source.groups[:-1]
    return {"value range": {"value_range": (0, 300)}, "spacing": {"spacing_mm": (0.5, 0.5)}}.get(how, {})


@pytest.mark.parametrize("how", ["a probed item", "length", "value range", "spacing"])
def test_another_data_set_is_read_anew(how: str, tmp_path: Path) -> None:
    source = counted()
    read_of(source, tmp_path)
    arguments = changed(source, how)
    made, read = read_of(source, tmp_path, **arguments)
    assert read and made == plan(source, **arguments)


def test_the_spacing_of_one_item_is_noticed(tmp_path: Path) -> None:
    source = counted()
    index = min(read_of(source, tmp_path, spacing_mm=[(1.0, 1.0)] * 40)[1])
    other = [(1.0, 1.0)] * 40
    other[index] = (2.0, 2.0)
    made, read = read_of(source, tmp_path, spacing_mm=other)
    assert read == {index} and made == plan(source, spacing_mm=other)


def test_a_pass_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    source = counted()
    order = plan(source).samples.indices.tolist()
    bad = next(index for index in reversed(order) if index not in PROBED)
    good, source.items[bad] = source.items[bad], (COLOURED, 0)
    with pytest.raises(ImageError, match=f"item {bad} "):
        read_of(source, tmp_path)
    source.items[bad] = good
    made, read = read_of(source, tmp_path)
    assert read == set(order[order.index(bad) :]) - PROBED and made == plan(source)


def test_a_bad_item_that_is_not_chosen_does_no_harm(tmp_path: Path) -> None:
    source = counted()
    for index in range(30, 40):
        source.items[index] = (np.full((SIDE, SIDE), np.nan, np.float32), 3)
    assert len(read_of(source, tmp_path)[0]) == 10


def test_a_damaged_save_is_read_anew(tmp_path: Path) -> None:
    source = counted()
    made, read = read_of(source, tmp_path)
    (part,) = tmp_path.glob("digests/*/source/*.json")
    for text in ("", "[[", '{"a": 1}', "[1, 2]"):
        part.write_text(text)
        assert read_of(source, tmp_path) == (made, read)


class Maps:
    """Keep-masks of one value each, counting how often one was asked for."""

    def __init__(self, shift: int = 0) -> None:
        self.asked: list[int] = []
        self.shift = shift

    def __call__(self, index: int) -> torch.Tensor | None:
        self.asked.append(index)
        if index % 3 == 0:
            return None
        map_ = torch.zeros(1, SIDE, SIDE, dtype=torch.bool)
        map_[0, 0, (index + self.shift) % SIDE] = True
        return map_


def test_maps_are_asked_for_once_and_anew_when_they_changed(tmp_path: Path) -> None:
    source, maps, other = counted(), Maps(), Maps(1)
    arguments: Any = {"max_ratio": 3, "cache": tmp_path}
    made = plan(source, keep_mask=maps, **arguments)
    chosen = set(made.samples.indices.tolist())
    assert len(chosen) > 16 and set(maps.asked) == chosen and len(maps.asked) == len(chosen)
    maps.asked = []
    assert plan(source, keep_mask=maps, **arguments) == made and len(maps.asked) <= 8
    again = plan(source, keep_mask=other, **arguments)
    assert again == plan(source, max_ratio=3, keep_mask=other) != made
    assert plan(source, **arguments) == plan(source, max_ratio=3)


def test_maps_that_are_not_those_of_the_plan_are_noticed() -> None:
    made = plan(counted(), keep_mask=Maps())
    item = next(item for item in made.samples.items if item.keep_mask_digest)
    arguments: Any = {"lesions": {3: "nodule"}}
    (found,) = expect_maps(Wish(**arguments, keep_mask=Maps()), item).values()
    assert digest_pixels(found) == item.keep_mask_digest
    for keep_mask in (Maps(1), None):
        with pytest.raises(SourceChangedError, match=f"the keep_mask of item {item.index} is not the one"):
            expect_maps(Wish(**arguments, keep_mask=keep_mask), item)


def test_copies_let_a_plan_be_carried_out_without_the_data_set(tmp_path: Path) -> None:
    source, bank = counted(), SampleBank(tmp_path)
    first, _ = read_of(source, tmp_path)
    made, read = read_of(source, tmp_path, copies=bank, keep_mask=Maps())
    assert read == set(first.samples.indices.tolist()) - PROBED
    for sample in made.samples:
        copy = bank.source(sample.request.source)
        assert copy is not None
        assert torch.equal(
            copy.pixels, real_source(torch.from_numpy(source.items[sample.index][0])[None]).pixels
        )
        digest = sample.request.keep_mask_digest
        assert digest is None or bank.map(digest)[0, 0, sample.index % SIDE]
    assert not read_of(source, tmp_path, copies=bank)[1]


def test_no_digest_is_saved_unless_a_folder_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan(counted())
    assert not list(tmp_path.iterdir())
    plan(counted(), cache="cache")
    (part,) = Path("cache").glob("digests/*/source/*.json")
    entries = dict(json.loads(part.read_text()))
    assert set(entries) == set(plan(counted()).samples.indices.tolist())
    assert entries[min(entries)][1:] == ["uint8", [1, SIDE, SIDE], None]


def test_a_data_set_of_many_sizes_keeps_each_shape() -> None:
    sizes = [(20 + n, 30 + n) for n in range(8)]
    images = [pictures(1)[0][:h, :w] for h, w in sizes]
    labels = [0] * 6 + [3] * 2
    source = Items(list(zip(images, labels)), targets=labels, groups=[str(n) for n in range(8)])
    made = plan(source)
    assert {item.index: item.shape for item in made.samples.items} == {
        index: (1, *sizes[index]) for index in made.samples.indices.tolist()
    }
