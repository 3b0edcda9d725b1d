"""What the transform does to one item: image, label, mask and record together, the rest bit for bit."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.data import MetaTensor

from medsynth_aug import FakeSynthesizer
from medsynth_monai import RandSynthesizeLesiond, read_record
from tests.monai.recording import RecordingSynthesizer


def bits(image) -> torch.Tensor:
    tensor = image.as_tensor() if isinstance(image, MetaTensor) else torch.as_tensor(image)
    return tensor.contiguous().view(torch.uint8 if tensor.dtype == torch.uint8 else torch.int32)


def test_a_background_item_gets_image_label_mask_and_record_together(painter, item):
    painted = painter(mask_key="mask")(item)
    assert painted["label"] == 4
    assert painted["mask"].shape == painted["image"].shape
    assert painted["mask"].any()
    assert not torch.equal(painted["image"], item["image"])
    record = read_record(painted["synthesis"])
    assert record.refusal is None
    assert record.request.lesion.name == "nodule"
    assert record.request.source.startswith("real:")


def test_another_class_passes_untouched(painter, item):
    passed = painter(mask_key="mask")({**item, "label": 2})
    assert passed["label"] == 2
    assert torch.equal(bits(passed["image"]), bits(item["image"]))
    assert not passed["mask"].any()
    assert read_record(passed["synthesis"]) is None


@pytest.mark.parametrize(("prob", "count"), [(0.0, 0), (1.0, 20)])
def test_prob_0_never_paints_and_prob_1_always_does(painter, item, prob, count):
    transform = painter(prob=prob)
    assert sum(transform(item)["label"] == 4 for _ in range(20)) == count


def test_prob_is_the_share_of_background_items_that_are_painted(painter, item):
    small = {**item, "image": item["image"][:, ::4, ::4]}
    transform = painter(prob=0.25)
    assert 70 <= sum(transform(small)["label"] == 4 for _ in range(400)) <= 130


def test_weights_favour_a_lesion(painter, item):
    small = {**item, "image": item["image"][:, ::4, ::4]}
    transform = painter(lesions={4: "nodule", 5: "nodule"}, weights={5: 9.0})
    labels = [transform(small)["label"] for _ in range(200)]
    assert 160 <= labels.count(5) < 200


def test_a_lesion_of_weight_0_is_never_painted(painter, item):
    small = {**item, "image": item["image"][:, ::4, ::4]}
    transform = painter(lesions={4: "nodule", 5: "nodule"}, weights={5: 0.0})
    assert {transform(small)["label"] for _ in range(50)} == {4}


def test_the_item_that_came_in_is_not_changed(painter, item):
    item["mask"] = torch.zeros(item["image"].shape, dtype=torch.uint8)
    before, keys = copy.deepcopy(item), list(item)
    painter(mask_key="mask")(item)
    assert list(item) == keys
    assert torch.equal(bits(item["image"]), bits(before["image"]))
    assert not item["mask"].any()
    assert item["image"].meta.keys() == before["image"].meta.keys()
    assert item["label"] == 0


def test_affine_meta_and_applied_operations_travel_to_image_and_mask(painter, item):
    item["image"].affine = torch.diag(torch.tensor([0.5, 0.25, 1.0, 1.0], dtype=torch.float64))
    item["image"].applied_operations = [{"class": "Resize"}]
    painted = painter(mask_key="mask")(item)
    for key in ("image", "mask"):
        assert isinstance(painted[key], MetaTensor)
        assert torch.equal(painted[key].affine, item["image"].affine)
        assert painted[key].meta["patient"] == "p1"
        assert painted[key].applied_operations == [{"class": "Resize"}]
    assert painted["image"].dtype == item["image"].dtype


def test_plain_tensors_and_arrays_come_back_as_such(painter, item):
    tensor = item["image"].as_tensor()
    assert type(painter()({**item, "image": tensor})["image"]) is torch.Tensor
    array = painter(mask_key="mask")({**item, "image": tensor.numpy()})
    assert type(array["image"]) is np.ndarray and type(array["mask"]) is np.ndarray


@given(
    width=st.integers(24, 90),
    height=st.integers(24, 90),
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from([torch.float32, torch.uint8]),
    order=st.sampled_from(["WH", "HW"]),
    seed=st.integers(0, 2**31),
)
def test_pixels_outside_the_edit_region_never_change(width, height, channels, dtype, order, seed):
    generator = torch.Generator().manual_seed(seed)
    grey = torch.rand((1, width, height), generator=generator)
    image = MetaTensor((grey * 255).to(dtype) if dtype == torch.uint8 else grey).expand(channels, -1, -1)
    synthesizer = RecordingSynthesizer()
    transform = RandSynthesizeLesiond(
        "image",
        synthesizer,
        {1: "nodule"},
        [0],
        prob=1.0,
        value_range=(0, 255) if dtype == torch.uint8 else (0, 1),
        spatial_order=order,
        seed=seed,
    )
    painted = transform({"image": image, "label": 0})
    region = synthesizer.results[-1].edit_region
    region = (region.transpose(1, 2) if order == "WH" else region).expand(channels, -1, -1)
    assert painted["image"].dtype == dtype
    assert torch.equal(bits(painted["image"])[~region], bits(image)[~region])
    assert not torch.equal(bits(painted["image"])[region], bits(image)[region])


def test_a_refusal_leaves_the_item_untouched_and_says_why(painter, item):
    no_lungs = torch.zeros((2, *item["image"].shape[1:]))
    passed = painter(mask_key="mask", anatomy_key="lungs")({**item, "lungs": no_lungs})
    assert passed["label"] == 0
    assert torch.equal(bits(passed["image"]), bits(item["image"]))
    assert not passed["mask"].any()
    record = read_record(passed["synthesis"])
    assert "no place for nodule" in record.refusal
    assert record.request.attempt == 2


def test_nothing_is_painted_over_the_keep_mask(painter, item):
    keep = torch.zeros(item["image"].shape, dtype=torch.bool)
    keep[:, :, ::2] = True
    painted = painter(keep_mask_key="devices")({**item, "devices": keep})
    assert painted["label"] == 4
    assert torch.equal(bits(painted["image"])[keep], bits(item["image"])[keep])
    assert read_record(painted["synthesis"]).request.keep_mask_digest is not None


def test_an_item_is_painted_once_in_a_chain(painter, item):
    first = painter(background=lambda label: True)
    once = first(item)
    twice = first(once)
    assert twice["synthesis"] == once["synthesis"]
    assert torch.equal(bits(twice["image"]), bits(once["image"]))


def test_the_record_gives_the_same_pixels_again(painter, item):
    synthesizer = RecordingSynthesizer()
    painted = painter(synthesizer=synthesizer)(item)
    job = synthesizer.jobs[-1]
    request = read_record(painted["synthesis"]).request
    assert request == job.request
    again = FakeSynthesizer().synthesize([job])[0].image
    assert torch.equal(bits(again.transpose(1, 2)), bits(painted["image"]))
