"""Read images from one folder a class."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from medsynth_aug.data.readers.decode import SUFFIXES, decode_image, is_image_file, scale_of_file
from medsynth_aug.data.readers.formats.dicom import DicomSettings
from medsynth_aug.data.splits.groups import group_names
from medsynth_aug.errors import LabelError, UnreadableFileError
from medsynth_aug.types import Spacing, ValueRange


class FolderDataset(Dataset[dict[str, Any]]):
    """Images in `root/<class>/…`; items are `{"image": (1, H, W) tensor, "label": int, "path": str}`.

    Classes are numbered in sorted order. Deterministic: nothing is resized or augmented.

    Args:
        root: Folder that holds one folder a class; files are found at any depth below those.
        patient_of: Gives the patient of a file; its answers stand in `groups`. For DICOM files
            `medsynth_aug.data.readers.formats.dicom_patient` is one.
        dicom: How DICOM files are read.

    Raises:
        UnreadableFileError: If `root` is not a folder.
        LabelError: If it holds no class, or a class without images.
        PlanError: If `patient_of` gives no patient for a file.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        patient_of: Callable[[Path], str] | None = None,
        dicom: DicomSettings | None = None,
    ) -> None:
        self.root, self.dicom = Path(root), dicom
        if not self.root.is_dir():
            raise UnreadableFileError(
                f"{self.root} is not a folder; give the folder that holds one folder a class"
            )
        folders = sorted(folder for folder in self.root.iterdir() if folder.is_dir())
        if not folders:
            raise LabelError(
                f"{self.root} holds no class folder; put the images of each class into one of its own"
            )
        self.class_to_idx = {folder.name: index for index, folder in enumerate(folders)}
        self.paths: list[Path] = []
        self.targets: list[int] = []
        for index, folder in enumerate(folders):
            files = sorted(file for file in folder.rglob("*") if is_image_file(file))
            if not files:
                raise LabelError(
                    f"class folder {folder} holds no image ({', '.join(SUFFIXES)}); fill or remove it"
                )
            self.paths += files
            self.targets += [index] * len(files)
        self.groups = None if patient_of is None else group_names([patient_of(path) for path in self.paths])

    @property
    def classes(self) -> list[str]:
        """Class names by number."""
        return list(self.class_to_idx)

    def value_range(self, index: int) -> ValueRange | None:
        """Darkest and brightest value that a file can hold, where it says so."""
        return scale_of_file(self.paths[index], self.dicom)[0]

    def spacing_mm(self, index: int) -> Spacing | None:
        """Row and column spacing of a file, where it states them."""
        return scale_of_file(self.paths[index], self.dicom)[1]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        path = self.paths[index]
        return {"image": decode_image(path, self.dicom), "label": self.targets[index], "path": str(path)}
