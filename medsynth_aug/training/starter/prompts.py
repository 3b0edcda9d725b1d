"""Prompts from a CSV row: what a crop may truthfully say of itself, and nothing more."""

from collections.abc import Sequence

import numpy as np

from medsynth_aug.training.starter.crops import Window
from medsynth_aug.training.starter.radiographs import Radiograph

PHRASES = {
    "No Finding": "no finding",
    "Normal": "no finding",
    "Bacterial": "bacterial pneumonia, consolidation",
    "Viral": "viral pneumonia, interstitial opacity",
    "COVID-19": "viral pneumonia, covid",
    "Pneumonia": "pneumonia, opacity",
    "Infiltration": "infiltration, opacity",
    "Infiltrate": "infiltration, opacity",
    "Effusion": "pleural effusion",
    "Nodule": "pulmonary nodule",
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
"""Words for the labels of the public sets; a label that is not here speaks for itself, in lower case."""

BOX_SHARE = 0.5
"""A crop may name a boxed finding if it holds at least this share of the box."""

LUNG_SHARE = 0.9
"""A crop may name the findings of the whole image if it holds at least this share of both lung fields."""


def describe(row: dict[str, str]) -> str:
    """View, age and sex as words; what the row does not say is left out."""
    words = ["chest radiograph"]
    if row.get("view"):
        words.append(f"{row['view']} view")
    paediatric = "paediatric" in row.get("source", "").lower()
    age = float(row["age"]) if row.get("age", "").replace(".", "", 1).isdigit() else None
    if paediatric or (age is not None and age < 18):
        words.append("child")
    elif age is not None:
        words.append("adult" if age < 40 else "middle aged" if age < 65 else "elderly")
    else:
        words.append("adult")
    sex = {"m": "male", "f": "female"}.get(row.get("sex", "").lower())
    return ", ".join(words + ([sex] if sex else []))


def findings_in(one: Radiograph, window: Window, lungs: np.ndarray) -> Sequence[str]:
    """Labels that the window may name: boxed ones that it holds, all of them if it holds both lungs.

    Args:
        one: The image with its row.
        window: The part that is seen.
        lungs: `(2, H, W)` bool lung fields.
    """
    if _is_healthy(one.labels) or _share_of_lungs(window, lungs) >= LUNG_SHARE:
        return one.labels
    return [box[0] for box in one.boxes if _share_of_box(window, box) >= BOX_SHARE]


def prompt_of(one: Radiograph, window: Window, lungs: np.ndarray) -> str:
    """The prompt of one crop."""
    implied = _IMPLIED if len(one.labels) > 1 else frozenset()
    labels = [label for label in findings_in(one, window, lungs) if label not in implied]
    scale = "whole" if window.side >= max(one.pixels.shape) else "region"
    phrases = [PHRASES.get(label, label.replace("_", " ").lower()) for label in labels]
    return ", ".join([describe(one.row), scale, *phrases])


_IMPLIED = frozenset({"Pneumonia"})
"""Labels that the more exact ones beside them say already."""


def _is_healthy(labels: Sequence[str]) -> bool:
    return set(labels) <= {"No Finding", "Normal"}


def _share_of_box(window: Window, box: tuple[str, float, float, float, float]) -> float:
    _, x, y, width, height = box
    across = min(x + width, window.left + window.side) - max(x, window.left)
    down = min(y + height, window.top + window.side) - max(y, window.top)
    return max(across, 0) * max(down, 0) / max(width * height, 1)


def _share_of_lungs(window: Window, lungs: np.ndarray) -> float:
    top, left = max(0, round(window.top)), max(0, round(window.left))
    inside = lungs[:, top : round(window.top + window.side), left : round(window.left + window.side)]
    total = lungs.sum()
    return float(inside.sum() / total) if total else 0.0
