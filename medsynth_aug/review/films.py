"""Find the backgrounds of rejected samples again in the user's own films, by the digest of their pixels."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from medsynth_aug.data.items.reading import SourceReader
from medsynth_aug.data.readers.decode import decode_image, is_image_file, scale_of_file
from medsynth_aug.errors import UnreadableFileError
from medsynth_aug.synthesis.source import SourceImage
from medsynth_aug.types import Spacing, ValueRange


def lookups_of(films: Any) -> dict[str, Callable[[], SourceImage]]:
    """Readers of films by source digest, for `SourceStore(bank, lookups)`; each film is read once for it.

    Args:
        films: A folder with films at any depth, or a training split as for `RebalancedDataset`, whose
            `value_range` and `spacing_mm` are taken where it has them.

    Raises:
        UnreadableFileError: If the folder is none or holds no film, or a film cannot be read.
        ImageError: If a film cannot be used.
    """
    data = _Films(Path(films)) if isinstance(films, str | Path) else films
    scale = {name: getattr(data, name, None) for name in ("value_range", "spacing_mm")}
    reader = SourceReader(data, **scale)
    return {reader.source(index).digest: partial(reader.source, index) for index in range(len(reader))}


class _Films(Dataset[dict[str, Any]]):
    """The films in a folder, without labels."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UnreadableFileError(f"{folder} is not a folder; give the one that holds the backgrounds")
        self.paths = sorted(path for path in folder.rglob("*") if is_image_file(path))
        if not self.paths:
            raise UnreadableFileError(f"{folder} holds no film; give the folder that holds the backgrounds")

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"image": decode_image(self.paths[index])}

    def value_range(self, index: int) -> ValueRange | None:
        return scale_of_file(self.paths[index])[0]

    def spacing_mm(self, index: int) -> Spacing | None:
        return scale_of_file(self.paths[index])[1]
