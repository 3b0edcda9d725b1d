"""Two reports against each other: image by image where both have values an image, else figure by figure."""

import math
from dataclasses import replace
from typing import Any

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.figures import Figure, mean_figure, refusal
from medsynth_aug.evaluation.report.comparison import ReportComparison, Run, SectionComparison, Unpaired
from medsynth_aug.evaluation.report.document import EvaluationReport
from medsynth_aug.evaluation.report.plain import finite
from medsynth_aug.evaluation.report.section import Section

FEWEST_PATIENTS = 2
"""Patients below which resampling them says nothing."""


def compare(first: EvaluationReport, second: EvaluationReport, *, seed: int = 0) -> ReportComparison:
    """Second report minus first, with 95 % intervals over patients where images can be paired by name.

    Args:
        first: What is compared with.
        second: What is compared.
        seed: Seeds the intervals.

    Raises:
        SettingError: If the extractors differ, or an image is of another patient in the second report.
    """
    if first.extractor.digest != second.extractor.digest:
        raise SettingError(
            f"the extractors differ: {first.extractor} and {second.extractor}; distances in the features of "
            "one say nothing about those of the other: evaluate both with the same --extractor"
        )
    theirs = {one.key: one for one in second.sections}
    ours = {one.key: one for one in first.sections}
    keys = list(dict.fromkeys([*ours, *theirs]))
    return ReportComparison(
        first=_run(first),
        second=_run(second),
        extractor=first.extractor,
        differing_settings=_differing(finite(first.settings), finite(second.settings)),
        sections=tuple(_compare_sections(key, ours.get(key), theirs.get(key), seed) for key in keys),
        seed=seed,
    )


def paired_difference(name: str, first: Section, second: Section, *, seed: int = 0) -> Figure:
    """Mean of second minus first over the images that both sections have a value of.

    The patients of those images are resampled, so that the interval holds for other patients.

    Args:
        name: A key of `values` in both.
        first: What is compared with.
        second: What is compared.
        seed: Seeds the interval.

    Raises:
        SettingError: If an image is of another patient in the second section.
    """
    before = dict(zip(first.value_names, zip(first.values[name], first.value_groups)))
    after = dict(zip(second.value_names, zip(second.values[name], second.value_groups)))
    shared = [image for image in before if image in after]
    differences, patients = [], []
    for image in shared:
        (old, patient), (new, other) = before[image], after[image]
        if patient != other:
            raise SettingError(
                f"image {image!r} is of patient {patient!r} in the first report and of {other!r} in the "
                "second; compare reports whose images bear the same names"
            )
        if math.isfinite(new - old):
            differences.append(new - old)
            patients.append(patient)
    n = {"pairs": len(differences), "patients": len(set(patients))}
    if not differences:
        return refusal(name, "no image of one name has a value in both reports", n=n)
    measured = replace(mean_figure(name, differences, patients, seed=seed), n=n, note="paired by image")
    if n["patients"] < FEWEST_PATIENTS:
        return replace(measured, low=None, high=None, note="paired by image; one patient gives no interval")
    return measured


def _run(report: EvaluationReport) -> Run:
    return Run(
        created_at=report.created_at,
        version=report.version,
        checkpoint=report.checkpoint,
        inputs=report.inputs,
    )


def _differing(first: dict[str, Any], second: dict[str, Any]) -> dict[str, list[Any]]:
    names = dict.fromkeys([*first, *second])
    return {
        name: [first.get(name), second.get(name)] for name in names if first.get(name) != second.get(name)
    }


def _compare_sections(
    key: str, first: Section | None, second: Section | None, seed: int
) -> SectionComparison:
    shared = [name for name in first.values if name in second.values] if first and second else []
    paired = [paired_difference(name, first, second, seed=seed) for name in shared if first and second]
    done = {one.name for one in paired if one.value is not None}
    ours, theirs = _figures(first), _figures(second)
    both = [where for where in ours if where in theirs and where[1] not in done]
    either = first or second
    return SectionComparison(
        key=key,
        title=either.title if either else key,
        statuses=(first.status if first else "absent", second.status if second else "absent"),
        gates=(first.gate if first else None, second.gate if second else None),
        paired=tuple(paired),
        unpaired=tuple(Unpaired(group=one[0], first=ours[one], second=theirs[one]) for one in both),
        only_first=tuple(f"{group}: {name}" for group, name in ours if (group, name) not in theirs),
        only_second=tuple(f"{group}: {name}" for group, name in theirs if (group, name) not in ours),
    )


def _figures(section: Section | None) -> dict[tuple[str, str], Figure]:
    """Every figure of a section, references too, under its group and its name."""
    groups = section.groups if section else ()
    return {(group.heading, one.name): one for group in groups for one in (*group.figures, *group.reference)}
