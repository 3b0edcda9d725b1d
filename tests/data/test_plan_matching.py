"""A plan matches confounders, caps what a patient gives, and says what it could not do."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from medsynth_aug.data import Plan, age_band
from medsynth_aug.data.planning.apportion import interleave, largest_remainder
from medsynth_aug.data.planning.backgrounds import in_turn
from medsynth_aug.errors import SettingError
from tests.data.small import Items, pictures, single_label
from tests.data.test_plan import multi_label, plan

counts = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@given(st.integers(0, 200), counts)
def test_shares_add_up_and_are_within_one_of_the_exact_ones(total: int, weights: list[int]) -> None:
    assume(sum(weights))
    shares = largest_remainder(total, weights)
    exact = total * np.array(weights) / sum(weights)
    assert shares.sum() == total and (np.abs(shares - exact) < 1).all()


@given(counts)
def test_interleaving_keeps_the_counts_and_every_beginning_is_mixed(wanted: list[int]) -> None:
    mixed = interleave(wanted)
    assert np.bincount(mixed, minlength=len(wanted)).tolist() == wanted
    for end in range(len(mixed)):
        exact = end * np.array(wanted) / sum(wanted)
        assert (np.abs(np.bincount(mixed[:end], minlength=len(wanted)) - exact) <= len(wanted)).all()


@given(st.lists(st.integers(1, 4), max_size=5), st.none() | st.integers(1, 5), st.booleans())
def test_patients_take_turns_until_cap_or_images_end(images: list[int], most: int | None, once: bool) -> None:
    starts = np.cumsum([0, *images])
    patients = [(f"p{n}", list(range(starts[n], starts[n + 1]))) for n in range(len(images))]
    used: dict[str, int] = {}
    given = in_turn(patients, used, most=most, once=once)
    taken = [item for item, _ in zip(given, range(40))]
    owner = {item: patient for patient, items in patients for item in items}
    uses = Counter(owner[item] for item in taken)
    assert uses == Counter(used) or len(taken) == 40
    room = [min(count if once else 10**9, most or 10**9) for count in images]
    assert len(taken) == min(40, sum(room))
    assert not once or len(set(taken)) == len(taken)
    open_ones = [uses[f"p{n}"] for n in range(len(images)) if uses[f"p{n}"] < room[n]]
    assert not open_ones or max(open_ones) - min(open_ones) <= 1


def drawn(views: list[int], rare: list[bool], patients: list[int]) -> Items:
    """Items of class 3 where `rare`, else 0; at least one of each."""
    labels = [0, 3] + [3 if one else 0 for one in rare]
    items = list(zip(pictures(len(labels)), labels))
    return Items(items, targets=labels, groups=[f"p{patient}" for patient in patients])


cases = st.integers(4, 24).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from(["PA", "AP", "LAT", None]), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n - 2, max_size=n - 2),
        st.lists(st.integers(0, 6), min_size=n, max_size=n),
    )
)


@given(cases, st.integers(1, 3), st.none() | st.integers(1, 4), st.booleans(), st.integers(0, 99))
def test_matching_and_capping_hold_together(
    case: Any, ratio: int, cap: int | None, strict: bool, seed: int
) -> None:
    views, rare, patients = case
    source = drawn(views, rare, patients)
    real = Counter(view for view, label in zip(views, source.targets) if label == 3)
    total = sum(real.values())
    wanted = {3: total + ratio * total}
    made = plan(source, match={"view": views}, match_strict=strict, max_per_patient=cap, seed=seed,
                sampling_strategy=wanted, max_ratio=ratio)  # fmt: skip
    planned = Counter(views[index] for index in made.samples.indices.tolist())
    backgrounds = {view for view, label in zip(views, source.targets) if label == 0}
    assert set(planned) <= backgrounds & set(real)
    assert cap is None or max(Counter(made.samples.patients).values(), default=0) <= cap
    assert made.quotas[3] == (ratio * total, len(made))
    assert [request.slot for request in made.requests] == [f"3/{place}" for place in range(len(made))]
    for view, count in planned.items():
        assert not strict or count <= np.ceil(ratio * total * real[view] / total)
        if cap is None and strict:
            assert count >= np.floor(ratio * total * real[view] / total)
    if cap is None and not strict and backgrounds & set(real):
        assert len(made) == ratio * total
    assert bool(made.notes) == bool(
        len(made) < ratio * total or (cap is None and set(real) - backgrounds)
    ) or (cap is not None and not strict)
    report = made.match_report
    assert report is not None and {s.values[0]: s.planned for s in report.strata if s.planned} == {
        view or "unknown": count for view, count in planned.items()
    }


def test_attributes_are_matched_jointly() -> None:
    views, sexes = ["PA", "PA", "AP", "AP"] * 4, ["F", "M"] * 8
    made = plan(match={"view": views, "sex": sexes}, max_ratio=2, sampling_strategy={3: 12})
    pairs = Counter((views[index], sexes[index]) for index in made.samples.indices.tolist())
    assert pairs == Counter(dict.fromkeys([("PA", "F"), ("PA", "M"), ("AP", "F"), ("AP", "M")], 2))
    report = made.match_report
    assert report is not None and report.attributes == ("view", "sex") and report.distance(3) == 0
    assert report.table().splitlines()[1].split() == [
        "3", "AP", "F", "3", "1", "2", "25.0%", "25.0%"
    ]  # fmt: skip


def test_a_stratum_without_background_is_left_out_and_told() -> None:
    views = ["PA"] * 12 + ["PA", "PA", "LAT", "LAT"]
    made, loose = (plan(match={"view": views}, match_strict=strict) for strict in (True, False))
    assert made.quotas == {3: (8, 2)} and loose.quotas == {3: (8, 4)}
    assert made.notes == (
        "3: 2 of 4 samples could not be matched, no background has view=LAT (2); they were left out",
    )
    assert loose.notes[0].endswith("given to the other strata")
    assert made.notes[0] in made.summary() and made.match_report is not None
    assert made.match_report.distance(3) == pytest.approx(0.5)


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_is_planned_where_no_stratum_has_a_background(strict: bool) -> None:
    made = plan(match={"view": ["PA"] * 12 + ["LAT"] * 4}, match_strict=strict, sham_fraction=0.5)
    assert not len(made.requests) and made.quotas == {3: (8, 0)}
    assert made.notes[0].endswith("view=LAT (4); they were left out")


def test_values_that_read_alike_are_one_and_unknown_ones_are_a_stratum() -> None:
    ages = [40, 40.0, "40", np.int64(40)] * 3 + [None, float("nan"), "", " "]
    made = plan(match={"age": ages}, match_strict=False)
    report = made.match_report
    assert report is not None
    assert [(s.values, s.backgrounds, s.real) for s in report.strata] == [(("unknown",), 0, 4)]


def test_each_class_has_its_own_shares() -> None:
    views = ["PA", "AP"] * 4 + ["PA", "PA", "PA", "AP", "AP", "AP"]
    labels = [0] * 8 + [1, 1, 1, 1, 2, 2]
    source = Items(list(zip(pictures(14), labels)), targets=labels, groups=[str(n) for n in range(14)])
    made = plan(source, lesions={1: "nodule", 2: "effusion"}, match={"view": views}, max_ratio=4,
                sampling_strategy={1: 8, 2: 6})  # fmt: skip
    shares = {key: Counter(views[s.index] for s in made.samples if s.key == key) for key in (1, 2)}
    assert shares == {1: {"PA": 3, "AP": 1}, 2: {"AP": 4}}


def test_a_cap_is_shared_by_the_classes_and_a_small_one_is_filled_first() -> None:
    labels = [0] * 6 + [1] * 8 + [2] * 2
    source = Items(list(zip(pictures(16), labels)), targets=labels, groups=[f"p{n // 2}" for n in range(16)])
    made = plan(source, lesions={1: "nodule", 2: "effusion"}, max_per_patient=3, max_ratio=1,
                sampling_strategy={1: 16, 2: 4})  # fmt: skip
    assert made.quotas == {1: (8, 7), 2: (2, 2)}
    assert set(Counter(made.samples.patients).values()) == {3}
    assert made.notes == ("1: 1 of 8 samples were left out, the patients hold max_per_patient=3 already",)
    assert made.notes[0] in made.summary()


def test_without_the_new_wishes_a_plan_is_what_it_was() -> None:
    wide = plan(max_per_patient=4, match={"view": ["PA"] * 16}, sham_fraction=0.0)
    assert wide.requests == plan().requests and not wide.notes and plan().match_report is None


def test_a_multi_label_plan_matches_and_counts_every_column() -> None:
    views = ["PA", "AP", "PA", "PA", "AP"]
    made = plan(multi_label(), lesions={"Nodule": "nodule"}, background=None, exclusive=["No Finding"],
                sampling_strategy={"Nodule": 4}, max_ratio=3, match={"view": views})  # fmt: skip
    assert {sample.index for sample in made.samples} <= {0, 2}
    assert [(count.name, count.after - count.before) for count in made.counts] == [
        ("No Finding", 0), ("Nodule", 3), ("Effusion", 0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"match": {"view": ["PA"]}}, r"match\['view'\] has 1 values for 16 items"),
        ({"match": ["view"]}, "match names attributes with a value for each item"),
        ({"max_per_patient": 0}, "max_per_patient is 0; it must be at least 1"),
        ({"max_per_patient": 1.5}, "max_per_patient is 1.5; it must be a whole number"),
        ({"max_per_patient": True}, "max_per_patient is True"),
        ({"max_per_patient": "4"}, "max_per_patient is '4'; it must be a whole number"),
        ({"max_per_patient": [4]}, r"max_per_patient is \[4\]"),
        ({"max_ratio": "2"}, "max_ratio is '2'; it must be a finite number"),
        ({"max_ratio": None}, "max_ratio is None; it must"),
        ({"sampling_strategy": {3: "many"}}, r"sampling_strategy\[3\] is 'many'; it must be a finite number"),
        ({"sham_fraction": "half"}, "sham_fraction is 'half'; it must be a finite number"),
        ({"sham_fraction": None}, "sham_fraction is None; it must"),
        ({"sham_fraction": 1.5}, r"sham_fraction is 1.5; .* in \[0, 1\]"),
        ({"sham_fraction": float("nan")}, "sham_fraction is nan"),
    ],
)
def test_wishes_of_no_known_form_are_said_clearly(arguments: Any, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        plan(single_label(), **arguments)


def test_ages_fall_into_bands() -> None:
    ages = [0, 9.9, "10", "045Y", "018M", 90, None, "", float("nan")]
    bands = ["0 to <10", "0 to <10", "10 to <20", "40 to <50", "0 to <10", "90 to <100", None, None, None]
    assert age_band(ages) == bands
    assert age_band([7.4], width=2.5) == ["5 to <7.5"]
    for bad, says in ((["old"], "'old' is no age"), (["inf"], "'inf' is no age")):
        with pytest.raises(SettingError, match=says):
            age_band(bad)
    for width in (0, -1, float("nan")):
        with pytest.raises(SettingError, match="must be above 0"):
            age_band([1], width=width)


def planned_again(made: Plan) -> list[Any]:
    return [(s.request.source, s.request.slot) for s in made.samples]


def test_matching_is_deterministic_in_the_seed() -> None:
    views = ["PA", "AP"] * 8
    one, same, other = (plan(match={"view": views}, seed=seed) for seed in (5, 5, 6))
    assert planned_again(one) == planned_again(same) != planned_again(other)
