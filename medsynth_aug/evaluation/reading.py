"""Read what is to be judged: real images from a folder or a CSV file, synthetic ones from a bank too."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.ancestry import ancestries
from medsynth_aug.bank.places import holds_bank
from medsynth_aug.data import EACH_IMAGE, CsvDataset, FolderDataset
from medsynth_aug.data.splits.groups import resolve_groups
from medsynth_aug.errors import LabelError, UnreadableFileError
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet, Origin, image_set
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.synthesis.source import SourceImage, real_source
from medsynth_aug.types import BoolMap

BANK_FILE = "bank.sqlite"
UNKNOWN_PATIENT = "unknown patient of "

Boxes = Mapping[str, Sequence[tuple[str, float, float, float, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How a CSV file names its columns.

    Args:
        image: Path of the image.
        label: Class.
        patient: Patient; None says that every image is a patient of its own.
        strata: Columns whose values together must be matched in audits, such as source and view.
        split: Column with the split.
    """

    image: str = "image"
    label: str = "label"
    patient: str | None = "patient"
    strata: tuple[str, ...] = ()
    split: str = "split"


def read_images(
    path: str | Path,
    *,
    columns: Columns | None = None,
    split: str | None = None,
    boxes: str | Path | None = None,
    value_range: tuple[float, float] | None = None,
    spacing_mm: tuple[float, float] | None = None,
    origin: Origin = "real",
    progress: bool = True,
) -> ImageSet:
    """The images of a folder that holds one folder a class, or of a CSV file.

    Args:
        path: Folder or CSV file.
        columns: Names of the CSV file's columns; a folder has no patients and no strata.
        split: Only this split of the CSV file; None takes all rows.
        boxes: CSV file with `file`, `label`, `x`, `y`, `w`, `h` (pixels): where real lesions are.
        value_range: As the data set that was painted has it; may be absent for uint8, and where the files
            state it (DICOM).
        spacing_mm: Likewise.
        origin: What the images are.
        progress: Show a progress bar.

    Raises:
        UnreadableFileError: If something is missing or is no image.
        LabelError: If a column is missing or there is no image.
        PlanError: If a row has no patient.
        ImageError: If pixels cannot be used.
    """
    path, columns = Path(path), columns or Columns()
    data, patients, strata = _listed(path, columns, split)
    names = {number: name for name, number in data.class_to_idx.items()}
    found = _read_boxes(Path(boxes)) if boxes is not None else {}
    images = []
    for index in tqdm(range(len(data)), desc=f"Reading {path.name}", unit="image", disable=not progress):
        label = names.get(data.targets[index], str(data.targets[index]))
        source = real_source(
            data[index]["image"],
            value_range=value_range or data.value_range(index),
            spacing_mm=spacing_mm or data.spacing_mm(index),
        )
        name = _name_of(data.paths[index], path)
        images.append(
            EvaluationImage(
                name=name, pixels=source.pixels, value_range=source.value_range, label=label,
                patient=patients[index], digest=source.digest, stratum=strata[index], origin=origin,
                mask=_boxed(found, data.paths[index], label, source),
            )
        )  # fmt: skip
    return image_set(path.name, images)


def is_bank(path: str | Path) -> bool:
    """Whether a folder is a sample bank."""
    return holds_bank(Path(path))


def read_bank(
    bank: SampleBank | str | Path,
    real: ImageSet,
    *,
    classes: Mapping[str, str] | None = None,
    digests: Sequence[str] | None = None,
    progress: bool = True,
) -> ImageSet:
    """The samples of a bank, each with the patient and the stratum of its source.

    Args:
        bank: The bank, or its folder.
        real: Images among which the sources are looked up by digest.
        classes: Lesion -> class of the real images; a lesion that is not named keeps its own name.
        digests: Read only these samples; None reads all.
        progress: Show a progress bar.

    Raises:
        UnreadableFileError: If the folder is no bank.
        LabelError: If the bank holds no sample.
        DamagedSampleError: If a sample is not what was stored.
    """
    if not isinstance(bank, SampleBank):
        if not is_bank(bank):
            raise UnreadableFileError(f"{bank} holds no {BANK_FILE}; give the folder of a sample bank")
        bank = SampleBank(bank)
    known = {one.digest: one for one in real}
    images = []
    wanted = bank.digests() if digests is None else digests
    from_real, known_ancestry = bank.derived_from_real(wanted), ancestries(bank.database, wanted)
    for digest in tqdm(wanted, desc="Reading the bank", unit="sample", disable=not progress):
        sample = bank.get(digest)
        origin: Origin = "painted" if digest in from_real else "virtual"
        one = _judged(sample, origin, known.get(sample.request.source), classes or {})
        if origin == "virtual":
            ancestry = known_ancestry[digest]
            one = replace(one, patient=ancestry.patient or f"virtual patient of {ancestry.root}")
        images.append(one)
    if not images:
        raise LabelError(f"{bank.path} holds no sample; fill it first, for example with `medsynth demo`")
    return image_set(bank.path.name, images)


def find_sources(
    synthetic: ImageSet, real: ImageSet, bank: SampleBank | None = None
) -> dict[str, EvaluationImage]:
    """The source of each painted image by its digest, out of the real images or the bank's copies.

    A source that neither has is left out.
    """
    known = {one.digest: one for one in real}
    found: dict[str, EvaluationImage] = {}
    for one in synthetic:
        if one.source is None or one.source in found:
            continue
        copy = bank.source(one.source) if bank is not None and one.source.startswith("real:") else None
        if one.source in known:
            found[one.source] = known[one.source]
        elif copy is not None:
            found[one.source] = replace(
                one, name=one.source, pixels=copy.pixels, digest=one.source, origin="real", source=None,
                mask=None, edit_region=None, engine="",
            )  # fmt: skip
    return found


def _listed(path: Path, columns: Columns, split: str | None) -> tuple[Any, list[str], list[str]]:
    """The data set behind a path, with patient and stratum of each item."""
    if path.suffix.lower() != ".csv":
        folder = FolderDataset(path)
        return folder, resolve_groups(EACH_IMAGE, len(folder)), [""] * len(folder)
    data = CsvDataset(
        path, image=columns.image, label=columns.label, patient=columns.patient, split=split,
        split_column=columns.split if split is not None else None, check_images=False,
    )  # fmt: skip
    patients = data.groups or [f"{path.name}: {file.name}" for file in data.paths]
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    missing = [column for column in columns.strata if column not in rows[0]]
    if missing:
        raise LabelError(f"{path} has no column {', '.join(missing)}; it has {', '.join(rows[0])}")
    kept = [row for row in rows if split is None or row[columns.split] == split]
    return data, patients, [" ".join(row[column] for column in columns.strata).strip() for row in kept]


def _name_of(file: Path, path: Path) -> str:
    base = path if path.is_dir() else path.parent
    return str(file.relative_to(base)) if file.is_relative_to(base) else str(file)


def _read_boxes(path: Path) -> Boxes:
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            boxes: dict[str, list[tuple[str, float, float, float, float]]] = {}
            for row in csv.DictReader(lines):
                x, y, width, height = (float(row[name]) for name in ("x", "y", "w", "h"))
                boxes.setdefault(Path(row["file"]).name, []).append((row["label"], x, y, width, height))
            return boxes
    except (OSError, KeyError, ValueError) as problem:
        raise UnreadableFileError(
            f"{path} cannot be read as boxes ({problem}); it needs the columns file, label, x, y, w, h"
        ) from problem


def _boxed(boxes: Boxes, file: Path, label: str, source: SourceImage) -> BoolMap | None:
    """The boxes of this class in an image as one map."""
    mine = [box for box in boxes.get(file.name, ()) if box[0].lower() == label.lower()]
    if not mine:
        return None
    mask = np.zeros((source.pixels.shape[1], source.pixels.shape[2]), bool)
    for _, x, y, width, height in mine:
        mask[max(0, int(y)) : int(np.ceil(y + height)), max(0, int(x)) : int(np.ceil(x + width))] = True
    return mask


def _judged(
    sample: SyntheticSample, origin: Origin, source: EvaluationImage | None, classes: Mapping[str, str]
) -> EvaluationImage:
    request = sample.request
    return EvaluationImage(
        name=sample.digest[:16],
        pixels=sample.image,
        value_range=sample.value_range,
        label=classes.get(sample.lesion, sample.lesion),
        patient=source.patient if source else UNKNOWN_PATIENT + request.source,
        digest="sample:" + sample.digest,
        stratum=source.stratum if source else "",
        origin="sham" if request.purpose == "sham" else origin,
        source=request.source,
        mask=sample.mask[0].numpy(),
        edit_region=sample.edit_region[0].numpy(),
        engine=request.engine,
    )
