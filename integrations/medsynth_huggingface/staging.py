"""Writes the folder that is sent: Parquet files, card, Croissant and manifest; exactly this leaves."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from datasets.exceptions import DatasetGenerationError
from datasets.info import DatasetInfo
from sqlalchemy import select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.schema import samples
from medsynth_aug.errors import MedsynthError, UnwritableFileError
from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_huggingface import card, croissant, manifest
from medsynth_huggingface.corpus import Corpus
from medsynth_huggingface.features import CONFIGS, READER_STUDY
from medsynth_huggingface.leaks import check_folder
from medsynth_huggingface.manifest import Manifest
from medsynth_huggingface.settings import PublishSettings
from medsynth_huggingface.virtual_patients import LAYOUT, VirtualPatients

NOTICE = "NOTICE.md"

_LICENSES = {
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc-by-nc-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "cc-by-nc-sa-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "mit": "https://opensource.org/license/mit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A folder that holds exactly what is sent.

    Args:
        folder: Where it is.
        manifest: What it holds.
        card: Text of its card.
    """

    folder: Path
    manifest: Manifest
    card: str

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of all files, sorted."""
        found = (one for one in self.folder.rglob("*") if one.is_file())
        return tuple(sorted(one.relative_to(self.folder).as_posix() for one in found))


def stage(
    corpus: Corpus, folder: Path, repo_id: str, settings: PublishSettings, previous: Manifest | None
) -> Staged:
    """Write everything that a revision consists of, and look it over for what must not leave.

    Args:
        corpus: What is published.
        folder: Is made once everything is written and nothing is found; until then nothing bears its name.
        repo_id: Organisation and name.
        settings: How.
        previous: Manifest of the revision that it follows, or None.

    Raises:
        PublishError: If a pixel is real, PNG cannot hold an image, or a text names what must stay here.
        UnwritableFileError: If the folder cannot be written, or the disk is full.
    """
    with whole_folder(folder) as beside:
        staged = _staged(corpus, beside, repo_id, settings, previous)
    return replace(staged, folder=folder)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` to write into; it gets the name if nothing is raised, and is gone otherwise.

    Raises:
        UnwritableFileError: If the folder cannot be written, or the disk is full.
    """
    with _disk_errors(folder):
        if not folder.parent.exists():
            folder.parent.mkdir(parents=True)
        with tempfile.TemporaryDirectory(prefix=".medsynth-", dir=folder.parent) as aside:
            beside = Path(aside, folder.name)
            beside.mkdir()
            yield beside
            beside.rename(folder)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except MedsynthError:
        raise
    except OSError as problem:
        raise UnwritableFileError(
            f"cannot write {folder} ({problem.strerror or problem}); make room there, name another folder, "
            "or set TMPDIR to a larger disk"
        ) from problem


def _staged(
    corpus: Corpus, folder: Path, repo_id: str, settings: PublishSettings, previous: Manifest | None
) -> Staged:
    classes = manifest.merged_classes(previous, corpus.classes)
    infos = {config: _parquet(corpus, config, classes, folder, settings) for config in _configs(corpus)}
    images = {digest: digest_pixels(corpus.samples.get(digest).image) for digest in corpus.digests}
    today = datetime.now(UTC).date().isoformat()
    tables = {
        path.relative_to(folder).as_posix(): manifest.file_digest(path) for path in folder.rglob("*.parquet")
    }
    if corpus.notice:
        (folder / NOTICE).write_text(corpus.notice)
    metadata = croissant.croissant_of(
        name=repo_id.split("/")[-1],
        description=f"Synthetic radiographs of {len(corpus.patients)} virtual patients, no pixel real.",
        url=f"https://huggingface.co/datasets/{repo_id}",
        license_url=_LICENSES.get(corpus.license, corpus.license),
        version=LAYOUT,
        date=today,
        features={config: info.features for config, info in infos.items() if info.features is not None},
        files=tables,
    )
    (folder / croissant.FILE).write_text(json.dumps(metadata, indent=2) + "\n")
    others = [folder / croissant.FILE, *([folder / NOTICE] if corpus.notice else [])]
    change = manifest.change_since(previous, images, tag=settings.tag, date=today, note=settings.note)
    listed = Manifest(
        classes=classes, images=images,
        files=tables | {one.name: manifest.file_digest(one) for one in others},
        about=card.about(corpus, repo_id=repo_id, infos=infos, shares=settings.shares),
        changes=(*(previous.changes if previous else ()), change),
    )  # fmt: skip
    text = card.card_of(corpus, repo_id=repo_id, infos=infos, changes=listed.changes, shares=settings.shares)
    (folder / card.FILE).write_text(text)
    (folder / manifest.FILE).write_text(json.dumps(listed.to_json(), indent=2) + "\n")
    look_over(folder, corpus)
    return Staged(folder=folder, manifest=listed, card=text)


def look_over(folder: Path, corpus: Corpus) -> None:
    """Check that nothing in the folder names this machine, a token or a real image.

    Raises:
        PublishError: If a file does; says which.
    """
    check_folder(folder, forbidden=_local(corpus), real=_real(corpus))


def _configs(corpus: Corpus) -> Iterator[str]:
    return (config for config in CONFIGS if config != READER_STUDY or corpus.answers)


def _local(corpus: Corpus) -> Iterator[str]:
    """Where the samples lie, which is nobody's business."""
    path = getattr(corpus.samples, "path", None)
    if path is not None:
        yield str(path)


def _real(corpus: Corpus) -> tuple[str, ...]:
    """The real images that the bank's samples name, whether it keeps a copy or not."""
    if not isinstance(corpus.samples, SampleBank):
        return ()
    named = select(samples.c.source).where(samples.c.source.startswith("real:")).distinct()
    with corpus.samples.database.reading() as connection:
        return tuple(connection.scalars(named))


def _parquet(
    corpus: Corpus, config: str, classes: tuple[str, ...], folder: Path, settings: PublishSettings
) -> DatasetInfo:
    """Write the Parquet files of a configuration, images inside them; returns what is known of it."""
    with tempfile.TemporaryDirectory(prefix="medsynth-") as aside:
        builder = VirtualPatients(
            corpus, config, shares=settings.shares, classes=classes, cache_dir=f"{aside}/cache"
        )
        try:
            builder.download_and_prepare(
                f"{aside}/out", file_format="parquet", max_shard_size=settings.max_shard_size
            )
        except DatasetGenerationError as problem:
            if isinstance(problem.__cause__, MedsynthError | OSError):
                raise problem.__cause__ from None
            raise
        (folder / config).mkdir(parents=True)
        for split in builder.info.splits or {}:
            found = sorted(Path(aside, "out").glob(f"{builder.dataset_name}-{split}*.parquet"))
            for number, path in enumerate(found):
                name = f"{split}-{number:05d}-of-{len(found):05d}.parquet"
                shutil.move(path, folder / config / name)
        builder.info.download_size = sum(one.stat().st_size for one in (folder / config).iterdir())
        return builder.info
