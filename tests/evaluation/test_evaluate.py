"""One evaluation from the command line to the page, on films that are drawn and lesions that are painted."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from medsynth_aug import FakeSynthesizer, SampleBank
from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.bank import SourceStore, generate
from medsynth_aug.cli import main
from medsynth_aug.errors import LabelError
from medsynth_aug.evaluation import (
    Columns,
    EvaluationReport,
    ImageSet,
    evaluate,
    load_report,
    read_bank,
    read_images,
)
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import SourceImage, SynthesisRequest

SHAPE = (120, 128)
COLUMNS = Columns(image="file", patient="person", strata=("view",))


class Blocks(nn.Module):
    """Sixteen features: mean grey in 4 x 4 blocks."""

    num_features = 16
    input_size = 32

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        return nn.functional.adaptive_avg_pool2d(grey, 4).flatten(1)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty normal films and twenty-four with a bright nodule, each of a person of their own."""
    folder = tmp_path_factory.mktemp("films")
    lungs = schematic_lungs(SHAPE).any(0).numpy()
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    listed = []
    for number in range(64):
        rng = np.random.default_rng(number)
        coarse = cv2.resize(
            rng.normal(0, 1, (7, 7)).astype(np.float32), SHAPE[::-1], interpolation=cv2.INTER_CUBIC
        )
        grey = 160 - 80 * lungs + 12 * coarse + 6 * np.sin(rows / 4) + rng.normal(0, 4, SHAPE)
        if number >= 40:
            grey += 60 * ((rows - 60 - rng.integers(-15, 15)) ** 2 + (columns - 37) ** 2 < 7**2)
        cv2.imwrite(str(folder / f"{number}.png"), np.clip(grey, 0, 255).astype(np.uint8))
        label = "normal" if number < 40 else "spot"
        listed.append({"file": f"{number}.png", "label": label, "person": f"p{number}", "view": "PA"})
    with (folder / "labels.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, listed[0])
        writer.writeheader()
        writer.writerows(listed)
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def real(table: Path) -> ImageSet:
    return read_images(table, columns=COLUMNS, progress=False)


@pytest.fixture(scope="module")
def bank(real: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> SampleBank:
    """Twenty-four nodules, painted by the lesion priors."""
    painter, bank = FakeSynthesizer(), SampleBank(tmp_path_factory.mktemp("banks") / "bank")
    lesion = replace(resolve_lesion("nodule"), size_mm=(25.0, 40.0))
    sources = real.of("normal").images[:24]
    requests = [
        SynthesisRequest(source=one.digest, lesion=lesion, engine=painter.fingerprint, seed=0, slot=one.name)
        for one in sources
    ]
    known = {one.digest: SourceImage(one.pixels, one.value_range, None, one.digest) for one in sources}
    generate(requests, painter, bank, SourceStore(bank, known.get), progress=False)
    return bank


@pytest.fixture(scope="module")
def report(real: ImageSet, bank: SampleBank) -> EvaluationReport:
    synthetic = read_bank(bank, real, classes={"nodule": "spot"}, progress=False)
    return evaluate(
        real, synthetic, normal=["normal"], lesions={"spot": "nodule"}, extractor=Blocks(), checkpoint=None,
        fail_above=0.6, device="cpu", progress=False,
    )  # fmt: skip


def test_every_section_has_its_status(report: EvaluationReport) -> None:
    status = {one.key: one.status for one in report.sections}
    assert status == {
        "fidelity": "ran",
        "anatomy": "ran",
        "privacy": "not run",
        "artefact": "not run",
        "realism spot": "ran",
    }
    reasons = {one.key: one.reason for one in report.sections}
    assert "training index" in reasons["privacy"] and "--shams N" in reasons["artefact"]


def test_painted_nodules_are_nearer_to_real_ones_than_normal_films_are(report: EvaluationReport) -> None:
    whole = report.sections[0].groups[0]
    figures = {one.name: one for one in (*whole.figures, *whole.reference)}
    assert figures["KID"].n == {"real": 24, "synthetic": 24}
    assert figures["FID"].value is not None and figures["precision"].value is not None
    assert figures["KID, class vs normal"].n == {"real": 24, "synthetic": 40}
    assert figures["KID, real vs real"].value is not None


def test_a_real_lesion_without_a_box_is_not_looked_at_closely(report: EvaluationReport) -> None:
    assert [group.heading for group in report.sections[0].groups] == ["spot, whole image"]
    assert "boxes" in report.sections[0].reason


def test_a_gate_that_fails_is_told(report: EvaluationReport) -> None:
    realism = report.sections[-1]
    assert realism.gate is not None and realism.gate["limit"] == 0.6
    value = realism.groups[0].figures[0].value
    assert value is not None and realism.gate["passed"] is (value <= 0.6)


def test_the_extractor_and_what_was_judged_are_written_down(report: EvaluationReport) -> None:
    assert report.extractor.name == "Blocks" and len(report.extractor.digest) == 64
    counts = {"normal": {"real": 40, "synthetic": 0}, "spot": {"real": 24, "synthetic": 24}}
    assert report.inputs.classes == counts


def test_the_same_evaluation_gives_the_same_figures(
    report: EvaluationReport, real: ImageSet, bank: SampleBank
) -> None:
    synthetic = read_bank(bank, real, classes={"nodule": "spot"}, progress=False)
    again = evaluate(
        real, synthetic, normal=["normal"], lesions={"spot": "nodule"}, extractor=Blocks(), checkpoint=None,
        fail_above=0.6, device="cpu", progress=False,
    )  # fmt: skip
    assert [one.to_json() for one in again.sections] == [one.to_json() for one in report.sections]


def test_a_normal_class_without_images_is_named(real: ImageSet, bank: SampleBank) -> None:
    with pytest.raises(LabelError, match="holds no image of class healthy"):
        evaluate(real, read_bank(bank, real, progress=False), normal=["healthy"], extractor=Blocks())


def test_the_command_writes_a_report_compares_two_and_fails_on_a_gate(
    table: Path,
    bank: SampleBank,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    common = [
        "evaluate", str(table), str(bank.path), "--image", "file", "--patient", "person", "--stratum", "view",
        "--normal", "normal", "--lesion", "spot=nodule", "--device", "cpu",
    ]  # fmt: skip
    with pytest.raises(SystemExit) as end:
        main([*common, "--out", str(tmp_path / "first"), "--fail-above", "0.05"])
    assert end.value.code == 1
    assert "Realism audit: spot: ran" in capsys.readouterr().out
    assert (tmp_path / "first" / "report.html").stat().st_size > 10_000
    assert load_report(tmp_path / "first").inputs.synthetic == "bank"
    pair = [str(tmp_path / "first"), str(tmp_path / "first")]
    with pytest.raises(SystemExit) as end:
        main(["evaluate", "--compare", *pair, "--out", str(tmp_path / "both")])
    assert end.value.code == 0
    compared = json.loads((tmp_path / "both" / "comparison.json").read_text())
    assert compared["schema"] == "medsynth-evaluation-comparison"


def test_the_command_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["evaluate"])
    assert end.value.code == 2
    assert "give REAL and SYNTHETIC" in capsys.readouterr().err
