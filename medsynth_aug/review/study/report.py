"""What a study found, as one value: its verdict, its looks, its figures and every answer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import roc_curve

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.images import Origin
from medsynth_aug.evaluation.report.document import now
from medsynth_aug.evaluation.report.plain import finite
from medsynth_aug.evaluation.report.section import FigureGroup
from medsynth_aug.review.study.documents import Arm, Key
from medsynth_aug.review.study.figures import figure_groups
from medsynth_aug.review.study.readings import Firsts, Readings, first_answers, looks_reached, readings_of
from medsynth_aug.review.study.study import Study
from medsynth_aug.review.study.verdict import Look, StudyVerdict, judge, take_look
from medsynth_aug.version import __version__

LIBRARIES = ("numpy", "scikit-learn", "scipy")

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyAnswer:
    """One answer with the truth beside it. Nothing in it leads to a real image.

    Args:
        item: Name of the image in the study.
        reader: Who answered.
        arm: What the image was.
        origin: What it was more exactly.
        label: Its class.
        sample: `sample:<request digest>` of a virtual patient's image; None for all others.
        call: What it was taken for.
        confidence: 1 to 5.
        diagnosis: The class that the reader saw.
        seconds: From showing the image to the answer.
        repeat: True if the reader had seen the same image before.
    """

    item: str
    reader: str
    arm: Arm
    origin: Origin
    label: str
    sample: str | None
    call: str
    confidence: int
    diagnosis: str
    seconds: float
    repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReport:
    """A reader study, whole.

    Args:
        study: Global id of the study.
        name: What a person calls it.
        made_at: When the study was made, in UTC, as ISO 8601.
        design: Digest of the design, which every answer carries.
        classes: The diagnoses that readers chose from.
        margin: Half width of the range of AUCs that counts as indistinguishable.
        alpha: Two-sided error of all looks together.
        planned_looks: How many looks were planned.
        cases: Class -> {"real": images, "synthetic": images} at the last look that was reached.
        progress: Reader -> images answered and images to answer.
        left_out: Readers whose answers were left out, as the reporter said.
        changed_minds: How often a reader answered an image again; the first answer counts.
        verdict: What it comes to.
        looks: The looks that were taken.
        groups: All figures, of the last look that was reached.
        curves: Reader -> points (1 - specificity, sensitivity) of the ROC curve.
        answers: Every answer that counts and that the figures rest on.
        created_at: When the report was made.
        version: Version of medsynth-aug.
        libraries: Name -> version of each library that figures depend on.
    """

    SCHEMA: ClassVar[str] = "medsynth-reader-study-report"
    SCHEMA_VERSION: ClassVar[int] = 1

    study: str
    name: str
    made_at: str
    design: str
    classes: tuple[str, ...]
    margin: float
    alpha: float
    planned_looks: int
    cases: dict[str, dict[str, int]]
    progress: dict[str, tuple[int, int]]
    left_out: tuple[str, ...]
    changed_minds: int
    verdict: StudyVerdict
    looks: tuple[Look, ...]
    groups: tuple[FigureGroup, ...]
    curves: dict[str, Points]
    answers: tuple[StudyAnswer, ...]
    created_at: str = field(default_factory=now)
    version: str = __version__
    libraries: dict[str, str] = field(default_factory=lambda: {one: version_of(one) for one in LIBRARIES})

    @property
    def may_stop(self) -> bool:
        """True if a look has decided, so that readers need not go on."""
        return self.verdict.decided_at is not None

    def lines(self) -> Iterator[str]:
        """The report as plain lines for a terminal."""
        yield f"{self.verdict.outcome}: {self.verdict.reason}"
        yield from (f"  caution: {one}" for one in self.verdict.cautions)
        for group in self.groups:
            yield group.heading
            yield from (f"  {one}" for one in group.figures)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON-serialisable data."""
        whole = {name: getattr(self, name) for name in self.__slots__}
        return dict(
            finite(
                {
                    "schema": self.SCHEMA,
                    "schema_version": self.SCHEMA_VERSION,
                    **whole,
                    "verdict": asdict(self.verdict),
                    "looks": [asdict(one) for one in self.looks],
                    "groups": [one.to_json() for one in self.groups],
                    "answers": [asdict(one) for one in self.answers],
                }
            )
        )


def report_study(
    study: Study, *, key: str | Path | None = None, leave_out: Sequence[str] = (), seed: int = 0
) -> StudyReport:
    """What a study found so far.

    Answers count up to the last planned look that all readers have come to, however often this is called: to
    look in between would spend error that was not planned.

    Args:
        study: The study.
        key: Its key; None takes the one beside the readers' part.
        leave_out: Readers whose answers are not used; the report names them.
        seed: Seed of the bootstrap.

    Raises:
        SettingError: If a reader is none of the study's, all are left out, or no look was reached.
        StudyError: If an image, an answer, the design or the key was changed.
    """
    held, design = study.key(key), study.design
    unknown = [one for one in leave_out if one not in study.readers]
    readers = [one for one in study.readers if one not in leave_out]
    if unknown or not readers:
        raise SettingError(
            f"{', '.join(unknown or leave_out)} cannot be left out of the readers "
            f"{', '.join(study.readers)}; name some of them, not all"
        )
    firsts = first_answers(study, readers)
    reached = looks_reached(study, held, firsts)
    if not reached:
        shown = ", ".join("{}: {} of {}".format(one, *study.progress(one)) for one in readers)
        raise SettingError(
            f"no look was reached yet ({shown}); each reader must come to the end of part 1 of "
            f"{design.looks}, or be left out by name"
        )
    taken = [readings_of(study, held, firsts, one) for one in range(1, reached + 1)]
    looks = [
        take_look(one, number, looks=design.looks, margin=design.margin, alpha=design.alpha)
        for number, one in enumerate(taken, 1)
    ]
    last = taken[-1]
    return StudyReport(
        study=design.id, name=design.name, made_at=design.created_at, design=design.digest,
        classes=design.classes, margin=design.margin, alpha=design.alpha, planned_looks=design.looks,
        cases=_counted(last), progress={one: study.progress(one) for one in readers},
        left_out=tuple(leave_out),
        changed_minds=sum(not one.counts for reader in readers for one in study.answers(reader)),
        verdict=judge(looks, last, margin=design.margin, classes=design.classes), looks=tuple(looks),
        groups=tuple(figure_groups(last, seed=seed)), curves=_curves(last),
        answers=tuple(_answers(study, held, firsts, reached)),
    )  # fmt: skip


def _counted(readings: Readings) -> dict[str, dict[str, int]]:
    real, synthetic = (Counter(readings.labels[readings.synthetic == arm].tolist()) for arm in (False, True))
    return {one: {"real": real[one], "synthetic": synthetic[one]} for one in sorted({*real, *synthetic})}


def _curves(readings: Readings) -> dict[str, Points]:
    curves = {}
    for reader, ratings in zip(readings.readers, readings.ratings):
        false, true, _ = roc_curve(readings.synthetic, ratings, drop_intermediate=False)
        curves[reader] = [(float(x), float(y)) for x, y in np.column_stack([false, true])]
    return curves


def _answers(study: Study, key: Key, firsts: Firsts, reached: int) -> Iterator[StudyAnswer]:
    for reader, answered in firsts.items():
        seen: set[int] = set()
        for name in study.design.orders[reader]:
            truth = key.items[name]
            if name not in answered or truth.block >= reached:
                continue
            said = answered[name]
            yield StudyAnswer(
                item=name, reader=reader, arm=truth.arm, origin=truth.origin, label=truth.label,
                sample=truth.digest if truth.origin == "virtual" else None, call=said.call,
                confidence=said.confidence, diagnosis=said.diagnosis, seconds=said.seconds,
                repeat=truth.case in seen,
            )  # fmt: skip
            seen.add(truth.case)
