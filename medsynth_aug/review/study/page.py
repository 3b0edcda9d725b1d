"""A study's report as one page that needs nothing but itself."""

from html import escape
from pathlib import Path

from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.report.files import write_both
from medsynth_aug.evaluation.report.page import cells_html, facts_html, page_html, time_text
from medsynth_aug.evaluation.report.plots import Mark, Scale, line_of, number
from medsynth_aug.evaluation.report.tables import group_html
from medsynth_aug.review.study.report import StudyReport
from medsynth_aug.review.study.roc import roc_html

READ = (
    "Readers called each image real or synthetic and said how sure they were. An AUC of 0.5 is guessing, 1 "
    "is telling every image apart. Sensitivity is the share of synthetic images that were found out, "
    "specificity the share of real ones that were believed. d' is the distance between the two kinds, 0 for "
    "a reader who guesses; a criterion above 0 means that a reader calls few images synthetic."
)


def save_study_report(report: StudyReport, folder: str | Path) -> tuple[Path, Path]:
    """Write `study.json` and `study.html`.

    Args:
        report: What to write.
        folder: Is made if absent; an earlier report in it is replaced.

    Returns:
        Paths of the JSON and of the page.

    Raises:
        SettingError: If the folder cannot be written.
    """
    return write_both(Path(folder), "study", report.to_json(), study_page(report))


def study_page(report: StudyReport) -> str:
    """The whole page as HTML."""
    done = ", ".join(f"{reader}: {count} of {total}" for reader, (count, total) in report.progress.items())
    facts = {
        "Study made": time_text(report.made_at),
        "Report made": time_text(report.created_at),
        "By": f"medsynth-aug {report.version}",
        "Images answered": done,
        "Readers left out": ", ".join(report.left_out),
        "Answers given again (the first counts)": str(report.changed_minds) if report.changed_minds else "",
    }
    parts = [
        facts_html(facts),
        _verdict(report),
        _looks(report),
        _cases(report),
        f'<h2>Figures</h2><p class="intro">{escape(READ)}</p>',
        roc_html(report.curves),
        *(group_html(one) for one in report.groups),
        _making(report),
    ]
    return page_html(f"Reader study: {report.name}", "\n".join(parts))


def _verdict(report: StudyReport) -> str:
    verdict = report.verdict
    kind = {"indistinguishable": "passed", "told apart": "failed"}.get(verdict.outcome, "status idle")
    cautions = "".join(f"<li>{escape(one)}</li>" for one in verdict.cautions)
    return (
        f'<h2>Verdict: <span class="{kind}">{escape(verdict.outcome)}</span></h2>'
        f'<p class="intro">{escape(verdict.reason[:1].upper() + verdict.reason[1:])}.</p>'
        + (f'<div class="reason">To bear in mind:<ul>{cautions}</ul></div>' if cautions else "")
    )


def _looks(report: StudyReport) -> str:
    scale = Scale(low=0.0, high=1.0)
    ends = Figure(name="range", value=0.5, low=0.5 - report.margin, high=0.5 + report.margin, n={}, note="")
    rows = []
    for look in report.looks:
        shown = Figure(name="AUC", value=look.auc, low=look.low, high=look.high, n={"cases": look.cases})
        marks = [Mark(figure=shown), Mark(figure=ends, shape=1, down_px=6)]
        plot = line_of(marks, scale) + '<div class="ends"><span>0</span><span>1</span></div>'
        interval = f"{number(look.auc)} ({number(look.low)} to {number(look.high)})"
        level = f"{100 * look.level:.4g} %"
        rows.append([str(look.number), f"{look.cases}", plot, interval, level, escape(look.outcome)])
    legend = (
        f"Blue: mean AUC of the readers with its interval. Orange: {0.5 - report.margin:g} to "
        f"{0.5 + report.margin:g}, the range stated when the study was made. The study was planned with "
        f"{report.planned_looks} look(s); the levels make all intervals hold together with an error of "
        f"{report.alpha:g} (Lan and DeMets, O'Brien-Fleming type)."
    )
    heads = ("Look", "Cases", "Plot", "AUC (interval)", "Level", "Says")
    return cells_html("Looks", heads, rows, legend=escape(legend))


def _cases(report: StudyReport) -> str:
    rows = [
        [escape(label), f"{sides['real']}", f"{sides['synthetic']}"] for label, sides in report.cases.items()
    ]
    return cells_html("Cases", ("Class", "Real", "Synthetic"), rows)


def _making(report: StudyReport) -> str:
    facts = {
        "Id of the study": report.study,
        "Digest of the design": report.design,
        "Diagnoses to choose from": ", ".join(report.classes),
        "Python libraries": ", ".join(f"{name} {held}" for name, held in report.libraries.items()),
    }
    return f'<section class="making"><h2>How it was made</h2>{facts_html(facts)}</section>'
