"""Natural mistakes in the arguments of a data set get an error that says what to give instead."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import RandomSampler

from medsynth_aug.data import RebalancedDataset, plan_rebalancing
from medsynth_aug.data.items.item import same
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis import FakeSynthesizer
from tests.data.small import single_label


def rebalance(bank: Any, synthesizer: Any = None, **arguments: Any) -> RebalancedDataset:
    given = {"lesions": {3: "nodule"}, "background": [0], "progress": False, **arguments}
    return RebalancedDataset(single_label(), synthesizer or FakeSynthesizer(), bank=bank, **given)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RebalancedDataset]:
    """20 items, of which the last 4 are painted on the fly."""
    data = rebalance(tmp_path_factory.mktemp("bank"), mode="on_the_fly")
    yield data
    data.close()


@pytest.mark.parametrize("mode", ["cached", "on_the_fly"])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"synthesizer": "starter"}, r"synthesizer is 'starter'; pass an engine, for example Lesion.*\("),
        ({"synthesizer": FakeSynthesizer}, "pass an engine"),
        ({"lesions": ["nodule"]}, r"lesions is \['nodule'\]; name a lesion for a class"),
        ({"lesions": "nodule"}, "lesions is 'nodule'; name"),
        ({"bank": None}, 'bank is None; give its folder, for example bank="bank/", or a SampleBank'),
        ({"bank": 3}, "bank is 3; give"),
        ({"seed": "a"}, "seed is 'a'; it must be a whole number"),
        ({"seed": 1.5}, "seed is 1.5; it must"),
        ({"ahead": 1.5}, "ahead is 1.5; it must"),
        ({"reuse": "2"}, "reuse is '2'; it must"),
        ({"batch_size": None}, "batch_size is None; it must"),
        ({"on_late": "x"}, 'on_late is \'x\'; use "wait" or "reuse"'),
    ],
)
def test_a_wrong_argument_is_named(tmp_path: Path, mode: str, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        rebalance(**{"bank": tmp_path / "bank", "mode": mode, **arguments})
    assert not (tmp_path / "bank").exists()


def test_a_plan_names_them_too() -> None:
    given: Any = {"lesions": {3: "nodule"}, "background": [0], "progress": False}
    with pytest.raises(SettingError, match="synthesizer is 'starter'"):
        plan_rebalancing(single_label(), "starter", **given)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="seed is 'a'"):
        plan_rebalancing(single_label(), FakeSynthesizer(), seed="a", **given)


def test_numpys_integers_are_as_good_as_pythons(tmp_path: Path) -> None:
    plain = rebalance(tmp_path / "a", seed=7)
    numpys = rebalance(tmp_path / "b", seed=np.int64(7), batch_size=np.int32(8))
    assert all(same(plain[index], numpys[np.int64(index)]) for index in (0, 16, 19))
    assert same(plain[-1], plain[torch.tensor(19)])  # type: ignore[index]


@pytest.mark.parametrize("index", [slice(0, 2), 1.5, "1", None, [1, 2]])
def test_an_index_is_a_whole_number(live: RebalancedDataset, index: Any) -> None:
    for read in (live.__getitem__, live.sample, live.is_synthetic, live.is_sham):
        with pytest.raises(SettingError, match=r"index of the data set is .*; it must be a whole number"):
            read(index)


@pytest.mark.parametrize("epoch", ["a", 1.5, None, -1, 2**31])
def test_an_epoch_is_a_whole_number_that_can_be_counted(live: RebalancedDataset, epoch: Any) -> None:
    for sampler in (live, live.follow([0, 1])):
        with pytest.raises(SettingError, match=f"epoch is {epoch!r}; "):
            sampler.set_epoch(epoch)


@pytest.mark.parametrize("sampler", [iter([1, 2]), (index for index in range(3)), None, 3])
def test_a_sampler_that_cannot_be_read_anew_is_refused(live: RebalancedDataset, sampler: Any) -> None:
    with pytest.raises(SettingError, match=r"sampler is a .*every epoch .* a list of indices, or a sampler"):
        live.follow(sampler)


def test_lists_ranges_and_samplers_can_be_followed(live: RebalancedDataset) -> None:
    for sampler in ([1, 2], range(2), np.arange(2), RandomSampler(live, num_samples=2)):
        followed = live.follow(sampler)
        assert len(followed) == 2 == len(list(followed)) == len(list(followed))


def test_a_sampler_of_batches_is_told_that_it_yields_no_indices(live: RebalancedDataset) -> None:
    with pytest.raises(SettingError, match=r"index of the sampler is \[0, 1\]; it must be a whole number"):
        list(live.follow([[0, 1], [2, 3]]))  # type: ignore[list-item]
