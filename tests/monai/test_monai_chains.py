"""In real chains: seeds, workers, caches and collation, with MONAI's loaders and torch's own."""

import json

import numpy as np
import pytest
from monai.data import CacheDataset, DataLoader, Dataset, PersistentDataset, ThreadDataLoader
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged, RandFlipd, ScaleIntensityRanged
from PIL import Image
from torch.utils.data import DataLoader as TorchDataLoader

from medsynth_aug import FakeSynthesizer
from medsynth_monai import RandSynthesizeLesiond, read_record


@pytest.fixture
def films(tmp_path):
    """Eight normal radiographs and two pneumothoraces on disk."""
    rng = np.random.default_rng(1)
    items = []
    for index in range(10):
        path = tmp_path / f"{index}.png"
        Image.fromarray(rng.integers(60, 180, (48, 64), dtype=np.uint8)).save(path)
        items.append({"image": str(path), "label": 3 if index in (2, 7) else 0})
    return items


@pytest.fixture
def plain_item(item):
    """An item that torch's own collate function takes."""
    return {**item, "image": item["image"].as_tensor()}


def chain(synthesizer=None, **settings):
    settings = {"lesions": {4: "nodule"}, "background": [0], "prob": 0.7, "mask_key": "mask", **settings}
    return Compose(
        [
            LoadImaged("image"),
            EnsureChannelFirstd("image"),
            ScaleIntensityRanged("image", 0, 255, 0, 1),
            RandSynthesizeLesiond("image", synthesizer or FakeSynthesizer(), **settings),
            RandFlipd(["image", "mask"], prob=0.5, spatial_axis=0),
        ]
    )


def always_painted(items):
    return Dataset(items, RandSynthesizeLesiond("image", FakeSynthesizer(), {4: "nodule"}, [0], prob=1.0))


def run(loader):
    """Digest and pixel sum of every item, in the order of the loader."""
    seen = []
    for batch in loader:
        for text, image in zip(batch["synthesis"], batch["image"]):
            record = read_record(text)
            seen.append((record.request.digest if record else "", float(image.double().sum())))
    return seen


def test_set_determinism_makes_two_runs_equal_and_another_seed_differs(seeded, films):
    def train(seed):
        seeded(seed)
        loader = DataLoader(Dataset(films, chain()), batch_size=4, shuffle=True)
        return run(loader) + run(loader)

    first = train(1)
    assert train(1) == first
    assert train(2) != first


def test_epochs_differ(seeded, films):
    seeded(0)
    loader = DataLoader(Dataset(films, chain()), batch_size=5)
    assert run(loader) != run(loader)


def test_the_transforms_own_seed_counts_under_the_same_determinism(seeded, films):
    def train(seed):
        seeded(1)
        return run(DataLoader(Dataset(films, chain(seed=seed)), batch_size=5))

    assert train(0) == train(0) != train(1)


def test_the_transforms_own_seed_is_folded_into_the_one_it_is_given(painter, item):
    def slot(seed):
        return read_record(painter(seed=seed).set_random_state(5)(item)["synthesis"]).request.slot

    assert slot(0) == slot(0) != slot(1)


def test_set_random_state_alone_makes_a_transform_repeatable(painter, item):
    def draws(transform):
        return [transform(item)["synthesis"] for _ in range(3)]

    transform = painter(prob=0.5)
    first = draws(transform.set_random_state(11))
    assert draws(transform.set_random_state(11)) == first
    assert draws(transform.set_random_state(12)) != first
    state = np.random.RandomState(3)
    assert draws(transform.set_random_state(state=state)) != first
    assert draws(transform.set_random_state(state=np.random.RandomState(3))) != first


def test_two_transforms_do_not_share_a_generator_and_leave_the_global_one_alone(painter, item):
    alone = painter()(item)["synthesis"]
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    one, other = painter(), painter(seed=1)
    other(item)
    assert one(item)["synthesis"] == alone
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_an_untouched_item_does_not_shift_the_next_ones_draws(painter, item):
    def last_of(label):
        transform = painter()
        transform({**item, "label": label})
        return transform(item)["synthesis"]

    assert last_of(2) == last_of(0)


@pytest.mark.parametrize("loader", [DataLoader, TorchDataLoader], ids=["monai", "torch"])
def test_workers_differ_and_runs_repeat(seeded, plain_item, loader):
    def train():
        seeded(4)
        return run(loader(always_painted([plain_item] * 4), batch_size=1, num_workers=2))

    first = train()
    assert len({digest for digest, _ in first} - {""}) == 4
    assert train() == first


def test_a_spawned_worker_paints(seeded, plain_item):
    seeded(4)
    data = always_painted([plain_item])
    spawned = run(DataLoader(data, batch_size=1, num_workers=1, multiprocessing_context="spawn"))
    seeded(4)
    assert spawned == run(DataLoader(data, batch_size=1, num_workers=1)) != [("", 0.0)]


@pytest.mark.parametrize("persistent", [False, True])
def test_epochs_differ_in_workers_of_torchs_own_loader(seeded, plain_item, persistent):
    seeded(4)
    data = always_painted([plain_item])
    loader = TorchDataLoader(data, batch_size=1, num_workers=1, persistent_workers=persistent)
    assert len({digest for _ in range(3) for digest, _ in run(loader)}) == 3


def test_a_live_engine_in_a_worker_is_an_error_that_names_both_ways(item):
    data = Dataset([item], RandSynthesizeLesiond("image", LiveEngine(), {4: "nodule"}, [0], prob=0.0))
    with pytest.raises(RuntimeError, match=r"SettingError: a live LiveEngine(?s:.)*num_workers=0(?s:.)*bank"):
        list(DataLoader(data, num_workers=1))


def test_a_live_engine_paints_with_no_workers_and_in_a_thread_loader(seeded, films):
    for loader in (DataLoader, ThreadDataLoader):
        seeded(1)
        seen = run(loader(Dataset(films, chain(LiveEngine())), batch_size=5, num_workers=0))
        assert any(digest for digest, _ in seen)


@pytest.mark.parametrize("kind", ["cache", "cache shared", "persistent"])
def test_caches_hold_the_image_before_the_lesion(seeded, films, tmp_path, kind):
    def train(data):
        seeded(3)
        loader = DataLoader(data, batch_size=4, shuffle=True)
        return run(loader) + run(loader)

    seeded(3)
    if kind == "persistent":
        cached = PersistentDataset(films, chain(), cache_dir=tmp_path / "cache")
    else:
        cached = CacheDataset(films, chain(), copy_cache=kind == "cache", num_workers=1, progress=False)
    seeded(3)
    assert train(cached) == train(Dataset(films, chain()))
    cached.transform = Compose(cached.transform.transforms[:3])
    assert [int(item["label"]) for item in cached] == [item["label"] for item in films]
    assert all("synthesis" not in item for item in cached)


def test_painted_and_untouched_items_collate_into_one_batch(seeded, films):
    seeded(0)
    batch = next(iter(DataLoader(Dataset(films, chain(prob=0.5)), batch_size=10)))
    painted = batch["label"] == 4
    assert 0 < painted.sum() < 8
    assert batch["image"].shape == batch["mask"].shape == (10, 1, 64, 48)
    assert (batch["mask"].flatten(1).any(1) == painted).all()
    assert [text != "" for text in batch["synthesis"]] == painted.tolist()
    assert all(json.loads(text)["refusal"] is None for text in batch["synthesis"] if text)


def test_errors_keep_their_cause_inside_compose(films):
    with pytest.raises(RuntimeError, match="applying transform") as problem:
        chain(value_range=(0, 0.1))(films[0])
    assert "outside value_range (0, 0.1)" in str(problem.value.__cause__)


class LiveEngine:
    """A synthesizer that, like every engine with weights, says nothing about workers."""

    def __init__(self):
        inner = FakeSynthesizer()
        self.fingerprint, self.segment, self.synthesize = inner.fingerprint, inner.segment, inner.synthesize
