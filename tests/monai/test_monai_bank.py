"""Drawing from a bank: any number of workers, the same lesion for everybody, ahead of need once planned."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.data import CacheDataset, DataLoader, Dataset
from monai.transforms import (
    Compose,
    EnsureChannelFirstd,
    LoadImaged,
    OneOf,
    RandFlipd,
    Rotated,
    ScaleIntensityRanged,
    Zoomd,
)
from PIL import Image
from torch.utils.data import DataLoader as TorchDataLoader

from medsynth_aug import FakeSynthesizer, SampleBank
from medsynth_aug.bank import SourceStore, generate
from medsynth_aug.errors import PlanError, SettingError, SplitLeakError
from medsynth_monai import RandSynthesizeLesiond, plan, read_record
from tests.bank.engines import Unwilling

LESIONS = {4: "nodule", 5: "mass"}


@pytest.fixture
def films(tmp_path: Path) -> list[dict[str, Any]]:
    """Eight normal radiographs and two with a finding on disk, two of each patient."""
    rng = np.random.default_rng(1)
    items = []
    for index in range(10):
        path = tmp_path / f"{index}.png"
        Image.fromarray(rng.integers(60, 180, (96, 128), dtype=np.uint8)).save(path)
        items.append({"image": str(path), "label": 3 if index in (2, 7) else 0})
    return items


GROUPS = [f"p{index // 2}" for index in range(10)]

Chain = Callable[..., tuple[Compose, RandSynthesizeLesiond]]


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """Makes chains that draw from a bank, and closes their producers."""
    opened = []

    def make(synthesizer: Any = None, **settings: Any) -> tuple[Compose, RandSynthesizeLesiond]:
        given = {
            "lesions": LESIONS, "background": [0], "prob": 1.0, "mask_key": "mask",
            "bank": tmp_path / "bank", **settings,
        }  # fmt: skip
        paint = RandSynthesizeLesiond("image", synthesizer or FakeSynthesizer(), **given)
        opened.append(paint)
        load = [
            LoadImaged("image"),
            EnsureChannelFirstd("image"),
            ScaleIntensityRanged("image", 0, 255, 0, 1),
        ]
        return Compose([*load, paint, RandFlipd(["image", "mask"], prob=0.0)]), paint

    yield make
    for paint in opened:
        paint.close()


def seen(loader: Any) -> list[tuple[str, str]]:
    """Source and digest of every painted item, sorted."""
    records = [read_record(text) for batch in loader for text in batch["synthesis"]]
    return sorted((r.request.source, r.request.digest) for r in records if r)


@pytest.mark.parametrize("loader", [DataLoader, TorchDataLoader], ids=["monai", "torch"])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_loader_draws_the_same_from_one_bank(
    chain: Chain, films: list[dict[str, Any]], loader: Any, workers: int
) -> None:
    transforms, paint = chain()
    images = Compose([*transforms.transforms, lambda item: {**item, "image": item["image"].as_tensor()}])
    data = Dataset(films, images)
    epochs = []
    for epoch in range(2):
        paint.set_epoch(epoch)
        batches = list(loader(data, batch_size=5, num_workers=workers))
        epochs.append(seen(batches))
        labels = torch.cat([batch["label"] for batch in batches])
        masks = torch.cat([batch["mask"] for batch in batches])
        assert sorted(set(labels.tolist())) in ([3, 4, 5], [3, 4], [3, 5])
        assert (masks.flatten(1).any(1) == (labels > 3)).all()
    assert len(epochs[0]) == len(epochs[1]) == 8
    assert {source for source, _ in epochs[0]} == {source for source, _ in epochs[1]}
    assert not set(epochs[0]) & set(epochs[1])
    paint.set_epoch(0)
    assert seen(loader(data, batch_size=5, num_workers=0)) == epochs[0]
    assert paint.production is not None and paint.production.served == 3 * 8


def test_a_spawned_worker_draws_without_the_engine(chain: Chain, films: list[dict[str, Any]]) -> None:
    transforms, _ = chain()
    load = Compose(transforms.transforms[:4])
    data = CacheDataset(films[:2], load, progress=False)
    loader = DataLoader(data, batch_size=2, num_workers=1, multiprocessing_context="spawn")
    assert len(seen(loader)) == 2


def test_the_image_is_the_banks_and_the_label_its_lesions(chain: Chain, films: list[dict[str, Any]]) -> None:
    transforms, paint = chain()
    bank = SampleBank(paint.painting.bank.path)  # type: ignore[union-attr]
    keys = {lesion: key for key, lesion in LESIONS.items()}
    for epoch in range(4):
        paint.set_epoch(epoch)
        item = transforms(films[0])
        record = read_record(item["synthesis"])
        assert record is not None
        sample = bank.get(record.request.digest)
        assert item["label"] == keys[sample.lesion]
        assert torch.equal(item["image"].as_tensor(), sample.image.transpose(1, 2))
        assert torch.equal(item["mask"].as_tensor() > 0, sample.mask.transpose(1, 2))


def test_reuse_serves_a_draw_for_several_epochs(chain: Chain, films: list[dict[str, Any]]) -> None:
    transforms, paint = chain(reuse=2)
    texts = []
    for epoch in range(4):
        paint.set_epoch(epoch)
        texts.append(transforms(films[0])["synthesis"])
    assert texts[0] == texts[1] != texts[2] == texts[3]


def test_a_refused_image_passes_untouched_and_says_why(chain: Chain, films: list[dict[str, Any]]) -> None:
    transforms, _ = chain(Unwilling(willing_from=9))
    item = transforms(films[0])
    record = read_record(item["synthesis"])
    assert record is not None and record.refusal == "not willing"
    assert item["label"] == 0 and not item["mask"].any()


def test_a_plan_makes_the_samples_ahead_of_need(chain: Chain, films: list[dict[str, Any]]) -> None:
    transforms, paint = chain()
    planned = plan(films, transforms, groups=GROUPS, progress=False)
    assert len(planned) == 8 and set(planned.patients) == set(GROUPS)
    assert "8 images of 5 patients may be painted; at prob 1 the first epoch expects" in planned.summary()
    bank = SampleBank(paint.painting.bank.path)  # type: ignore[union-attr]
    deadline = time.monotonic() + 60
    while not all(request.digest in bank for request in planned.requests):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    drawn = seen(DataLoader(Dataset(films, transforms), batch_size=5, num_workers=2))
    assert [digest for _, digest in drawn] == [
        r.digest for r in sorted(planned.requests, key=lambda r: r.source)
    ]
    assert paint.production is not None and (paint.production.served, paint.production.late) == (8, 0)


def test_a_planned_bank_can_be_filled_beforehand(chain: Chain, films: list[dict[str, Any]]) -> None:
    transforms, paint = chain(ahead=0)
    planned = plan(films, transforms, groups=GROUPS, progress=False)
    bank = paint.painting.bank  # type: ignore[union-attr]
    report = generate(planned.requests, FakeSynthesizer(), bank, SourceStore(bank), progress=False)
    assert report.made == 8
    assert len(seen(DataLoader(Dataset(films, transforms), batch_size=5))) == 8
    assert paint.production is not None and paint.production.late == 0


@pytest.mark.parametrize("form", ["before", "both", "deep", "lazy"])
def test_a_chain_of_chains_is_planned_as_training_reads_it(
    chain: Chain, films: list[dict[str, Any]], form: str
) -> None:
    *load, paint, flip = chain(ahead=0)[0].transforms
    turns = [Rotated("image", 0.3, padding_mode="zeros"), Zoomd("image", 1.2)]  # once or twice resampled
    nested = {
        "before": Compose([Compose(load), paint, flip]),
        "both": Compose([load[0], Compose([*load[1:], paint, flip])]),
        "deep": Compose([Compose([Compose(load[:2]), Compose([load[2], Compose([paint])])]), flip]),
        "lazy": Compose([*load, Compose([*turns, paint]), flip], lazy=True),
    }[form]
    planned = plan(films, nested, groups=GROUPS, progress=False)
    records = [read_record(nested(film)["synthesis"]) for film in films]
    read = {record.request.source for record in records if record is not None}
    assert len(read) == 8 and read == {request.source for request in planned.requests}


def test_plans_that_cannot_be_are_refused(chain: Chain, films: list[dict[str, Any]]) -> None:
    transforms, paint = chain()
    parts = transforms.transforms
    with pytest.raises(PlanError, match="groups is missing"):
        plan(films, transforms, groups=None)  # type: ignore[arg-type]
    with pytest.raises(SplitLeakError, match="held out as well: p1"):
        plan(films, transforms, groups=GROUPS, holdout_groups=["p1"])
    with pytest.raises(SettingError, match="RandFlipd stands before RandSynthesizeLesiond"):
        plan(films, Compose([*parts[:3], parts[4], paint]), groups=GROUPS, progress=False)
    with pytest.raises(SettingError, match="has 0 RandSynthesizeLesiond"):
        plan(films, Compose(parts[:3]), groups=GROUPS, progress=False)
    with pytest.raises(SettingError, match="RandFlipd stands before RandSynthesizeLesiond"):
        plan(films, Compose([Compose([*parts[:3], parts[4]]), paint]), groups=GROUPS, progress=False)
    with pytest.raises(SettingError, match="OneOf stands before RandSynthesizeLesiond"):
        plan(films, Compose([*parts[:3], OneOf([parts[2], parts[2]]), paint]), groups=GROUPS, progress=False)
    with pytest.raises(SettingError, match=r"has 0 RandSynthesizeLesiond(?s:.)*in OneOf"):
        plan(films, Compose([*parts[:3], OneOf([paint])]), groups=GROUPS, progress=False)
    live = RandSynthesizeLesiond("image", FakeSynthesizer(), LESIONS, [0])
    with pytest.raises(SettingError, match="paints live"):
        plan(films, Compose([*parts[:3], live]), groups=GROUPS, progress=False)
    with pytest.raises(PlanError, match="no item of the data may be painted"):
        plan([films[2]], transforms, groups=["p1"], progress=False)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"reuse": 0}, "reuse is 0"),
        ({"reuse": 1.5}, "reuse is 1.5; it must be a whole number"),
        ({"on_late": "skip"}, "on_late is 'skip'"),
        ({"ahead": -1}, "ahead is -1"),
    ],
)
def test_settings_of_the_bank_are_checked(chain: Chain, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        chain(**settings)


def test_epochs_count_from_0(chain: Chain) -> None:
    paint = chain()[1]
    for epoch in (-1, "a", 1.5, 2**31):
        with pytest.raises(SettingError, match=f"epoch is {epoch!r}; "):
            paint.set_epoch(epoch)  # type: ignore[arg-type]
