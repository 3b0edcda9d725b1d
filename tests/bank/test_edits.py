"""An edit is read alone, is proven, and gives the very sample when it is put into its source."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.edits import describe_edit, read_edit
from medsynth_aug.bank.packing import pack_sample
from medsynth_aug.synthesis import SourceImage, SyntheticSample, real_source
from tests.bank.backends import BACKENDS
from tests.bank.material import DTYPES, radiograph, request, sample, whole_image


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def edited(source: SourceImage, top: int, left: int, height: int, width: int) -> SyntheticSample:
    """A sample that changes a rectangle, with a mask in its upper half; none if that has no row."""
    region, mask = (torch.zeros(1, *source.pixels.shape[1:], dtype=torch.bool) for _ in range(2))
    region[:, top : top + height, left : left + width] = True
    mask[:, top : top + height // 2, left : left + width] = True
    image = torch.where(region, torch.full_like(source.pixels, 7), source.pixels)
    return SyntheticSample(request(source), image, mask, region, source.value_range, source.spacing)


def written(folder: Path, made: SyntheticSample, change: Any = None) -> Path:
    data = bytearray(pack_sample(made))
    if change is not None:
        change(data)
    path = folder / "sample"
    path.write_bytes(data)
    return path


def assert_is(found: Any, made: SyntheticSample) -> None:
    assert found.image.dtype == made.image.dtype and torch.equal(found.image, made.image)
    assert torch.equal(found.mask, made.mask) and found.box == made.box


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_edit_in_its_source_is_the_sample(bank: SampleBank, dtype: torch.dtype, channels: int) -> None:
    pixels = radiograph(dtype=dtype).pixels.expand(channels, -1, -1)
    source = real_source(pixels, value_range=(0, 255))
    made = edited(source, 13, 21, 30, 17)
    bank.add(made)
    before = source.pixels.clone()
    for _ in range(2):  # looked up, then remembered
        edit = bank.edits.get(made.digest, source.digest)
        assert edit is not None and edit.image.shape == (channels, 30, 17)
        assert_is(edit.into(source.pixels), made)
    assert torch.equal(source.pixels, before)


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    shares=st.tuples(*[st.floats(0, 0.999)] * 4),
)
def test_every_frame_of_every_size_comes_back(
    tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int], shares: tuple[float, ...]
) -> None:
    height, width = size
    top, left = int(shares[0] * height), int(shares[1] * width)
    inner = 1 + int(shares[2] * (height - top)), 1 + int(shares[3] * (width - left))
    source = real_source(torch.arange(height * width).remainder(251).to(torch.uint8).reshape(1, *size))
    made = edited(source, top, left, *inner)
    with written(tmp_path_factory.mktemp("edit"), made).open("rb") as file:
        edit = read_edit(file, made.digest)
    assert edit is not None
    assert_is(edit.into(source.pixels), made)


def test_an_edit_that_is_not_what_was_stored_is_not_read(tmp_path: Path) -> None:
    made = edited(radiograph(), 13, 21, 30, 17)
    with written(tmp_path, made).open("rb") as file:
        assert read_edit(file, "another request") is None
    length = int.from_bytes(pack_sample(made)[:8], "little")
    layout = json.loads(pack_sample(made)[8 : 8 + length])
    starts = {name: 8 + length + layout[name]["data_offsets"][0] for name in ("image", "mask")}
    width = made.image.shape[2]
    for place in (starts["image"] + 20 * width + 25, starts["mask"] + (20 * width + 25) // 8, 40):

        def spoil(data: bytearray, place: int = place) -> None:
            data[place] ^= 1

        with written(tmp_path, made, spoil).open("rb") as file:
            assert read_edit(file, made.digest) is None
    for cut in (0, 7, length, starts["image"] + 20 * width):
        with written(tmp_path, made, lambda data, cut=cut: data.__delitem__(slice(cut, None))).open(
            "rb"
        ) as file:
            assert read_edit(file, made.digest) is None


def test_what_has_no_edit_or_another_source_is_not_read(bank: SampleBank) -> None:
    made, whole = sample(), whole_image(bank)
    bank.add(made)
    bank.add(whole)
    assert describe_edit(whole) == {} and bank.edits.get(whole.digest, "none") is None
    assert bank.edits.get(made.digest, radiograph(5).digest) is None
    assert bank.edits.get("0" * 64, made.request.source) is None
    assert bank.edits.get(made.digest, made.request.source) is not None


def test_a_sample_that_was_made_anew_is_found_under_its_new_file(bank: SampleBank) -> None:
    source = radiograph()
    first, second = edited(source, 1, 1, 8, 8), edited(source, 40, 40, 8, 8)
    bank.add(first)
    edit = bank.edits.get(first.digest, source.digest)
    assert edit is not None and edit.frame == (1, 1, 9, 9)
    bank.forget(first.digest)
    assert bank.edits.get(first.digest, source.digest) is None
    bank.add(second)
    edit = bank.edits.get(second.digest, source.digest)
    assert edit is not None and edit.frame == (40, 40, 48, 48)
