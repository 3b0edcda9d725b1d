"""The columns of each configuration."""

from collections.abc import Sequence

from datasets import ClassLabel, Features, Image, List, Value

CONFIGS = {
    "images": "Images with their class and findings.",
    "masks": "The same images with one mask a finding.",
    "boxes": "The same images with one box a finding, (x, y, width, height) in pixels.",
    "reader-study": "Answers of a blinded reader study: each one on virtual patients, counts on real ones.",
}
"""Names of the configurations and what each holds."""

DEFAULT = "images"
READER_STUDY = "reader-study"
TRUTHS = ("real", "synthetic")


def features_of(config: str, classes: Sequence[str]) -> Features:
    """The columns of a configuration.

    Args:
        config: One of `CONFIGS`.
        classes: Names of the classes, in the order of their numbers.
    """
    if config == READER_STUDY:
        return Features({
            "truth": ClassLabel(names=list(TRUTHS)),
            "image_id": Value("string"),
            "patient_id": Value("string"),
            "reader": Value("string"),
            "answer": ClassLabel(names=list(TRUTHS)),
            "confidence": Value("int32"),
            "diagnosis": Value("string"),
            "repeat": Value("bool"),
            "count": Value("int32"),
        })  # fmt: skip
    return Features(
        {"image": Image(), "label": _label(classes), **_extra(config, classes), **_common(classes)}
    )


def _label(classes: Sequence[str]) -> ClassLabel:
    return ClassLabel(names=list(classes))


def _extra(config: str, classes: Sequence[str]) -> dict[str, object]:
    if config == "masks":
        return {"masks": List(Image()), "categories": List(_label(classes))}
    if config == "boxes":
        return {
            "objects": {"bbox": List(List(Value("float32"), length=4)), "category": List(_label(classes))}
        }
    return {}


def _common(classes: Sequence[str]) -> dict[str, object]:
    text, number = Value("string"), Value("float32")
    return {
        "findings": {
            "lesion": List(_label(classes)), "side": List(text), "severity": List(text),
            "size_mm": List(number),
        },
        "image_id": text,
        "patient_id": text,
        "visit": text,
        "day": Value("int32"),
        "sex": text,
        "age_years": Value("int32"),
        "view": text,
        "value_range": List(number, length=2),
        "spacing_mm": List(number),
        "pixels_sha256": text,
        "approvals": Value("int32"),
        "readers": Value("int32"),
        "provenance": {
            "engine": text, "maker": text, "version": text, "prompt": text, "seed": Value("int64"),
            "attempt": Value("int32"), "pixel_version": Value("int32"), "chain": List(text),
            "sampling": text, "conditioning": text,
        },
    }  # fmt: skip
