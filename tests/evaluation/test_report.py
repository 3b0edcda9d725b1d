"""A report comes back from its file as it was, and its page shows all of it and fetches nothing."""

import base64
import io
import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.images import EvaluationImage, image_set
from medsynth_aug.evaluation.report import (
    EvaluationReport,
    FigureGroup,
    Gate,
    Section,
    Strip,
    inputs_of,
    load_report,
    save,
)
from medsynth_aug.evaluation.report.plots import Scale, scale_of
from medsynth_aug.evaluation.report.report_page import report_page
from medsynth_aug.evaluation.report.tables import panels, rows_of
from medsynth_aug.types import ValueRange
from tests.evaluation.reports import Page, anatomy, fidelity, figure, report


def whole() -> EvaluationReport:
    values = [0.9, 0.8, math.nan, 0.95]
    audit = Section(
        key="artefact", title="Artefact audit", intro="0.5 is chance.", status="refused",
        reason="shams change too little", gate=Gate(limit=0.6, passed=False),
    )  # fmt: skip
    return report(
        fidelity(), anatomy(values, list("abcd"), ["p", "p", "q", "r"]), audit, settings={"seed": 3}
    )


def test_a_report_comes_back_as_it_was_without_its_pictures(tmp_path: Path) -> None:
    made = whole()
    files = save(made, tmp_path / "new" / "folder")
    for path in (tmp_path / "new" / "folder", files[0]):
        read = load_report(path)
        assert read.to_json() == made.to_json()
        assert read.sections[0].groups == made.sections[0].groups
        assert [one.caption for one in read.sections[0].strips] == ["nodule: real"]
        assert not read.sections[0].strips[0].panels
    assert math.isnan(load_report(files[0]).sections[1].values["SSIM"][2])


def test_the_json_says_what_it_is_and_holds_no_nan(tmp_path: Path) -> None:
    broken = FigureGroup(
        heading="x",
        figures=(
            Figure(name="a", value=math.inf, n={"images": 1}),
            Figure(name="b", value=0.5, low=math.nan, high=math.nan, n={"images": 1}),
        ),
    )
    section = Section(key="x", title="X", intro="", status="ran", groups=(broken,))
    path, _ = save(report(section, settings={"limit": math.inf}), tmp_path)
    data = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert (data["schema"], data["schema_version"]) == ("medsynth-evaluation", 1)
    assert data["settings"] == {"limit": None}
    refused, bare = data["sections"][0]["groups"][0]["figures"]
    assert refused["value"] is None and "inf" in refused["refused"]
    assert bare["value"] == 0.5 and bare["low"] is bare["high"] is None
    assert {"numpy", "torch"} <= data["libraries"].keys() and data["created_at"].endswith("+00:00")


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    page = Page(report_page(whole()))
    addresses = [held.get(name) for _, held in page.elements for name in ("src", "href") if name in held]
    assert addresses and all(one and one.startswith(("data:image/png;base64,", "#")) for one in addresses)
    assert not page.all("script", "link", "iframe", "object")
    assert "url(" not in report_page(whole()) and "@import" not in report_page(whole())
    policies = [held["content"] for held in page.all("meta") if "http-equiv" in held]
    assert policies and policies[0] is not None and policies[0].startswith("default-src 'none'")


def test_the_page_can_be_read_by_ear() -> None:
    page = Page(report_page(whole()))
    levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(held.get("scope") in ("row", "col") for held in page.all("th"))
    assert [held["alt"] for held in page.all("img")] == ["nodule: real: a.png", "nodule: real: b.png"]
    plots = [held for held in page.all("svg") if held.get("class") == "plot"]
    assert plots and all(held.get("role") == "img" and held.get("aria-label") for held in plots)


def test_every_figure_is_shown_with_its_interval_its_n_and_its_extractor() -> None:
    text = Page(report_page(whole())).text
    for told in ("0.2 (0.1 to 0.3)", "0.6 (0.5 to 0.7)", "40 real, 30 synthetic", "medsynth (abc)", "cubic"):
        assert told in text


def test_what_was_refused_and_which_gate_failed_stands_at_the_top() -> None:
    top = report_page(whole()).partition('<section id="section-0"')[0]
    assert "FID: needs at least 64 images a side" in top
    assert "shams change too little" in top and "✗ failed" in top and "at 0.6" in top
    assert whole().failed == ("Artefact audit",)


def test_a_class_with_markup_in_its_name_is_shown_as_it_is_written() -> None:
    hostile = '<b>"&'
    section = fidelity(hostile)
    page = report_page(report(section, label=hostile, settings={hostile: [hostile]}))
    assert "<b>" not in page
    assert Page(page).text.count(hostile) >= 3
    assert Page(page).all("img")[0]["alt"] == f"{hostile}: real: a.png"


def test_pictures_arrive_pixel_for_pixel() -> None:
    source = Page(report_page(whole())).all("img")[0]["src"]
    assert source is not None
    shown = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    assert np.array_equal(np.asarray(shown), np.arange(64, dtype=np.uint8).reshape(8, 8))


def test_a_figure_without_a_value_has_text_in_place_of_a_dot() -> None:
    refused = FigureGroup(
        heading="x", figures=(Figure(name="FID", value=None, n={"real": 2}, refused="few"),)
    )
    page = report_page(
        report(Section(key="x", title="X", intro="", status="ran", groups=(refused,)))
    ).partition('<section id="section-0"')[2]
    assert "not measured: few" in page and 'class="plot"' not in page


def test_a_scale_holds_zero_and_every_number_and_ends_round() -> None:
    assert scale_of([figure("a", 23.5)]) == Scale(low=0, high=25)
    assert scale_of([figure("a", 0.0, half=0.03)]) == Scale(low=-0.03, high=0.03)
    assert scale_of([figure("a", -5.0)]) == Scale(low=-6, high=0)
    assert scale_of([Figure(name="a", value=0.0, n={})]) == Scale(low=0, high=1)
    assert scale_of([]) is None
    assert Scale(low=-1, high=3).percent(0) == "25.00%"


def test_references_stand_beside_their_figure_and_unlike_figures_apart() -> None:
    group = FigureGroup(
        heading="x",
        figures=(
            figure("FID", 20),
            figure("FID, inside", 30),
            figure("recall", 0.05, 0.02),
            figure("cover", 0.9),
        ),
        reference=(
            figure("FID, real vs real", 4),
            figure("FID, inside, real vs real", 5),
            figure("other", 1),
        ),
    )
    rows, shapes = rows_of(group)
    beside = {row.figure.name: [one.name for _, _, one in row.beside] for row in rows}
    assert beside["FID"] == ["FID, real vs real"]
    assert beside["FID, inside"] == ["FID, inside, real vs real"]
    assert shapes == {"real vs real": 1, "reference": 2}
    names = [[row.figure.name for row in panel] for panel in panels(rows)]
    assert names == [["FID", "FID, inside"], ["recall", "cover", "other"]]


def test_a_report_of_another_version_or_kind_is_refused(tmp_path: Path) -> None:
    path, _ = save(whole(), tmp_path)
    data = json.loads(path.read_text())
    for change, told in (
        ({"schema_version": 2}, "schema_version is 2.*run the evaluation again"),
        ({"schema": "benchmark"}, "schema is 'benchmark'"),
        ({"sections": [{}]}, "is no evaluation report"),
        ({"sections": None}, "is no evaluation report"),
        ({"surprise": 1}, "is no evaluation report"),
    ):
        path.write_text(json.dumps({**data, **change}))
        with pytest.raises(SettingError, match=told):
            load_report(path)
    for content in ("[]", "no json", '{"schema": 1}'):
        path.write_text(content)
        with pytest.raises(SettingError, match=r"report\.json"):
            load_report(path)
    with pytest.raises(SettingError, match="give the folder"):
        load_report(tmp_path / "absent")


def test_a_figure_that_holds_no_number_is_refused_on_reading(tmp_path: Path) -> None:
    path, _ = save(whole(), tmp_path)
    for told in ('"0.2"', "NaN"):
        path.write_text(path.read_text().replace('"value": 0.2', f'"value": {told}'))
        with pytest.raises(SettingError, match="something else than numbers"):
            load_report(path)
        save(whole(), tmp_path)


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SettingError, match=r"cannot be written.*another folder"):
            save(whole(), folder)
    (tmp_path / "out" / "report.json").mkdir(parents=True)
    with pytest.raises(SettingError, match="cannot be written"):
        save(whole(), tmp_path / "out")
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["report.json"]


def test_a_setting_that_is_no_json_leaves_the_earlier_report_alone(tmp_path: Path) -> None:
    path, _ = save(whole(), tmp_path)
    before = path.read_bytes()
    with pytest.raises(SettingError, match="pass settings as text"):
        save(report(settings={"where": tmp_path}), tmp_path)
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_a_file_name_that_is_no_text_survives(tmp_path: Path) -> None:
    path, _ = save(report(anatomy([0.5], ["bild\udcff.png"], ["p"])), tmp_path)
    assert load_report(path).sections[0].value_names == ["bild\udcff.png"]


def test_a_section_that_contradicts_itself_is_refused() -> None:
    fixed = {"key": "k", "title": "t", "intro": ""}
    with pytest.raises(SettingError, match="say ran, not run, refused"):
        Section(**fixed, status="done")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="without a reason"):
        Section(**fixed, status="refused")
    with pytest.raises(SettingError, match="names image 'a' twice"):
        anatomy([1, 2], ["a", "a"], ["p", "p"])
    with pytest.raises(SettingError, match="give one an image"):
        anatomy([1], ["a", "b"], ["p", "p"])
    with pytest.raises(SettingError, match="make it uint8"):
        Strip(caption="c", panels=(("a", np.zeros((2, 2))),))  # type: ignore[arg-type]


def test_inputs_are_counted_a_class_and_a_stratum() -> None:
    def image(label: str, stratum: str) -> EvaluationImage:
        return EvaluationImage(
            name="x", pixels=torch.zeros(1, 2, 2), value_range=ValueRange(0, 1), label=label, patient="p",
            digest="d", stratum=stratum,
        )  # fmt: skip

    inputs = inputs_of(
        image_set("films", [image("a", "PA"), image("b", "")]), image_set("bank", [image("a", "PA")])
    )
    assert inputs.classes == {"a": {"real": 1, "synthetic": 1}, "b": {"real": 1, "synthetic": 0}}
    assert inputs.strata == {"": {"real": 1, "synthetic": 0}, "PA": {"real": 1, "synthetic": 1}}


def test_the_lines_for_a_terminal_name_every_figure_and_gate() -> None:
    lines = "\n".join(whole().lines())
    assert "not measured, needs at least 64 images a side" in lines and ": FID" in lines
    assert "KID: 0.2 (0.1 to 0.3), n = 40 real, 30 synthetic" in lines and "gate at 0.6: FAILED" in lines
