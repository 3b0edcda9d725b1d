"""Write the real training split and its approved samples side by side, whole or not at all."""

import csv
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

from tqdm.auto import tqdm

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.exporting import whole_folder
from medsynth_aug.bank.places import make_folder
from medsynth_aug.data.items.item import ItemAdapter
from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.data.items.reading import RangeOfItems, SpacingOfItems
from medsynth_aug.data.planning.training_data import TrainingData, take_in
from medsynth_aug.data.planning.wish import Wish
from medsynth_aug.data.splits.groups import Groups
from medsynth_aug.errors import SettingError
from medsynth_aug.lesions import Lesion, resolve_lesion
from medsynth_aug.review.export.approved_items import Wanted, approved_items
from medsynth_aug.review.export.rows import FINDINGS, FINDINGS_FILE, Row, TrainingRows

Form = Literal["folder", "huggingface"]

_NOTICE = """\
{real} real images of a training split and {painted} approved synthetic ones.
{derived} of the synthetic ones derive from real patients: a lesion was painted into a radiograph of the
split, and every pixel outside the edit region is that patient's. They are marked derived_from_real; the
real images are the rows that are not synthetic. Handle both as you must handle the originals.
"""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Args:
        folder: Where.
        real: Real images.
        synthetic: Approved samples.
        left_out: Approved samples that were not written -> why.
    """

    folder: Path
    real: int
    synthetic: int
    left_out: Mapping[str, str]


def export_training_set(
    source: Any,
    bank: SampleBank,
    target: str | Path,
    *,
    lesions: Mapping[ClassKey, str | Lesion],
    healthy: ClassKey | None = None,
    exclusive: Iterable[ClassKey] = (),
    form: Form = "folder",
    groups: Groups | None = None,
    labels: Any = None,
    value_range: RangeOfItems = None,
    spacing_mm: SpacingOfItems = None,
    item: ItemAdapter | None = None,
    progress: bool = True,
) -> ExportReport:
    """Merge the approved samples of a bank with the real training split that they were painted into.

    A folder holds `images/CLASS/…` (multi-label: `images/…`), `masks/…`, `labels.csv` for `CsvDataset`,
    `findings.csv` with one row a lesion, and `datalist.json` for MONAI; 8- and 16-bit images are PNG, others
    NIfTI. A Hugging Face data set is one split `train` for `datasets.load_from_disk`. Samples whose
    background is not in the split are left out. Of samples that were painted into each other the last goes
    in, with all of its lesions; where an image has one class, the last that shows lesions of one.

    Args:
        source: The training split, as for `RebalancedDataset`.
        bank: Holds the samples.
        target: The folder; it must not exist.
        lesions: Class (multi-label: column) -> lesion that fills it.
        healthy: Class (multi-label: column) of approved images without a lesion; None leaves them out.
        exclusive: Multi-label: columns that a lesion clears.
        form: `"folder"` or `"huggingface"`.
        groups: Patient of each item, or `"each-image"`; taken from `source.groups` where it has them.
        labels: Label of each item; taken from `source.targets`, else from the items.
        value_range: Darkest and brightest value of the data; may be absent for uint8.
        spacing_mm: Row and column spacing.
        item: Where image and label stand in an item; inferred if absent.
        progress: Show progress bars on standard error.

    Raises:
        SettingError: If the folder exists, the form is unknown, or `datasets` is missing.
        LabelError: If a class is not in the data.
        ImageError: If an image cannot be written without loss.
        BankFullError: If the disk is full.
        MedsynthError: Whatever reading the split raises.
    """
    if form not in get_args(Form):
        raise SettingError(f'form is {form!r}; use "folder" or "huggingface"')
    target = Path(target).absolute()
    if target.exists() or target.is_symlink():
        raise SettingError(f"{target} exists; an export never overwrites: choose another folder or remove it")
    training = take_in(
        source, labels=labels, groups=groups, holdout_groups=None, value_range=value_range,
        spacing_mm=spacing_mm, item=item, progress=progress,
    )  # fmt: skip
    wish = Wish(lesions=lesions, exclusive=tuple(exclusive))
    well = None if healthy is None else training.labels.key(healthy)
    rows = TrainingRows(training, keys_of(training, wish), training.exclusive(wish), well)
    make_folder(target.parent)
    with ExitStack() as stack:
        aside = stack.enter_context(whole_folder(target))
        written = aside
        if form == "huggingface":
            scratch = TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.")
            written = Path(stack.enter_context(scratch))
        report = _write(written, rows, training, bank, progress)
        if form == "huggingface":
            from medsynth_aug.review.export.hugging_face import save_dataset

            save_dataset(written, aside, rows)
            (aside / "NOTICE.txt").write_text((written / "NOTICE.txt").read_text())
    return ExportReport(target, **report)


def keys_of(training: TrainingData, wish: Wish) -> dict[str, ClassKey]:
    """The class or column of each lesion, by its name.

    Raises:
        SettingError: If one lesion fills two classes, so that its samples could be either.
    """
    found: dict[str, ClassKey] = {}
    for key, lesion in training.keys(wish).items():
        name = resolve_lesion(lesion).name
        if name in found:
            raise SettingError(f"{name} fills two classes; name one, so that its samples have one label")
        found[name] = key
    return found


def _write(
    folder: Path, rows: TrainingRows, training: TrainingData, bank: SampleBank, progress: bool
) -> dict[str, Any]:
    """Images, tables and notice; returns what was written."""
    table, sources, shown = list[Row](), dict[str, int](), dict[str, list[Row]]()
    count = len(training.reader)
    for index in tqdm(range(count), desc="Writing real images", unit="image", disable=not progress):
        digest, row = rows.real(folder, index)
        sources.setdefault(digest, index)
        table.append(row)
    wanted = Wanted(
        classes=rows.keys, one_class=not rows.multi_label, healthy=rows.healthy is not None, sources=sources,
        patients=training.groups,
    )  # fmt: skip
    chosen, left_out = approved_items(bank, wanted)
    for one in tqdm(chosen, desc="Writing approved samples", unit="sample", disable=not progress):
        painted = [bank.get(painting.digest) for painting in one.paintings]
        own = painted[-1] if painted and painted[-1].digest == one.digest else bank.get(one.digest)
        row, findings = rows.synthetic(folder, one, own, painted)
        table.append(row)
        shown[row["image"]] = findings
    _write_table(folder / "labels.csv", rows.columns, table)
    _write_table(folder / FINDINGS_FILE, FINDINGS, itertools.chain(*shown.values()))
    entries = [rows.as_monai(row, shown.get(row["image"], ())) for row in table]
    (folder / "datalist.json").write_text(json.dumps(_datalist(rows, entries), indent=1), encoding="utf-8")
    derived = sum(one.index is not None for one in chosen)
    notice = _NOTICE.format(real=count, painted=len(chosen), derived=derived)
    (folder / "NOTICE.txt").write_text(notice, encoding="utf-8")
    return {"real": count, "synthetic": len(chosen), "left_out": left_out}


def _write_table(path: Path, columns: Sequence[str], table: Iterable[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(table)


def _datalist(rows: TrainingRows, entries: list[Row]) -> dict[str, Any]:
    """MONAI's data list: `monai.data.load_decathlon_datalist(path, data_list_key="training")`."""
    return {
        "description": "a real training split with approved synthetic samples",
        "labels": {str(number): name for name, number in rows.numbers.items()},
        "training": entries,
    }
