"""Two reports are compared image by image where they can be, and the page says where they cannot."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.report import (
    EvaluationReport,
    Gate,
    Model,
    Section,
    compare,
    load_report,
    save,
    save_comparison,
)
from medsynth_aug.evaluation.report.comparison_page import comparison_page
from tests.evaluation.reports import Page, anatomy, fidelity, report

NAMES = [f"image {number}" for number in range(60)]
PATIENTS = [f"patient {number // 3}" for number in range(60)]


def difficulty(seed: int = 0) -> np.ndarray:
    """Images differ far more among each other than the two runs do."""
    return np.random.default_rng(seed).normal(0.5, 0.2, 60)


def run(shift: float = 0.0, **rest: object) -> EvaluationReport:
    noise = np.random.default_rng(1).normal(shift, 0.01, 60) if shift else np.zeros(60)
    values = (difficulty() + noise).tolist()
    return report(anatomy(values, NAMES, PATIENTS), fidelity(kid=0.2 + shift), **rest)  # type: ignore[arg-type]


def test_a_paired_difference_is_found_that_images_would_drown() -> None:
    first, second = run(), run(0.02)
    (found,) = compare(first, second).sections[0].paired
    assert found.value == pytest.approx(0.02, abs=0.005)
    assert found.low is not None and found.high is not None and 0 < found.low < found.high
    assert found.n == {"pairs": 60, "patients": 20}
    alone = [one.sections[0].groups[0].figures[0] for one in (first, second)]
    assert alone[1].low < alone[0].high  # type: ignore[operator]


def test_pairs_go_by_name_whatever_the_order_and_only_those_that_both_measured() -> None:
    first = report(anatomy([0.1, 0.2, math.nan, 0.4], list("abcd"), list("pqrs")))
    second = report(anatomy([0.5, 9.0, 0.3, 0.2], list("daec"), list("spxr")))
    (found,) = compare(first, second).sections[0].paired
    assert found.n == {"pairs": 2, "patients": 2}
    assert found.value == pytest.approx(((0.5 - 0.4) + (9.0 - 0.1)) / 2)


def test_the_two_ways_round_differ_in_sign_only() -> None:
    (there,), (back,) = (
        compare(*pair).sections[0].paired for pair in ((run(), run(0.02)), (run(0.02), run()))
    )
    assert there.value == pytest.approx(-back.value)  # type: ignore[operator]
    assert there.low == pytest.approx(-back.high)  # type: ignore[operator]


def test_one_patient_gives_a_difference_without_an_interval() -> None:
    sides = [report(anatomy(values, ["a", "b"], ["p", "p"])) for values in ([0.1, 0.2], [0.2, 0.4])]
    (found,) = compare(*sides).sections[0].paired
    assert found.value == pytest.approx(0.15)
    assert found.low is found.high is None and "one patient" in found.note


def test_without_a_common_image_the_estimates_are_compared_unpaired() -> None:
    second = report(anatomy([0.5] * 3, ["x", "y", "z"], ["p", "q", "r"]))
    section = compare(run(), second).sections[0]
    assert section.paired[0].value is None and "no image of one name" in section.paired[0].refused
    (found,) = section.unpaired
    assert found.difference == pytest.approx(0.5 - difficulty().mean())


def test_figures_without_values_an_image_are_unpaired_and_keep_both_intervals() -> None:
    section = compare(run(), run(0.02)).sections[1]
    found = {one.first.name: one for one in section.unpaired}
    assert found["KID"].difference == pytest.approx(0.02)
    data = found["KID"].to_json()
    assert data["note"] == "unpaired"
    assert data["first"]["low"] == pytest.approx(0.1) and data["second"]["high"] == pytest.approx(0.32)
    assert found["FID"].difference is None
    assert "KID, real vs real" in found


def test_different_extractors_are_never_compared() -> None:
    with pytest.raises(SettingError, match=r"medsynth \(abc\) and medsynth \(xyz\).*same --extractor"):
        compare(run(), run(extractor="xyz"))


def test_an_image_of_another_patient_is_an_error() -> None:
    sides = [report(anatomy([0.1, 0.2], ["a", "b"], ["p", who])) for who in ("q", "r")]
    with pytest.raises(SettingError, match="image 'b' is of patient 'q' in the first report and of 'r'"):
        compare(*sides)


def test_what_only_one_report_has_is_listed() -> None:
    absent = Section(key="realism", title="Realism", intro="", status="not run", reason="no boxes")
    found = compare(report(fidelity("nodule")), report(fidelity("mass"), absent)).sections
    assert "nodule: KID" in found[0].only_first and "mass: KID" in found[0].only_second
    assert not found[0].unpaired
    assert found[1].statuses == ("absent", "not run")


def test_settings_that_differ_are_named() -> None:
    sides = run(settings={"seed": 0, "most": (3, 4)}), run(settings={"seed": 1, "most": [3, 4]})
    assert compare(*sides).differing_settings == {"seed": [0, 1]}


def test_a_comparison_is_written_and_its_page_can_be_read(tmp_path: Path) -> None:
    gates = [
        Section(key="artefact", title="<i>Audit", intro="", status="ran", gate=Gate(limit=0.6, passed=passed))
        for passed in (True, False)
    ]
    first, second = (
        report(*one.sections, gate, checkpoint=Model(name=name))
        for one, gate, name in zip((run(), run(0.02)), gates, ("starter", "tuned"))
    )
    save(first, tmp_path / "first")
    save(second, tmp_path / "second")
    made = compare(load_report(tmp_path / "first"), load_report(tmp_path / "second"), seed=5)
    path, page = save_comparison(made, tmp_path / "both")
    assert (path.name, page.name) == ("comparison.json", "comparison.html")
    data = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert (data["schema"], data["schema_version"], data["seed"]) == ("medsynth-evaluation-comparison", 1, 5)
    assert data["sections"][0]["paired"][0]["n"] == {"pairs": 60, "patients": 20}
    assert data == json.loads(json.dumps(made.to_json()))
    read = Page(page.read_text())
    assert "<i>" not in page.read_text() and "<i>Audit" in read.text
    assert "✓ passed" in read.text and "✗ failed" in read.text
    assert "starter" in read.text and "tuned" in read.text and "60 pairs, 20 patients" in read.text
    assert not read.all("script", "link", "img")
    assert len(read.all("caption")) == len(read.all("table"))


def test_the_same_seed_gives_the_same_page() -> None:
    pages = {
        comparison_page(compare(run(created_at="t"), run(0.02, created_at="t"), seed=seed)).partition(
            "Summary"
        )[2]
        for seed in (0, 0, 1)
    }
    assert len(pages) == 2
