"""Every wrong setting and every unusable item is a clear error, before anything is painted."""

import pickle

import numpy as np
import pytest
import torch

from medsynth_aug import FakeSynthesizer
from medsynth_aug.errors import (
    GridError,
    LabelError,
    SettingError,
    UnknownLesionError,
    ValueRangeError,
)
from medsynth_monai import RandSynthesizeLesiond, read_record


@pytest.mark.parametrize("prob", [7, -0.1, float("nan"), True, "half"])
def test_a_prob_outside_0_to_1_is_an_error_not_clamped(painter, prob):
    with pytest.raises(SettingError, match=r"prob is .*it is a probability"):
        painter(prob=prob)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"lesions": {4: "moon"}}, UnknownLesionError, "lesion 'moon' is not registered"),
        ({"lesions": {}}, SettingError, "map classes to lesions"),
        ({"lesions": "nodule"}, SettingError, "map classes to lesions"),
        ({"background": [4]}, LabelError, "one class cannot be both"),
        ({"background": "normal"}, SettingError, r"give a list: \['normal'\]"),
        ({"exclusive": (4,)}, LabelError, "one class cannot be both"),
        ({"weights": {9: 1.0}}, LabelError, "weights has 9, which is not in lesions"),
        ({"weights": {4: -1.0}}, SettingError, "weights are finite"),
        ({"weights": {4: 0.0}}, SettingError, "one of them is above 0"),
        ({"value_range": (1, 0)}, SettingError, "the lower one first"),
        ({"spatial_order": "CHW"}, SettingError, 'use "WH"'),
        ({"spacing_mm": (0.1, -1)}, SettingError, "two positive lengths"),
        ({"seed": -1}, SettingError, "seed is -1"),
        ({"seed": 1.5}, SettingError, "seed is 1.5; it must be a whole number"),
        ({"synthesizer": FakeSynthesizer}, SettingError, "pass an engine"),
        ({"synthesizer": "starter"}, SettingError, "LesionSynthesizer.from_pretrained"),
    ],
)
def test_a_wrong_setting_is_named_when_the_transform_is_made(painter, settings, error, message):
    with pytest.raises(error, match=message):
        painter(**settings)


def test_two_images_for_one_label_are_an_error():
    with pytest.raises(SettingError, match="name one image"):
        RandSynthesizeLesiond(["frontal", "lateral"], FakeSynthesizer(), {1: "nodule"}, [0])


@pytest.mark.parametrize("prob", [0.0, 1.0])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5, -0.2])
def test_values_that_cannot_be_are_an_error_whether_or_not_luck_paints(painter, item, prob, value):
    item["image"][0, 3, 7] = value
    with pytest.raises(ValueRangeError, match="stands after fixed-range scaling"):
        painter(prob=prob)(item)


def test_where_nan_stands_is_told_as_row_and_column(painter, item):
    item["image"][0, 3, 7] = np.nan
    with pytest.raises(ValueRangeError, match=r"\(channel, row, column\) \[0, 7, 3\]"):
        painter()(item)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.zeros(32, 32), r"EnsureChannelFirstd\('image'\)"),
        (torch.zeros(1, 8, 8, 8), "volumes are not painted"),
        (torch.zeros(2, 32, 32), r"a radiograph is \(1, H, W\) or \(3, H, W\)"),
        (torch.zeros(1, 32, 32, dtype=torch.float64), "convert it to one of uint8"),
        ("film.png", r"load it first: LoadImaged\('image'\)"),
    ],
    ids=["no channel", "volume", "two channels", "float64", "a path"],
)
def test_what_is_no_radiograph_is_an_error(painter, image, message):
    with pytest.raises(GridError, match=message):
        painter()({"image": image, "label": 0})


def test_channels_that_differ_are_an_error(painter, item):
    with pytest.raises(ValueRangeError, match="channels of the image differ"):
        painter()({**item, "image": torch.rand(3, 32, 32)})


@pytest.mark.parametrize("prob", [0.0, 1.0])
@pytest.mark.parametrize("key", ["anatomy_key", "keep_mask_key"])
def test_anatomy_and_keep_mask_off_the_grid_are_an_error(painter, item, key, prob):
    with pytest.raises(GridError, match="resample the map onto the image grid"):
        painter(**{key: "map"}, prob=prob)({**item, "map": torch.zeros(2, 8, 8)})


def test_anatomy_needs_two_lungs(painter, item):
    with pytest.raises(GridError, match="needs two: the patient's right lung"):
        painter(anatomy_key="lungs")({**item, "lungs": torch.ones(item["image"].shape)})


@pytest.mark.parametrize("settings", [{"anatomy_key": "lungs"}, {"keep_mask_key": "devices"}])
def test_a_missing_key_is_named_unless_it_may_be_missing(painter, item, settings):
    with pytest.raises(SettingError, match="allow_missing_keys=True"):
        painter(**settings)(item)
    assert painter(**settings, allow_missing_keys=True)(item)["label"] == 4


def test_an_item_without_the_image_passes_only_if_it_may(painter):
    with pytest.raises(SettingError, match="an item has no 'image', only"):
        painter()({"label": 0})
    assert painter(allow_missing_keys=True)({"label": 0}) == {"label": 0, "synthesis": ""}


def test_text_that_is_no_record_is_an_error():
    with pytest.raises(SettingError, match="is not a record"):
        read_record("hello")


@pytest.mark.parametrize("own", [None, "mine", {"a": 1}])
def test_a_record_key_that_the_data_uses_already_is_an_error(painter, item, own):
    with pytest.raises(SettingError, match="choose another record_key"):
        painter()({**item, "synthesis": own})
    assert painter(record_key="painted")({**item, "synthesis": own})["label"] == 4


def test_a_transform_pickles(painter, item):
    transform = painter(seed=2)
    again = pickle.loads(pickle.dumps(transform))
    assert again(item)["synthesis"] == transform(item)["synthesis"] != ""
