"""On the fly: other lesions in every epoch, the same ones for everybody, and training that never hangs."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from torch.utils.data import DataLoader, RandomSampler, WeightedRandomSampler
from torch.utils.data.distributed import DistributedSampler

from medsynth_aug.bank.producer.liveness import runs
from medsynth_aug.data import RebalancedDataset
from medsynth_aug.data.items.item import same
from medsynth_aug.errors import PlanError, ProducerError
from medsynth_aug.synthesis import FakeSynthesizer
from tests.bank.engines import Failing, Slow, Unwilling
from tests.data.small import single_label

REAL, PAINTED = 16, 4

Open = Callable[..., RebalancedDataset]


@pytest.fixture
def open_set(tmp_path: Path) -> Iterator[Open]:
    """Opens sets of 12 normal and 4 rare items, into which 4 are painted on the fly, and closes them."""
    opened = []

    def open_one(synthesizer: Any = None, *, bank: Any = None, **arguments: Any) -> RebalancedDataset:
        given: Any = {"lesions": {3: "nodule"}, "background": [0], "progress": False, **arguments}
        made = RebalancedDataset(
            single_label(),
            synthesizer or FakeSynthesizer(),
            bank=bank or tmp_path,
            mode="on_the_fly",
            **given,
        )
        opened.append(made)
        return made

    yield open_one
    for made in opened:
        made.close()


def images_of(data: RebalancedDataset) -> list[np.ndarray]:
    return [data[index][0] for index in range(REAL, len(data))]


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def producers_of(process: psutil.Process) -> list[psutil.Process]:
    return [one for one in process.children(recursive=True) if runs(one.pid) and is_producer(one)]


def is_producer(process: psutil.Process) -> bool:
    try:
        return "medsynth_aug.bank.producer" in process.cmdline()
    except psutil.Error:  # it has just ended
        return False


def test_epochs_show_other_lesions_and_the_first_is_that_of_a_cached_set(
    open_set: Open, tmp_path: Path
) -> None:
    data = open_set()
    cached = RebalancedDataset(
        single_label(), FakeSynthesizer(), bank=tmp_path / "cached", lesions={3: "nodule"}, background=[0],
        progress=False,
    )  # fmt: skip
    assert (len(data), data.targets, data.groups) == (len(cached), cached.targets, cached.groups)
    first = images_of(data)
    assert all(same(one, other) for one, other in zip(first, images_of(cached)))
    data.set_epoch(1)
    second = images_of(data)
    assert not any(same(one, other) for one, other in zip(first, second))
    data.set_epoch(0)
    assert all(same(one, other) for one, other in zip(first, images_of(data)))
    assert all(data[index] is data._reader.data.items[index] for index in range(REAL))


def test_two_sets_with_the_same_arguments_show_the_same(open_set: Open, tmp_path: Path) -> None:
    one, other = open_set(bank=tmp_path / "a"), open_set(bank=tmp_path / "b")
    for epoch in (2, 0, 1):
        one.set_epoch(epoch)
        other.set_epoch(epoch)
        assert all(same(a, b) for a, b in zip(images_of(one), images_of(other)))


def test_a_sample_serves_for_as_many_epochs_as_reuse_says(open_set: Open) -> None:
    data = open_set(reuse=2)
    seen = []
    for epoch in range(5):
        data.set_epoch(epoch)
        seen.append([data.sample(index).digest for index in range(REAL, len(data))])
    for place in range(PAINTED):
        counts = Counter(epoch[place] for epoch in seen)
        assert max(counts.values()) == 2 and len(counts) in (3, 4)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:'pin_memory' argument is set as true:UserWarning")
@pytest.mark.parametrize(
    ("workers", "context", "persistent", "pinned"),
    [(0, None, False, False), (2, "fork", True, True), (8, "fork", False, False), (2, "spawn", True, False)],
)
def test_every_loader_shows_each_epoch_as_it_is(
    open_set: Open, workers: int, context: str | None, persistent: bool, pinned: bool
) -> None:
    data = open_set()
    sampler = data.follow(RandomSampler(data, generator=torch.Generator().manual_seed(1)))
    loader = DataLoader(
        data, batch_size=4, sampler=sampler, num_workers=workers, multiprocessing_context=context,
        persistent_workers=persistent, pin_memory=pinned,
    )  # fmt: skip
    for epoch in range(2):
        data.set_epoch(epoch)
        expected = Counter(image.tobytes() for image in images_of(data))
        pairs = [(i.numpy().tobytes(), int(c)) for images, classes in loader for i, c in zip(images, classes)]
        assert len(pairs) == REAL + PAINTED
        assert Counter(i for i, c in pairs if c == 3 and i in expected) == expected
    report = data.production
    assert report is not None and report.served == 2 * 2 * PAINTED
    assert report.waited_s >= 0 and report.late <= report.served


def test_following_a_sampler_makes_every_iteration_an_epoch(open_set: Open) -> None:
    data = open_set()
    sampler = data.follow(WeightedRandomSampler([1.0] * REAL + [5.0] * PAINTED, 12))
    assert len(sampler) == 12
    loader = DataLoader(data, batch_size=4, sampler=sampler)
    for epoch in range(3):
        assert sum(len(labels) for _, labels in loader) == 12
        assert data.production is not None and data.production.epoch == epoch


def test_a_distributed_sampler_hears_of_the_epoch_too(open_set: Open) -> None:
    data = open_set()
    sampler = data.follow(DistributedSampler(data, num_replicas=2, rank=0, seed=3))
    orders = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        orders.append(list(sampler))
        assert data.production is not None and data.production.epoch == epoch
    assert orders[0] != orders[1] and len(orders[0]) == (REAL + PAINTED) // 2


def test_breaking_out_of_an_epoch_and_an_error_in_the_loop_leave_it_whole(open_set: Open) -> None:
    data = open_set(Slow(0.05))
    loader = DataLoader(data, batch_size=2, shuffle=True, num_workers=2, multiprocessing_context="fork")
    for epoch in range(2):
        data.set_epoch(epoch)
        for _ in loader:
            break
    with pytest.raises(ZeroDivisionError):
        for _ in loader:
            _ = 1 / 0
    data.set_epoch(2)
    assert sum(len(labels) for _, labels in loader) == REAL + PAINTED
    me = psutil.Process()
    data.close()
    until(lambda: not producers_of(me), 10)


def test_a_killed_producer_is_not_noticed_by_the_loop(open_set: Open) -> None:
    data = open_set(Slow(0.1), ahead=1, batch_size=1)
    me = psutil.Process()
    loader = DataLoader(data, batch_size=2, num_workers=2, multiprocessing_context="fork")
    for epoch in range(2):
        data.set_epoch(epoch)
        for image in images_of(data)[:1]:
            assert image.dtype == np.uint8
        for producer in producers_of(me):
            producer.kill()
        assert sum(len(labels) for _, labels in loader) == REAL + PAINTED
    assert data.production is not None and data.production.starts > 1
    assert data.bank.verify() == []


def test_an_earlier_draw_may_be_shown_while_the_new_one_is_made(open_set: Open) -> None:
    data = open_set(on_late="reuse", ahead=0)
    first = images_of(data)
    data.set_epoch(1)
    (producer,) = producers_of(psutil.Process())
    producer.suspend()
    try:
        assert all(same(one, other) for one, other in zip(first, images_of(data)))
    finally:
        producer.resume()
    assert data.production is not None and data.production.substituted == PAINTED
    until(lambda: not any(same(one, other) for one, other in zip(first, images_of(data))))


def test_a_place_that_is_refused_shows_the_next_one_of_its_class(open_set: Open) -> None:
    data = open_set(Unwilling(["3/1", "3/2"]))
    slots = [data.sample(index).request.slot for index in range(REAL, len(data))]
    assert slots == ["3/0", "3/3", "3/3", "3/3"]
    assert [data[index][1] for index in range(REAL, len(data))] == [3] * PAINTED


def test_a_class_that_is_refused_wholly_is_an_error(open_set: Open) -> None:
    data = open_set(Unwilling([f"3/{place}" for place in range(PAINTED)]))
    with pytest.raises(PlanError, match=r"every draw of every place of the class .*not willing"):
        data[REAL]


def test_shams_replace_their_items_and_change_with_the_epochs(open_set: Open) -> None:
    data = open_set(sham_fraction=0.5)
    replaced = [index for index in range(len(data)) if data.is_sham(index)]
    assert len(replaced) == 6 and len(data) == REAL + PAINTED
    source = single_label().items
    for index in replaced:
        image, label = data[index]
        sample = data.sample(index)
        assert label == 0 and not sample.mask.any() and sample.request.purpose == "sham"
        assert ((image != source[index][0]) <= sample.edit_region[0].numpy()).all()
    before = data.sample(replaced[0])
    data.set_epoch(1)
    assert not torch.equal(before.edit_region, data.sample(replaced[0]).edit_region)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_failing_engine_ends_the_loop_with_its_reason(open_set: Open, workers: int) -> None:
    data = open_set(Failing())
    loader = DataLoader(data, batch_size=2, num_workers=workers)
    with pytest.raises(ProducerError, match="the device fell off the bus"):
        list(loader)


def test_what_came_of_an_epoch_is_told(open_set: Open, capsys: pytest.CaptureFixture[str]) -> None:
    data = open_set(progress=True)
    images_of(data)
    data.set_epoch(1)
    told = capsys.readouterr().err
    assert "epoch 0: 4 synthetic items served" in told and "% late" in told


LOOP = """
import sys, time
from torch.utils.data import DataLoader
from medsynth_aug.data import RebalancedDataset
from tests.bank.engines import Slow
from tests.data.small import single_label

data = RebalancedDataset(single_label(), Slow(0.2), bank=sys.argv[1], lesions={3: "nodule"}, background=[0],
                         mode="on_the_fly", progress=False)
loader = DataLoader(data, batch_size=2, num_workers=2, persistent_workers=True)
for epoch in range(1000):
    data.set_epoch(epoch)
    for batch in loader:
        print(epoch, flush=True)
"""


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_loop_that_is_ended_leaves_no_process(tmp_path: Path, with_signal: signal.Signals) -> None:
    loop = subprocess.Popen(
        [sys.executable, "-c", LOOP, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    assert loop.stdout is not None and loop.stderr is not None
    for _ in range(12):
        assert loop.stdout.readline()
    family = psutil.Process(loop.pid).children(recursive=True)
    assert len(family) >= 3, "the loop runs without workers or producer: the test proves nothing"
    if with_signal == signal.SIGINT:
        os.killpg(loop.pid, with_signal)  # Ctrl-C reaches every process in the foreground
    else:
        loop.send_signal(with_signal)
    loop.stdout.close()
    loop.stderr.close()
    assert loop.wait(30) != 0
    until(lambda: not any(one.is_running() and runs(one.pid) for one in family), 15)
