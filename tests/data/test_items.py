"""Items keep their form: what goes in as PIL, NumPy or torch comes out as that."""

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from medsynth_aug.data.items.item import ItemAdapter, Parts, check_comes_back, infer_item, same
from medsynth_aug.data.items.pixels import read_pixels, write_pixels
from medsynth_aug.errors import GridError, LabelError, SettingError
from tests.data.small import pictures

Pair = namedtuple("Pair", ["image", "label"])
GREY = pictures(1)[0]
DTYPES = (np.uint8, np.uint16, np.int16, np.float32)


@given(
    dtype=st.sampled_from(DTYPES),
    layout=st.sampled_from(["HW", "HWC", "CHW"]),
    channels=st.sampled_from([1, 3]),
    tensor=st.booleans(),
    height=st.integers(4, 9),
    width=st.integers(4, 9),
)
def test_arrays_come_back_equal_in_every_layout(
    dtype: Any, layout: str, channels: int, tensor: bool, height: int, width: int
) -> None:
    grey = np.arange(height * width).reshape(height, width).astype(dtype)
    image: Any = {
        "HW": grey,
        "HWC": np.repeat(grey[:, :, None], channels, 2),
        "CHW": np.repeat(grey[None], channels, 0),
    }[layout]
    image = torch.from_numpy(image.copy()) if tensor else image
    pixels = read_pixels(image)
    assert pixels.shape == (1 if layout == "HW" else channels, height, width)
    assert (pixels[0].numpy() == grey).all()
    assert same(write_pixels(image, pixels), image)


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16", "F"])
def test_pil_images_come_back_equal(mode: str) -> None:
    image = {
        "L": Image.fromarray(GREY),
        "RGB": Image.fromarray(np.repeat(GREY[:, :, None], 3, 2)),
        "I;16": Image.fromarray(GREY.astype(np.uint16) * 200),
        "F": Image.fromarray(GREY.astype(np.float32)),
    }[mode]
    assert image.mode == mode
    assert same(write_pixels(image, read_pixels(image)), image)


def test_a_pil_mode_that_would_lose_pixels_is_refused() -> None:
    with pytest.raises(GridError, match=r"mode 'RGBA'.*convert"):
        read_pixels(Image.new("RGBA", (4, 4)))


def test_a_tensor_subclass_keeps_its_type_and_its_metadata() -> None:
    from monai.data import MetaTensor

    image = MetaTensor(torch.from_numpy(GREY)[None], affine=torch.diag(torch.tensor([2.0, 3, 1, 1])))
    written = write_pixels(image, read_pixels(image) // 2)
    assert isinstance(written, MetaTensor)
    assert torch.equal(written.affine, image.affine)
    assert bool((written.as_tensor() == image.as_tensor() // 2).all())


@pytest.mark.parametrize(
    ("item", "adapter"),
    [
        ((GREY, 1), ItemAdapter(image=0, label=1)),
        (Pair(GREY, 1), ItemAdapter(image=0, label=1)),
        ([1, Image.fromarray(GREY)], ItemAdapter(image=1, label=0)),
        ((GREY, np.array([0.0, 1.0]), GREY > 99), ItemAdapter(image=0, label=1, mask=2)),
        ({"img": GREY, "target": 2, "id": "a"}, ItemAdapter(image="img", label="target")),
        (
            {"image": GREY, "label": "x", "mask": GREY > 99, "boxes": np.zeros((0, 4))},
            ItemAdapter(image="image", label="label", mask="mask", boxes="boxes"),
        ),
        ((GREY, torch.zeros(2, 4), 1), ItemAdapter(image=0, boxes=1, label=2)),
    ],
)
def test_the_adapter_is_inferred_and_the_item_comes_back(item: Any, adapter: ItemAdapter) -> None:
    assert infer_item(item) == adapter
    check_comes_back(adapter, item)


def test_rebuilding_changes_only_the_parts_and_leaves_the_item_alone() -> None:
    item = {"image": GREY, "label": 0, "id": "a"}
    rebuilt = infer_item(item).rebuild(item, Parts(GREY + 1, 3))
    assert (rebuilt["image"] == GREY + 1).all() and rebuilt["label"] == 3 and rebuilt["id"] == "a"
    assert item["image"] is GREY and item["label"] == 0


@pytest.mark.parametrize("item", [{"label": 1}, (1, 2), "file.png"])
def test_an_item_without_an_image_says_how_to_name_its_place(item: Any) -> None:
    with pytest.raises(SettingError, match=r"no image was found .*ItemAdapter\(image="):
        infer_item(item)


def test_a_place_that_is_not_there_is_named() -> None:
    with pytest.raises(LabelError, match="nothing at 'finding'"):
        ItemAdapter(image="image", label="finding").read({"image": GREY})
