"""Items of torchvision's tv_tensors: painted as such, and moved together by its transforms."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2

from medsynth_aug.data.items.item import ItemAdapter, Parts, check_comes_back, infer_item
from medsynth_aug.data.items.painting import paint
from medsynth_aug.data.items.tv import as_tv_tensors
from medsynth_aug.errors import GridError
from medsynth_aug.synthesis import SyntheticSample
from medsynth_aug.types import Box, ValueRange, box_of
from tests.synthesis.material import job, thorax

SHAPE = (64, 48)
BOX = Box(10, 20, 22, 30)
ADAPTER = ItemAdapter(image="image", label="label", mask="mask", boxes="boxes")
LEVEL = {torch.uint8: 200, torch.uint16: 4000, torch.int16: 900, torch.float32: 0.75}


def lesion_image(dtype: torch.dtype) -> torch.Tensor:
    """Black but for the pixels of `BOX`, so that image, mask and box can be compared."""
    image = torch.zeros(1, *SHAPE)
    image[:, BOX.y0 : BOX.y1, BOX.x0 : BOX.x1] = LEVEL[dtype]
    return image.to(dtype)


def item_of(dtype: torch.dtype) -> dict[str, Any]:
    image = lesion_image(dtype)
    return {
        "image": image.numpy(), "label": 3, "mask": image[0].numpy() > 0,
        "boxes": np.array([BOX], np.float32), "id": "a",
    }  # fmt: skip


def sample_of(image: torch.Tensor, value_range: tuple[float, float] = (0, 255)) -> SyntheticSample:
    """A lesion at `BOX`."""
    mask = lesion_image(torch.uint8) > 0
    return SyntheticSample(job(thorax()).request, image, mask, mask, ValueRange(*value_range))


def seen(item: dict[str, Any]) -> tuple[Box | None, Box | None, Box]:
    """The box round the bright half of the image, round the mask, and the box that the item states."""
    image = item["image"].to(torch.float32)
    stated = [int(value) for value in v2.functional.convert_bounding_box_format(
        item["boxes"], new_format=tv_tensors.BoundingBoxFormat.XYXY
    )[-1].round()]  # fmt: skip
    return (
        box_of(image > image.max() / 2),
        box_of(item["mask"].reshape(1, *item["mask"].shape[-2:]) > 0),
        Box(*stated),
    )


MOVES = {
    "flip": v2.RandomHorizontalFlip(p=1),
    "crop": v2.CenterCrop((40, 40)),
    "pad": v2.Pad([3, 5]),
    "resize": v2.Resize((128, 96), interpolation=InterpolationMode.NEAREST),
    "quarter turn": v2.RandomRotation((90, 90), expand=True),
    "flip, resize, sanitise": v2.Compose(
        [
            v2.RandomHorizontalFlip(p=1),
            v2.Resize((32, 24), interpolation=InterpolationMode.NEAREST),
            v2.SanitizeBoundingBoxes(labels_getter=None),
        ]
    ),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("dtype", LEVEL, ids=str)
def test_image_mask_and_box_agree_after_a_move(move: str, dtype: torch.dtype) -> None:
    item = as_tv_tensors(item_of(dtype), ADAPTER)
    assert seen(item) == (BOX, BOX, BOX)
    moved = MOVES[move](item)
    in_image, in_mask, stated = seen(moved)
    assert in_image == in_mask == stated != BOX
    assert moved["image"].dtype == dtype
    assert (moved["label"], moved["id"]) == (3, "a")


@pytest.mark.parametrize("dtype", LEVEL, ids=str)
def test_a_box_holds_what_a_slanted_rotation_made_of_its_lesion(dtype: torch.dtype) -> None:
    moved = v2.RandomRotation((20, 20))(as_tv_tensors(item_of(dtype), ADAPTER))
    in_image, in_mask, stated = seen(moved)
    assert in_image == in_mask
    assert in_image is not None
    assert stated.x0 <= in_image.x0 + 1 and stated.y0 <= in_image.y0 + 1
    assert stated.x1 >= in_image.x1 - 1 and stated.y1 >= in_image.y1 - 1


def test_sanitising_removes_a_box_that_left_and_keeps_the_mask_of_the_image() -> None:
    moved = v2.Compose([v2.CenterCrop((4, 4)), v2.SanitizeBoundingBoxes(labels_getter=None)])(
        as_tv_tensors(item_of(torch.uint8), ADAPTER)
    )
    assert len(moved["boxes"]) == 0
    assert moved["mask"].shape == (4, 4) and not moved["mask"].any()


FORMS = {
    "NumPy": lambda pixels, mask, boxes: (pixels.numpy(), mask.numpy(), boxes.numpy()),
    "NumPy without channels": lambda pixels, mask, boxes: (pixels[0].numpy(), mask[0].numpy(), boxes.numpy()),
    "NumPy with channels last": lambda pixels, mask, boxes: (
        pixels.permute(1, 2, 0).numpy(), mask.numpy(), boxes.numpy()
    ),
    "big-endian NumPy": lambda pixels, mask, boxes: (
        pixels.numpy(), mask.numpy(), boxes.numpy().astype(">f4")
    ),
    "tensors": lambda pixels, mask, boxes: (pixels, mask, boxes),
    "PIL": lambda pixels, mask, boxes: (
        Image.fromarray(pixels[0].numpy()), Image.fromarray(mask[0].numpy().astype(np.uint8)), boxes
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_parts_of_every_form_become_tv_tensors(form: str) -> None:
    pixels = lesion_image(torch.uint8)
    image, mask, boxes = FORMS[form](pixels, pixels > 0, torch.tensor([BOX], dtype=torch.float32))
    item = as_tv_tensors({"image": image, "label": 3, "mask": mask, "boxes": boxes}, ADAPTER)
    assert [type(item[key]) for key in ("image", "mask", "boxes")] == [
        tv_tensors.Image, tv_tensors.Mask, tv_tensors.BoundingBoxes
    ]  # fmt: skip
    assert torch.equal(item["image"], pixels)
    assert item["mask"].shape == SHAPE
    assert (item["boxes"].format.value, tuple(item["boxes"].canvas_size)) == ("XYXY", SHAPE)
    assert seen(item) == (BOX, BOX, BOX)


def test_a_mask_with_a_channel_for_each_class_keeps_them() -> None:
    item = as_tv_tensors({**item_of(torch.uint8), "mask": np.zeros((5, *SHAPE), bool)}, ADAPTER)
    assert type(item["mask"]) is tv_tensors.Mask
    assert item["mask"].shape == (5, *SHAPE)


def test_the_item_itself_stays_and_shares_no_memory() -> None:
    given = item_of(torch.uint8)
    item = as_tv_tensors(given, ADAPTER)
    for key in ("image", "mask", "boxes"):
        assert isinstance(given[key], np.ndarray)
        before = given[key].copy()
        item[key].zero_()
        assert (given[key] == before).all()


def test_tuples_and_items_without_mask_or_boxes_work_and_tv_tensors_stay_as_they_are() -> None:
    image = tv_tensors.Image(lesion_image(torch.uint8))
    one = as_tv_tensors((image, 3), ItemAdapter(image=0, label=1))
    assert one[0] is image and one[1] == 3
    whole = (image, tv_tensors.Mask(lesion_image(torch.uint8)), boxes_of("XYWH"))
    again = as_tv_tensors(whole, ItemAdapter(image=0, mask=1, boxes=2))
    assert all(a is b for a, b in zip(whole, again))


def test_boxes_of_another_shape_are_refused() -> None:
    with pytest.raises(GridError, match=r"boxes are \(4,\); they are \(N, 4\)"):
        as_tv_tensors({**item_of(torch.uint8), "boxes": np.zeros(4)}, ADAPTER)


def boxes_of(format_: str, dtype: torch.dtype = torch.float32) -> tv_tensors.BoundingBoxes:
    first = torch.tensor([[2, 4, 8, 12]], dtype=dtype)
    return tv_tensors.BoundingBoxes(first, format=format_, canvas_size=SHAPE, clamping_mode="hard")


@pytest.mark.parametrize("dtype", LEVEL, ids=str)
def test_a_painted_image_and_mask_keep_their_type(dtype: torch.dtype) -> None:
    plain = torch.zeros(1, *SHAPE).to(dtype)
    for mask in (torch.zeros(SHAPE), torch.zeros(1, *SHAPE), torch.zeros(5, *SHAPE)):
        parts = Parts(tv_tensors.Image(plain), 0, tv_tensors.Mask(mask.to(torch.uint8)))
        painted = paint(parts, sample_of(lesion_image(dtype)), 3)
        assert type(painted.image) is tv_tensors.Image and type(painted.mask) is tv_tensors.Mask
        assert torch.equal(painted.image, lesion_image(dtype))
        assert painted.mask.shape == mask.shape
        assert int(painted.mask.sum()) == int((lesion_image(torch.uint8) > 0).sum())
        assert not parts.image.any() and not parts.mask.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64], ids=str)
@pytest.mark.parametrize(
    ("format_", "added"),
    [("XYXY", [10, 20, 22, 30]), ("XYWH", [10, 20, 12, 10]), ("CXCYWH", [16, 25, 12, 10])],
)
def test_a_painted_box_is_added_in_the_format_of_the_others(
    format_: str, added: list[int], dtype: torch.dtype
) -> None:
    boxes = boxes_of(format_, dtype)
    painted = paint(Parts(lesion_image(torch.uint8), 0, boxes=boxes), sample_of(lesion_image(torch.uint8)), 3)
    assert type(painted.boxes) is tv_tensors.BoundingBoxes
    assert painted.boxes.tolist() == [[2, 4, 8, 12], added]
    told = (
        painted.boxes.dtype,
        painted.boxes.format.value,
        painted.boxes.canvas_size,
        painted.boxes.clamping_mode,
    )
    assert told == (dtype, format_, SHAPE, "hard")
    assert boxes.shape == (1, 4)


def test_a_painted_box_moves_with_the_others() -> None:
    boxes = tv_tensors.BoundingBoxes(torch.zeros(0, 4), format="CXCYWH", canvas_size=SHAPE)
    image = tv_tensors.Image(torch.zeros(1, *SHAPE, dtype=torch.uint8))
    mask = tv_tensors.Mask(torch.zeros(SHAPE, dtype=torch.uint8))
    painted = paint(Parts(image, 0, mask, boxes), sample_of(lesion_image(torch.uint8)), 3)
    moved = v2.Compose(
        [v2.RandomVerticalFlip(p=1), v2.Resize((32, 24), interpolation=InterpolationMode.NEAREST)]
    )({"image": painted.image, "mask": painted.mask, "boxes": painted.boxes})
    in_image, in_mask, stated = seen(moved)
    assert in_image == in_mask == stated == Box(5, 17, 11, 22)


def test_rotated_boxes_are_refused_with_the_way_out() -> None:
    rotated = tv_tensors.BoundingBoxes(torch.zeros(1, 5), format="XYWHR", canvas_size=SHAPE)
    with pytest.raises(GridError, match=r"boxes have the format XYWHR, .* convert them to XYXY"):
        paint(Parts(lesion_image(torch.uint8), 0, boxes=rotated), sample_of(lesion_image(torch.uint8)), 3)


def test_tv_tensors_are_found_by_their_type_wherever_they_stand() -> None:
    image, boxes = tv_tensors.Image(lesion_image(torch.uint8)), boxes_of("XYWH")
    mask = tv_tensors.Mask(torch.zeros(5, *SHAPE))
    for item, adapter in (
        ((image, 1, mask, boxes), ItemAdapter(image=0, label=1, mask=2, boxes=3)),
        ((mask, boxes, image, 1), ItemAdapter(image=2, label=3, mask=0, boxes=1)),
        (
            {
                "image": image,
                "boxes": tv_tensors.BoundingBoxes(torch.zeros(1, 5), format="XYWHR", canvas_size=SHAPE),
            },
            ItemAdapter(image="image", boxes="boxes"),
        ),
    ):
        assert infer_item(item) == adapter
        check_comes_back(adapter, item)
