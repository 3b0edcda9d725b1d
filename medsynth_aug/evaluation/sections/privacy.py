"""Is it private: the nearest training films, against how near films of other patients come."""

import numpy as np

from medsynth_aug.evaluation.privacy.check import privacy
from medsynth_aug.evaluation.report import FigureGroup, Section, Strip
from medsynth_aug.evaluation.strips import picture
from medsynth_aug.evaluation.subject import Subject

KEY, TITLE = "privacy", "Privacy"
INTRO = (
    "How near synthetic images come to films that the checkpoint was trained on. Read the distances beside "
    "those of real films of other patients; a painted image is compared with films of other patients only, "
    "because its background is its own patient's by design."
)


def privacy_section(subject: Subject) -> Section:
    """Distances to the nearest training films, copies, and the nearest pairs side by side."""
    found = privacy(
        subject.painted, subject.real, index=subject.index, features=subject.features,
        encoder=subject.extractor.digest, sources=subject.sources, seed=subject.seed,
        progress=subject.progress,
    )  # fmt: skip
    if not found.ran:
        return Section(key=KEY, title=TITLE, intro=INTRO, status="not run", reason=found.reason)
    told = [found.reason] if found.reason else []
    if found.copies:
        told.append(f"called copies: {', '.join(found.copies)}")
    references = tuple(one for one in found.figures if ", real to training" in one.name)
    spaces = [name for name in found.rows[0] if name != "name"] if found.rows else []
    patient = {one.name: one.patient for one in subject.painted}
    return Section(
        key=KEY,
        title=TITLE,
        intro=INTRO,
        status="ran",
        reason="; ".join(told),
        groups=(
            FigureGroup(
                heading="nearest training film",
                figures=tuple(one for one in found.figures if one not in references),
                reference=references,
            ),
        ),
        strips=tuple(
            Strip(
                caption=f"{pair.name}, {pair.space}: {pair.distance:.3f} (a copy below {pair.threshold:.3f})",
                panels=(("synthetic", _large(pair.ours)), (pair.film, _large(pair.theirs))),
            )
            for pair in found.pairs
        ),
        values={
            f"median nearest distance, {space}": [float(row[space]) for row in found.rows] for space in spaces
        },
        value_names=[str(row["name"]) for row in found.rows],
        value_groups=[patient[str(row["name"])] for row in found.rows],
    )


def _large(thumbnail: np.ndarray) -> np.ndarray:
    return picture((thumbnail / np.float32(255)).astype(np.float32), side_px=128)
