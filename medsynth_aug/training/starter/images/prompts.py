"""Prompts from a CSV row: what a crop may truthfully say of itself, and nothing more."""

from collections.abc import Sequence

import numpy as np

from medsynth_aug.training.starter.images.crops import Window
from medsynth_aug.training.starter.images.radiographs import Radiograph

MODALITY = "frontal chest radiograph"
"""How every prompt begins; another modality brings its own words."""

NO_FINDING = "no finding"

PHRASES = {
    "No Finding": NO_FINDING,
    "Normal": NO_FINDING,
    "Bacterial": "bacterial pneumonia, lobar consolidation",
    "Viral": "viral pneumonia, bilateral interstitial opacities",
    "COVID-19": "viral pneumonia, covid",
    "Pneumonia": "pneumonia, opacity",
    "Infiltration": "infiltration, opacity",
    "Infiltrate": "infiltration, opacity",
    "Effusion": "pleural effusion",
    "Nodule": "solitary pulmonary nodule",
    "Mass": "pulmonary mass",
    "Pneumothorax": "pneumothorax",
    "Consolidation": "consolidation",
    "Atelectasis": "atelectasis",
    "Edema": "pulmonary edema",
    "Emphysema": "emphysema",
    "Fibrosis": "fibrosis",
    "Cardiomegaly": "cardiomegaly",
    "Pleural_Thickening": "pleural thickening",
    "Hernia": "hernia",
}
"""Words for the labels of the public sets, those of the built-in lesions where there is one; a label that is
not here speaks for itself, in lower case."""

BOX_SHARE = 0.5
"""A crop may name a boxed finding if it holds at least this share of the box."""

LUNG_SHARE = 0.9
"""A crop may name the findings of the whole image if it holds at least this share of both lung fields."""

ATTRIBUTE_SHARE = 0.75
"""How often each attribute is said: a model that always hears all of them is lost where some are unknown."""


def attributes_of(row: dict[str, str]) -> list[str]:
    """View, age band, sex and source as words; what the row does not say is left out."""
    words = []
    if row.get("view"):
        words.append(f"{row['view']} view")
    paediatric = "paediatric" in row.get("source", "").lower()
    age = float(row["age"]) if row.get("age", "").replace(".", "", 1).isdigit() else None
    if paediatric or (age is not None and age < 18):
        words.append("child")
    elif age is not None:
        words.append("adult" if age < 40 else "middle aged" if age < 65 else "elderly")
    sex = {"m": "male", "f": "female"}.get(row.get("sex", "").lower())
    if sex:
        words.append(sex)
    if row.get("source"):
        words.append(row["source"].split()[0].lower())
    return words


def some_attributes(rng: np.random.Generator, row: dict[str, str]) -> list[str]:
    """Each attribute of the row with probability `ATTRIBUTE_SHARE`."""
    return [word for word in attributes_of(row) if rng.random() < ATTRIBUTE_SHARE]


def findings_in(one: Radiograph, window: Window, lungs: np.ndarray) -> Sequence[str]:
    """Words for what the window may name: all findings if it holds both lungs, else boxed ones, with side.

    Args:
        one: The image with its row.
        window: The part that is seen.
        lungs: `(2, H, W)` bool lung fields; without any, the whole image may name its findings.
    """
    whole = window.side >= max(one.pixels.shape)
    if is_healthy(one) or whole or _share_of_lungs(window, lungs) >= LUNG_SHARE:
        implied = _IMPLIED if len(one.labels) > 1 else frozenset()
        return [phrase_of(label) for label in one.labels if label not in implied]
    words = []
    for label, *box in one.boxes:
        if _share_of_box(window, box) >= BOX_SHARE:
            words += [phrase_of(label), *_side_of(box, lungs)]
    return words


def prompt_of(
    rng: np.random.Generator, one: Radiograph, window: Window, lungs: np.ndarray, modality: str = MODALITY
) -> str:
    """The prompt of one crop: modality, findings, scale, and some of the attributes."""
    scale = "whole" if window.side >= max(one.pixels.shape) else "region"
    findings = findings_in(one, window, lungs)
    return ", ".join([modality, *findings, scale, *some_attributes(rng, one.row)])


def healthy_prompt(modality: str) -> str:
    """What a region is painted with that shall stay healthy."""
    return f"{modality}, {NO_FINDING}, region"


def phrase_of(label: str) -> str:
    """Words for a label."""
    return PHRASES.get(label, label.replace("_", " ").lower())


_IMPLIED = frozenset({"Pneumonia"})
"""Labels that the more exact ones beside them say already."""

_HEALTHY = frozenset({"No Finding", "Normal"})


def is_healthy(one: Radiograph) -> bool:
    """Whether the row says that nothing was found."""
    return set(one.labels) <= _HEALTHY


def _side_of(box: Sequence[float], lungs: np.ndarray) -> list[str]:
    x, _, width, _ = box
    if not lungs.any((1, 2)).all():
        return []
    centres = [float(np.nonzero(side)[1].mean()) for side in lungs]
    nearer = int(np.argmin([abs(x + width / 2 - centre) for centre in centres]))
    return [("right side", "left side")[nearer]]


def _share_of_box(window: Window, box: Sequence[float]) -> float:
    x, y, width, height = box
    across = min(x + width, window.left + window.side) - max(x, window.left)
    down = min(y + height, window.top + window.side) - max(y, window.top)
    return max(across, 0) * max(down, 0) / max(width * height, 1)


def _share_of_lungs(window: Window, lungs: np.ndarray) -> float:
    top, left = max(0, round(window.top)), max(0, round(window.left))
    inside = lungs[:, top : round(window.top + window.side), left : round(window.left + window.side)]
    total = lungs.sum()
    return float(inside.sum() / total) if total else 0.0
