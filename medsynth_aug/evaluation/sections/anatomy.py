"""Is the anatomy kept: edges, structure and lungs round each edit, against its source."""

from medsynth_aug.evaluation.anatomy_kept import anatomy_kept
from medsynth_aug.evaluation.images import EvaluationImage
from medsynth_aug.evaluation.report import FigureGroup, Section
from medsynth_aug.evaluation.strips import edit_strip
from medsynth_aug.evaluation.subject import Subject

KEY, TITLE = "anatomy", "Anatomy kept"
INTRO = (
    "What an edit did to its surroundings: 1 is untouched. Everything is measured outside the lesion, in the "
    "window round the edit, because the rest of the film is the source's, bit for bit."
)
SHOWN = 6


def anatomy_section(subject: Subject) -> Section:
    """Edge F1, SSIM and lung overlap a class, with the worst edits shown."""
    known = [(one, subject.sources.get(one.source or "")) for one in subject.painted]
    pairs = [(one, source) for one, source in known if source is not None]
    without = len(subject.painted) - len(pairs)
    told = f"{without} images without a source at hand" if without else ""
    if not pairs:
        return Section(
            key=KEY,
            title=TITLE,
            intro=INTRO,
            status="not run",
            reason=f"{told or 'no painted images'}; nothing to compare with",
        )
    groups: list[FigureGroup] = []
    rows: list[dict[str, float | str]] = []
    for label in sorted({one.label for one, _ in pairs}):
        found = anatomy_kept(
            [pair for pair in pairs if pair[0].label == label], seed=subject.seed, progress=subject.progress
        )
        groups.append(FigureGroup(heading=label, figures=tuple(found.figures)))
        rows += found.rows
    by_name: dict[str, tuple[EvaluationImage, EvaluationImage]] = {pair[0].name: pair for pair in pairs}
    worst = sorted(rows, key=lambda row: float(row["ssim"]))[:SHOWN]
    return Section(
        key=KEY,
        title=TITLE,
        intro=INTRO,
        status="ran",
        reason=told,
        groups=tuple(groups),
        strips=tuple(
            edit_strip(
                f"{by_name[str(row['name'])][0].label}, SSIM {row['ssim']:.3f}", *by_name[str(row["name"])]
            )
            for row in worst
        ),
        values={
            name: [float(row[key]) for row in rows]
            for name, key in (("edge F1", "edge_f1"), ("SSIM", "ssim"), ("lung overlap", "lung_overlap"))
        },
        value_names=[str(row["name"]) for row in rows],
        value_groups=[by_name[str(row["name"])][0].patient for row in rows],
    )
