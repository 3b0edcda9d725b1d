"""A corpus from a bank: its virtual patients, what physicians decided, and what was measured."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import PatientStore, VirtualPatient
from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation import Figure
from medsynth_aug.evaluation.figures import refusal
from medsynth_aug.evaluation.report.files import load_report
from medsynth_aug.evaluation.report.section import FigureGroup
from medsynth_aug.review import Decision, ReviewStore
from medsynth_huggingface.corpus import Corpus, CorpusFinding, CorpusImage, CorpusPatient, ReaderAnswer

STUDY_SCHEMA = "medsynth-reader-study-report"


def corpus_of(
    bank: SampleBank,
    *,
    reports: Iterable[str | Path] = (),
    study: str | Path | None = None,
    recipe: Mapping[str, str] | None = None,
    credits: tuple[str, ...] = (),
    license: str = "cc-by-4.0",
) -> Corpus:
    """All virtual patients of a bank, approved or not; the gate decides what of them is published.

    Args:
        bank: Holds patients, images and reviews.
        reports: What `medsynth evaluate` wrote (folder or JSON); the card states the figures of each section.
        study: JSON of a reader study's report; its answers become the configuration `reader-study`.
        recipe: How it was made, name -> plain text.
        credits: Lines on whose work it rests.
        license: Licence, as the Hub names it.

    Raises:
        SettingError: If the bank has no patient, or a report cannot be read.
    """
    found = list(PatientStore(bank).all())
    if not found:
        raise SettingError(f"{bank.path} has no virtual patient; make some with `medsynth patients`")
    shown = [image.sample for one in found for image in one.images]
    decisions = ReviewStore(bank).decisions(shown)
    figures = dict(_evaluated(reports))
    answers: tuple[ReaderAnswer, ...] = ()
    if study is not None:
        told = _study_json(Path(study))
        answers = tuple(_answers(told, frozenset(shown)))
        figures["Reader study"] = tuple(
            _named(one) for one in _figures(FigureGroup.from_json(held) for held in told["groups"])
        )
    return Corpus(
        patients=tuple(_patient(one, decisions) for one in found), samples=bank, answers=answers,
        figures=figures, recipe=recipe or {}, credits=credits, license=license,
    )  # fmt: skip


def _patient(patient: VirtualPatient, decisions: Mapping[str, Decision]) -> CorpusPatient:
    images = []
    for image in patient.images:
        place = {digest: number for number, digest in enumerate(image.chain)}
        findings = sorted(patient.findings_of(image.visit), key=lambda one: place[one.sample])
        decision = decisions.get(image.sample)
        counted = decision.counted if decision else ()
        images.append(CorpusImage(
            sample=image.sample, day=image.day, visit="follow-up" if image.visit else "baseline",
            findings=tuple(
                CorpusFinding(lesion=one.lesion, sample=one.sample, side=one.side, severity=one.severity)
                for one in findings
            ),
            approvals=sum(one.outcome == "approve" for one in counted),
            readers=len({one.reviewer for one in counted}),
        ))  # fmt: skip
    return CorpusPatient(
        id=patient.id, sex=patient.sex, age_years=patient.age_years, view=patient.view, images=tuple(images)
    )


def _evaluated(reports: Iterable[str | Path]) -> Iterator[tuple[str, tuple[Figure, ...]]]:
    """Heading and figures of every section; one that did not run says why."""
    for path in reports:
        for section in load_report(path).sections:
            if section.status == "ran":
                yield section.title, tuple(_named(one) for one in _figures(section.groups))
            else:
                yield section.title, (refusal(section.title, section.reason, n={}),)


def _figures(groups: Iterable[FigureGroup]) -> Iterator[tuple[str, Figure]]:
    for group in groups:
        for figure in (*group.figures, *group.reference):
            yield group.heading, figure


def _named(pair: tuple[str, Figure]) -> Figure:
    """The figure with its group's heading in its name."""
    heading, figure = pair
    return replace(figure, name=f"{heading}: {figure.name}")


def _study_json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise SettingError(f"no report of a reader study can be read at {path.name} ({problem})") from problem
    if not isinstance(told, dict) or told.get("schema") != STUDY_SCHEMA:
        raise SettingError(f"{path.name} is no report of a reader study; give the study.json that it wrote")
    return told


def _answers(told: dict[str, Any], shown: frozenset[str]) -> Iterator[ReaderAnswer]:
    """Answers on images of this corpus, and on real ones; painted and foreign ones are left out."""
    for one in told["answers"]:
        digest = (one["sample"] or "").removeprefix("sample:")
        if one["arm"] != "real" and digest not in shown:
            continue
        yield ReaderAnswer(
            sample=None if one["arm"] == "real" else digest, reader=one["reader"], answer=one["call"],
            confidence=one["confidence"], diagnosis=one["diagnosis"] or "", repeat=one["repeat"],
        )  # fmt: skip
