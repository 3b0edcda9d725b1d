"""The data set: real items untouched, synthetic ones true to their label, an index always the same."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from medsynth_aug.bank import SampleBank
from medsynth_aug.data import RebalancedDataset
from medsynth_aug.data.items.item import same
from medsynth_aug.errors import BankError, MedsynthError, PlanError, SettingError, SourceChangedError
from medsynth_aug.synthesis import FakeSynthesizer
from tests.data.small import SIDE, Flickering, Items, Refusing, pictures, single_label


def rebalance(source: Any, bank: Any, synthesizer: Any = None, **arguments: Any) -> RebalancedDataset:
    given: Any = {"lesions": {3: "nodule"}, "background": [0], "progress": False, **arguments}
    return RebalancedDataset(source, synthesizer, bank=bank, **given)


FAKE = FakeSynthesizer()


class Counting(FakeSynthesizer):
    """Counts the jobs that it was given."""

    jobs = 0

    def synthesize(self, jobs: Any, on_step: Any = None) -> Any:
        self.jobs += len(jobs)
        return super().synthesize(jobs, on_step)


def test_real_items_come_first_and_untouched(tmp_path: Path) -> None:
    source = single_label()
    data = rebalance(source, tmp_path, FAKE)
    assert len(data) == 20
    assert all(data[index] is source.items[index] for index in range(16))
    assert [data.is_synthetic(index) for index in (0, 15, 16, 19, -1)] == [False, False, True, True, True]


def test_synthetic_items_carry_the_class_and_differ_only_in_the_edit_region(tmp_path: Path) -> None:
    source = single_label()
    data = rebalance(source, tmp_path, FAKE)
    for index in range(16, 20):
        image, label = data[index]
        background, _ = source.items[data.plan.samples[index - 16].index]
        sample = data.sample(index)
        assert label == data.targets[index] == 3 and image.dtype == np.uint8
        assert ((image != background) <= sample.edit_region[0].numpy()).all()
        assert (image != background).any()
    assert data.groups[16:] == [sample.patient for sample in data.plan.samples]
    assert data.sampling_strategy_ == {3: (8, 4)}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("form", ["HW", "HW3", "1HW tensor"])
def test_every_dtype_and_layout_keeps_its_background_bit_for_bit(
    tmp_path: Path, dtype: Any, form: str
) -> None:
    made: Any = {
        "HW": lambda image: image,
        "HW3": lambda image: np.repeat(image[:, :, None], 3, 2),
        "1HW tensor": lambda image: torch.from_numpy(image)[None],
    }[form]
    items = [(made(image), 3 * (index == 4)) for index, image in enumerate(pictures(5, dtype=dtype))]
    data = rebalance(Items(items), tmp_path, FAKE, groups="each-image", value_range=(0, 255))
    new, old = data[5][0], items[data.plan.samples[0].index][0]
    assert type(new) is type(old) and new.dtype == old.dtype and new.shape == old.shape
    grey = np.asarray(new != old).reshape(SIDE, SIDE, -1).any(axis=2)
    assert grey.any() and (grey <= data.sample(5).edit_region[0].numpy()).all()


def test_an_index_always_gives_the_same_item(tmp_path: Path) -> None:
    data = rebalance(single_label(), tmp_path / "a", FAKE)
    again = rebalance(single_label(), tmp_path / "b", FAKE)
    for index in (17, 3, 19, 17, -1):
        assert same(data[index], again[index])
    for index in (20, -21):
        with pytest.raises(IndexError, match="outside a data set of 20"):
            data[index]
    with pytest.raises(IndexError, match="real item"):
        data.sample(0)


def test_a_second_run_makes_nothing_and_needs_no_synthesizer(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    data = rebalance(single_label(), tmp_path, first)
    again = rebalance(single_label(), SampleBank(tmp_path), second)
    without = rebalance(single_label(), tmp_path)
    assert (first.jobs, second.jobs) == (4, 0)
    assert all(same(data[index], again[index]) and same(data[index], without[index]) for index in range(20))


def test_without_a_synthesizer_other_arguments_are_refused(tmp_path: Path) -> None:
    rebalance(single_label(), tmp_path, FAKE)
    with pytest.raises(PlanError, match="was not filled with these arguments"):
        rebalance(single_label(), tmp_path, seed=5)
    with pytest.raises(PlanError, match="was not filled"):
        rebalance(single_label(), tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_a_sample_that_went_missing_is_told_and_made_again(tmp_path: Path) -> None:
    data = rebalance(single_label(), tmp_path, FAKE)
    lost, item = data.sample(18).digest, data[18]
    data.bank.forget(lost)
    with pytest.raises(PlanError, match="lacks 1 of 4 samples"):
        rebalance(single_label(), tmp_path)
    assert same(rebalance(single_label(), tmp_path, FAKE)[18], item)


def test_refused_samples_make_the_data_set_shorter_and_that_is_told(tmp_path: Path, capsys: Any) -> None:
    data = rebalance(single_label(), tmp_path, Refusing(), progress=True)
    assert len(data) == 18 == len(data.targets) == len(data.groups)
    assert data.sampling_strategy_ == {3: (8, 2)}
    assert [sample.request.slot for sample in data.plan.samples] == ["3/0", "3/2"]
    assert "2 refused, most often because: no place" in capsys.readouterr().err


def test_a_set_that_needs_nothing_is_just_itself(tmp_path: Path) -> None:
    data = rebalance(single_label(), tmp_path, FAKE, sampling_strategy={3: 4})
    assert len(data) == 16
    assert len(rebalance(single_label(), tmp_path, None, sampling_strategy={3: 4})) == 16


def test_multi_label_dicts_keep_their_other_fields(tmp_path: Path) -> None:
    rows = torch.tensor([[1.0, 0, -1], [1, 0, -1], [0, 1, 0]])
    items = [
        {
            "image": torch.from_numpy(image)[None],
            "label": row,
            "mask": torch.zeros(1, SIDE, SIDE),
            "id": str(i),
        }
        for i, (image, row) in enumerate(zip(pictures(3), rows))
    ]
    data = rebalance(
        Items(items), tmp_path, FAKE, groups="each-image", lesions={1: "nodule"}, background=None,
        exclusive=[0], sampling_strategy={1: 2},
    )  # fmt: skip
    item = data[3]
    assert torch.equal(item["label"], torch.tensor([0.0, 1, -1]))
    assert item["id"] == str(data.plan.samples[0].index)
    assert torch.equal(item["mask"] > 0, data.sample(3).mask)
    assert data.targets.shape == (4, 3) and list(data.targets[3]) == [0, 1, -1]


def test_pil_in_pil_out(tmp_path: Path) -> None:
    items = [(Image.fromarray(image), label) for image, label in single_label().items]
    image, label = rebalance(Items(items), tmp_path, FAKE, groups="each-image")[-1]
    assert isinstance(image, Image.Image) and image.mode == "L" and label == 3


def test_the_transform_sees_every_item_whole(tmp_path: Path) -> None:
    data = rebalance(single_label(), tmp_path, FAKE, transform=lambda item: (item[0].shape, item[1] * 2))
    assert data[0] == ((SIDE, SIDE), 0) and data[19] == ((SIDE, SIDE), 6)


def test_the_users_own_mask_wins(tmp_path: Path) -> None:
    mask = torch.zeros(1, SIDE, SIDE, dtype=torch.bool)
    mask[:, 30:40, 20:28] = True
    data = rebalance(single_label(), tmp_path, FAKE, masks=lambda index: mask)
    assert all(torch.equal(data.sample(index).mask, mask) for index in range(16, 20))


def test_labels_are_read_from_the_items_once_and_saved(tmp_path: Path) -> None:
    source = single_label()
    del source.targets
    rebalance(source, tmp_path, FAKE)
    (saved,) = (tmp_path / "labels").iterdir()
    saved.write_text(saved.read_text()[:-2] + "0]")
    assert rebalance(source, tmp_path, FAKE).targets[15] == 0
    other = single_label(normal=10)
    del other.targets
    assert rebalance(other, tmp_path, FAKE).targets[13] == 3


def test_a_source_that_augments_is_refused_at_once(tmp_path: Path) -> None:
    augmenting = Flickering(single_label().items, targets=single_label().targets)
    with pytest.raises(SourceChangedError, match=r"item 0 .*read differently twice.*transform="):
        rebalance(augmenting, tmp_path / "bank", FAKE, groups="each-image")
    assert not (tmp_path / "bank").exists()


def test_a_source_that_changes_later_is_noticed_when_served(tmp_path: Path) -> None:
    source = single_label()
    data = rebalance(source, tmp_path, FAKE)
    index = data.plan.samples[0].index
    source.items[index] = (source.items[index][0] + 1, 0)
    with pytest.raises(SourceChangedError, match=f"item {index} "):
        data[16]
    assert data[0] is source.items[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"mode": "live"}, 'mode is \'live\'; use "cached" or "on_the_fly"'),
        ({"mode": "on_the_fly", "on_late": "skip"}, "on_late is 'skip'"),
        ({"mode": "on_the_fly", "reuse": 0}, "reuse is 0; it must be at least 1"),
    ],
)
def test_other_modes_are_refused(tmp_path: Path, arguments: Any, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        rebalance(single_label(), tmp_path, FAKE, **arguments)


def test_on_the_fly_without_a_synthesizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="needs a synthesizer; a bank that was filled before"):
        rebalance(single_label(), tmp_path, None, mode="on_the_fly")


def test_a_file_in_place_of_the_bank_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bank").write_text("not a folder")
    with pytest.raises(BankError, match="another path"):
        rebalance(single_label(), tmp_path / "bank", FAKE)


@pytest.mark.parametrize("arguments", [{"lesions": {3: "gout"}}, {"max_ratio": 99}, {"background": [7]}])
def test_nothing_is_left_behind_by_a_bad_argument(tmp_path: Path, arguments: Any) -> None:
    with pytest.raises(MedsynthError):
        rebalance(single_label(), tmp_path / "bank", FAKE, **arguments)
    assert not (tmp_path / "bank").exists()


def test_it_pickles_without_the_synthesizer_or_the_users_functions(tmp_path: Path) -> None:
    data = rebalance(
        single_label(), tmp_path, FAKE, spacing_mm=lambda index: (1.0, 1.0), masks=lambda index: None
    )
    travelled = pickle.loads(pickle.dumps(data))
    assert all(same(travelled[index], data[index]) for index in range(20))


def test_global_random_state_is_neither_read_nor_changed(tmp_path: Path) -> None:
    torch.manual_seed(1)
    before, legacy = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    data = rebalance(single_label(), tmp_path / "a", FAKE)
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == legacy).all()  # noqa: NPY002
    torch.manual_seed(2)
    assert same(rebalance(single_label(), tmp_path / "b", FAKE)[18], data[18])
