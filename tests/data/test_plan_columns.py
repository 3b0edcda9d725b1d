"""The samples of a plan are columns: lazy, equal by what they ask for, and saved whole or not at all."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medsynth_aug.data import Plan, PlannedRequests, PlannedSamples, RebalancedDataset
from medsynth_aug.errors import PlanError, SettingError
from medsynth_aug.synthesis import FakeSynthesizer, SynthesisRequest
from tests.data.small import single_label
from tests.data.test_plan import multi_label, plan


def rich(**arguments: Any) -> Plan:
    """A plan with all that a plan can hold."""
    views = ["PA", "AP", None, "PA"] * 4
    given = {"max_ratio": 3, "match": {"view": views}, "sham_fraction": 0.5, "max_per_patient": 2}
    return plan(single_label(normal=10, rare=6), **{**given, **arguments})


def test_a_sample_is_built_when_asked_for_and_the_same_each_way() -> None:
    samples = plan().samples
    assert isinstance(samples, PlannedSamples) and len(samples) == 4
    one_by_one = [samples[index] for index in range(4)]
    assert list(samples) == one_by_one == [samples[index - 4] for index in range(4)]
    assert samples[1:3] == one_by_one[1:3] and samples[::-1] == one_by_one[::-1]
    assert samples.take([2, 0]) == [one_by_one[2], one_by_one[0]] and not len(samples.take([]))
    for index in (4, -5):
        with pytest.raises(IndexError):
            samples[index]


def test_the_columns_say_what_the_samples_say() -> None:
    made = rich()
    for samples in (made.samples, made.shams):
        assert samples.indices.tolist() == [sample.index for sample in samples]
        assert samples.keys == [sample.key for sample in samples]
        assert samples.patients == [sample.patient for sample in samples]
        assert {item.index for item in samples.used_items} == {sample.index for sample in samples}


def test_requests_are_those_of_the_samples_and_then_of_the_shams() -> None:
    made = rich()
    wanted = [sample.request for sample in (*made.samples, *made.shams)]
    assert isinstance(made.requests, PlannedRequests) and len(made.shams)
    assert made.requests == wanted == list(made.requests)
    assert made.requests[-1] == wanted[-1] and made.requests[2:5] == wanted[2:5]
    assert isinstance(made.requests[0], SynthesisRequest) and wanted[0] in made.requests


def test_plans_are_equal_if_and_only_if_they_ask_for_the_same() -> None:
    assert rich() == rich() and rich().digest == rich().digest
    others = [
        rich(seed=1),
        rich(sham_fraction=0.2),
        rich(max_per_patient=1),
        rich(lesions={3: "effusion"}),
        plan(),
    ]
    assert all(rich() != other and rich().digest != other.digest for other in others)
    assert rich().samples != 3 and rich().requests != "text"


def test_equal_samples_out_of_different_plans_are_equal() -> None:
    small, large = (plan(sampling_strategy={3: total}) for total in (6, 8))
    assert large.samples[:2] == small.samples and large.samples[1:3] != small.samples
    assert large.samples[:2] != small.samples[::-1]
    assert large.samples.for_engine("other") != large.samples


def test_the_digest_does_not_depend_on_the_engine_and_the_requests_do() -> None:
    made, other = rich(), rich().for_engine("f" * 64)
    assert made.digest == other.digest and made != other
    assert {request.engine for request in other.requests} == {"f" * 64} == {other.engine}
    assert made.engine == FakeSynthesizer().fingerprint


@pytest.mark.parametrize("make", [plan, rich, lambda: plan(sampling_strategy={3: 4}), lambda: multi()])
def test_a_saved_plan_comes_back_equal(make: Any, tmp_path: Path) -> None:
    made = make()
    made.save(tmp_path / "deep" / "plan.jsonl")
    again = Plan.load(tmp_path / "deep" / "plan.jsonl")
    assert again == made and again.digest == made.digest and again.summary() == made.summary()
    assert list(again.requests) == list(made.requests)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["plan.jsonl"]


def multi() -> Plan:
    return plan(multi_label(), lesions={"Nodule": "nodule"}, background=None, sampling_strategy={"Nodule": 2})


def test_a_class_named_by_numpy_is_saved_as_its_number(tmp_path: Path) -> None:
    made = plan(lesions={np.int64(3): "nodule"})
    made.save(tmp_path / "plan.jsonl")
    assert Plan.load(tmp_path / "plan.jsonl") == made == plan()


def test_a_plan_pickles() -> None:
    assert pickle.loads(pickle.dumps(rich())) == rich()


def test_a_failed_save_leaves_the_earlier_plan(tmp_path: Path) -> None:
    rich().save(tmp_path / "plan.jsonl")
    broken = plan()
    object.__setattr__(broken.samples, "rows", broken.samples.rows + 99)
    with pytest.raises(IndexError):
        broken.save(tmp_path / "plan.jsonl")
    assert Plan.load(tmp_path / "plan.jsonl") == rich()
    assert len(list(tmp_path.iterdir())) == 1


def damaged(lines: list[str]) -> dict[str, list[str]]:
    other = json.loads(lines[-2])
    other[0][0] += 1
    return {
        "cut": lines[:-1],
        "half a line": [*lines[:-1], lines[-1][:9]],
        "no line": [],
        "another sample": [*lines[:-2], json.dumps(other), lines[-1]],
        "an item too few": [lines[0], *lines[2:]],
        "another form": [lines[0].replace('"medsynth_plan": 2', '"medsynth_plan": 1'), *lines[1:]],
        "not a plan": ["[1, 2]"],
        "not JSON": ["plan"],
    }


@pytest.mark.parametrize("how", damaged(["", "[[0], [0], [0]]", ""]))
def test_a_damaged_file_is_no_plan(how: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    rich().save(path)
    path.write_text("\n".join(damaged(path.read_text().splitlines())[how]))
    with pytest.raises(PlanError, match=r"plan.jsonl holds no plan \(.+\); write it with plan.save"):
        Plan.load(path)


def test_the_cost_follows_from_the_sources() -> None:
    made = rich()
    cost = made.cost(copies=True)
    used = len({request.source for request in made.requests})
    assert (cost.samples, cost.sources) == (len(made.requests), used)
    assert cost.sample_bytes == len(made.requests) * (72 * 72 + 2 * 72 * 72 // 8)
    assert cost.map_bytes == used * 2 * 72 * 72 // 8 and cost.copy_bytes == used * 72 * 72
    assert cost.bytes == cost.sample_bytes + cost.map_bytes + cost.copy_bytes
    assert made.cost().copy_bytes == 0


def test_the_time_needs_a_measured_rate() -> None:
    made = plan()
    assert made.cost().seconds is None and "medsynth plan --time" in str(made.cost())
    cost = made.cost(seconds_per_sample=90.0, timed=3)
    assert cost.seconds == 360.0 and "6 minutes on one device at 90 s a sample, measured on n = 3" in str(
        cost
    )
    for rate in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(SettingError, match="give a measured rate above 0"):
            made.cost(seconds_per_sample=rate)


def test_the_bytes_are_those_that_a_bank_then_holds(tmp_path: Path) -> None:
    arguments: Any = {"lesions": {3: "nodule"}, "background": [0], "progress": False}
    cost = RebalancedDataset(single_label(), FakeSynthesizer(), bank=tmp_path, **arguments).plan.cost()
    for folder, foretold in (("pixels", cost.sample_bytes), ("local/maps", cost.map_bytes)):
        files = list((tmp_path / folder).glob("??/*"))
        headers = sum(path.stat().st_size for path in files) - foretold
        assert len(files) in (4, 1)  # all sources share the fake's one anatomy
        assert headers <= 1000 * len(files)
        assert headers >= 0 or folder == "local/maps"
