"""Training on approved samples only: cached and on the fly, in a data set and in a MONAI chain."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader

from medsynth_aug.bank import SampleBank, SourceStore
from medsynth_aug.data import RebalancedDataset
from medsynth_aug.data.items.item import same
from medsynth_aug.errors import PlanError, SettingError
from medsynth_aug.review import Reviewer, ReviewStore, regenerate
from medsynth_aug.synthesis import FakeSynthesizer
from medsynth_monai import RandSynthesizeLesiond, read_record
from tests.data.small import pictures, single_label
from tests.data.test_on_the_fly import until

REAL = 16
FAKE = FakeSynthesizer()


def rebalance(bank: Any, synthesizer: Any = FAKE, **arguments: Any) -> RebalancedDataset:
    given: Any = {"lesions": {3: "nodule"}, "background": [0], "progress": False, **arguments}
    return RebalancedDataset(single_label(), synthesizer, bank=bank, **given)


def painted(data: RebalancedDataset) -> list[str]:
    return [data.sample(index).digest for index in range(REAL, len(data))]


@pytest.fixture
def anna(store: ReviewStore) -> Reviewer:
    return store.enrol("Anna")


def sources_of(data: RebalancedDataset) -> SourceStore:
    """The films of a set, as a run that regenerates finds them."""
    planned = {sample.request.source: sample.index for sample in data.plan.samples}
    return SourceStore(
        data.bank, {source: lambda i=i: data._reader.source(i) for source, i in planned.items()}
    )


def test_a_cached_set_serves_the_approved_ones_and_counts_the_others_out(
    store: ReviewStore, anna: Reviewer, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = rebalance(store.bank)
    digests = painted(everything)
    store.record(digests[0], anna, "approve")
    store.record(digests[1], anna, "reject", reasons=["duplicate"])
    store.record(digests[3], anna, "approve")
    data = rebalance(store.bank, accept="approved", progress=True)
    assert "2 of 4 samples are approved; the others are left out until they are" in capsys.readouterr().err
    assert painted(data) == [digests[0], digests[3]] and len(data) == REAL + 2
    assert data.targets[REAL:] == [3, 3] and len(data.groups) == len(data)
    assert data.sampling_strategy_ == {3: (8, 2)}
    assert same(data[REAL + 1], everything[REAL + 3])
    without = rebalance(store.bank, None, accept="approved")
    assert painted(without) == painted(data)
    assert len(rebalance(store.bank)) == REAL + 4


def test_what_was_made_in_place_of_a_rejected_one_takes_its_place_once_approved(
    store: ReviewStore, anna: Reviewer
) -> None:
    data = rebalance(store.bank)
    digest, sources = painted(data)[2], sources_of(data)
    for _ in range(2):
        store.record(digest, anna, "reject", reasons=["wrong_class"])
        digest = regenerate(store, FAKE, sources=sources, progress=False).made[digest]
        assert len(rebalance(store.bank, accept="approved")) == REAL
    verdict = store.record(digest, anna, "approve")
    served = rebalance(store.bank, accept="approved")
    assert painted(served) == [digest]
    image, label = served[REAL]
    assert label == 3 and np.array_equal(image, store.bank.get(digest).image[0].numpy())
    store.revoke(verdict.id, "seen again")
    assert painted(served) == [digest], "a set stays as it was built"
    assert len(rebalance(store.bank, accept="approved")) == REAL


def test_shams_are_served_once_approved_and_else_their_films_are(store: ReviewStore, anna: Reviewer) -> None:
    everything = rebalance(store.bank, sham_fraction=0.5)
    sham = everything.plan.shams[0]
    store.record(sham.request.digest, anna, "approve")
    data = rebalance(store.bank, sham_fraction=0.5, accept="approved")
    assert [one.index for one in data.plan.shams] == [sham.index] and len(data) == REAL
    assert [data.is_sham(index) for index in range(REAL)] == [index == sham.index for index in range(REAL)]


@pytest.fixture
def on_the_fly(store: ReviewStore) -> Iterator[Any]:
    opened = []

    def open_one(**arguments: Any) -> RebalancedDataset:
        opened.append(rebalance(store.bank, mode="on_the_fly", **arguments))
        return opened[-1]

    yield open_one
    for data in opened:
        data.close()


def test_on_the_fly_the_newest_approved_draw_is_served_and_new_ones_wait_for_review(
    store: ReviewStore, anna: Reviewer, on_the_fly: Any
) -> None:
    first = on_the_fly()
    draws = []
    for epoch in range(2):
        first.set_epoch(epoch)
        draws.append(painted(first))
    first.close()
    store.record(draws[0][1], anna, "approve")
    store.record(draws[0][2], anna, "approve")
    data = on_the_fly(accept="approved")
    assert len(data) == REAL + 2 and painted(data) == draws[0][1:3]
    assert data.production is not None and data.production.late == 0
    store.record(draws[1][2], anna, "approve")
    assert painted(data) == draws[0][1:3], "an epoch stays as it began"
    data.set_epoch(1)
    assert painted(data) == [draws[0][1], draws[1][2]]
    data.set_epoch(0)
    assert painted(data) == draws[0][1:3], "and is the same when it comes again"
    before = len(store.bank)
    data.set_epoch(2)
    painted(data)
    until(lambda: len(store.bank) > before)
    held = len(store.bank)  # it grows while this runs
    assert len(store.queue(anna)) >= held - 3


def test_on_the_fly_a_place_whose_approval_was_revoked_shows_the_next_one_of_its_class(
    store: ReviewStore, anna: Reviewer, on_the_fly: Any
) -> None:
    first = on_the_fly()
    digests = painted(first)
    first.close()
    verdicts = [store.record(digest, anna, "approve") for digest in digests[:2]]
    data = on_the_fly(accept="approved")
    store.revoke(verdicts[0].id, "seen again")
    data.set_epoch(1)
    assert painted(data) == [digests[1]] * 2 and len(data) == REAL + 2
    store.revoke(verdicts[1].id, "seen again")
    data.set_epoch(2)
    with pytest.raises(PlanError, match="all approvals were revoked"):
        data[REAL]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_that_persist_see_the_approvals_of_each_epoch(
    store: ReviewStore, anna: Reviewer, on_the_fly: Any, context: str
) -> None:
    first = on_the_fly()
    one = painted(first)
    first.set_epoch(1)
    two = painted(first)
    first.close()
    store.record(one[0], anna, "approve")
    data = on_the_fly(accept="approved")
    loader = DataLoader(data, num_workers=1, multiprocessing_context=context, persistent_workers=True)

    def shown() -> bytes:
        return bytes(list(loader)[REAL][0].numpy().tobytes())

    assert shown() == store.bank.get(one[0]).image.numpy().tobytes()
    store.record(two[0], anna, "approve")
    data.set_epoch(1)
    assert shown() == store.bank.get(two[0]).image.numpy().tobytes()


def test_samples_of_other_settings_are_not_served(
    store: ReviewStore, anna: Reviewer, on_the_fly: Any
) -> None:
    first = on_the_fly(seed=5)
    store.record(painted(first)[0], anna, "approve")
    assert len(on_the_fly(accept="approved")) == REAL
    assert len(on_the_fly(accept="approved", seed=5)) == REAL + 1


def chain_item(number: int) -> dict[str, Any]:
    image = pictures(number + 1)[number][None].astype(np.float32) / 255
    return {"image": image, "label": 0}


def test_a_monai_chain_serves_approved_ones_and_lets_the_others_pass(
    store: ReviewStore, anna: Reviewer
) -> None:
    given: Any = {"lesions": {4: "nodule"}, "background": [0], "prob": 1.0, "bank": store.bank}
    paint = RandSynthesizeLesiond("image", FAKE, **given, accept="approved")
    try:
        items = [chain_item(number) for number in range(2)]
        passed = paint(items[0])
        record = read_record(passed["synthesis"])
        assert record is not None and record.refusal is not None and "is approved yet" in record.refusal
        assert passed["label"] == 0 and np.array_equal(passed["image"], items[0]["image"])
        until(lambda: len(store.bank) == 1)
        (digest,) = store.bank.digests()
        store.record(digest, anna, "reject", reasons=["wrong_class"])
        child = regenerate(store, FAKE, progress=False).made[digest]
        store.record(child, anna, "approve")
        assert paint(items[0])["label"] == 0, "an epoch stays as it began"
        paint.set_epoch(1)
        shown = paint(items[0])
        record = read_record(shown["synthesis"])
        assert record is not None and record.request.digest == child and shown["label"] == 4
        assert paint(items[1])["label"] == 0
    finally:
        paint.close()


def test_what_is_painted_live_was_reviewed_by_nobody(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="reviewed by nobody"):
        RandSynthesizeLesiond("image", FAKE, {4: "nodule"}, background=[0], accept="approved")
    with pytest.raises(SettingError, match='use "any" or "approved"'):
        rebalance(tmp_path / "bank", accept="good")  # type: ignore[arg-type]
    bank = SampleBank(tmp_path / "bank")
    with pytest.raises(SettingError, match='use "any" or "approved"'):
        RandSynthesizeLesiond("image", FAKE, {4: "nodule"}, background=[0], bank=bank, accept="good")  # type: ignore[arg-type]
