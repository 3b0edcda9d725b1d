"""A blinded reader study on disk: what comes next for a reader, and what was answered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medsynth_aug.errors import SettingError, StudyError
from medsynth_aug.review.study.answers import Answer, AnswerFile, Call
from medsynth_aug.review.study.documents import ANSWERS, DESIGN, IMAGES, KEY, Design, Key, sha256

HANDED_OVER = "readers"
"""The part of a study's folder that readers get; the key lies beside it."""

READER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An image that a reader is shown.

    Args:
        name: Its name in the study.
        path: PNG file.
        number: Its place in the reader's order, from 1.
        total: How many images the reader is shown.
        classes: The diagnoses to choose from.
    """

    name: str
    path: Path
    number: int
    total: int
    classes: tuple[str, ...]


class Study:
    """A reader study. It holds no key: whoever shows its images cannot know which are synthetic.

    Args:
        folder: The part that readers get, with `design.json`.
        design: What that says.
    """

    def __init__(self, folder: Path, design: Design) -> None:
        self.folder, self.design = folder, design

    @classmethod
    def load(cls, path: str | Path) -> "Study":
        """The study of a folder, the whole one or the part that readers get.

        Raises:
            StudyError: If there is none.
            SettingError: If another version wrote it.
        """
        path = Path(path)
        for folder in (path, path / HANDED_OVER):
            if (folder / DESIGN).is_file():
                return cls(folder, Design.from_bytes((folder / DESIGN).read_bytes()))
        raise StudyError(
            f"{path} holds no {DESIGN}; give the folder that `medsynth review study create` made"
        )

    @property
    def readers(self) -> tuple[str, ...]:
        """Who reads."""
        return self.design.readers

    def next_item(self, reader: str) -> Item | None:
        """The first image in the reader's order without an answer; None when all are answered.

        The last image comes once more if no closing line follows its answer, as when the machine stopped.

        Raises:
            SettingError: If the study has no such reader.
            StudyError: If the image or an answer was changed.
        """
        file = self._file(reader)
        answered, order = {one.item for one in file.read()}, self.design.orders[reader]
        for number, name in enumerate(order, 1):
            if name not in answered:
                return self._item(reader, name, number)
        return None if file.is_closed() else self._item(reader, order[-1], len(order))

    def answer(
        self, reader: str, item: str, *, call: Call, confidence: int, diagnosis: str, seconds: float
    ) -> Answer:
        """Store an answer to the next image, or a changed mind about an earlier one.

        The first answer to an image counts; a changed mind is written down beside it. Nothing comes back that
        tells whether the answer was right.

        Args:
            reader: Who answers.
            item: Name of the image.
            call: Real or synthetic.
            confidence: How sure, 1 (a guess) to 5 (certain).
            diagnosis: One of the study's classes.
            seconds: From showing the image to the answer.

        Raises:
            SettingError: If the reader, the image or a part of the answer is none of the study's, or images
                before it are not answered.
            StudyError: If the image or an answer was changed.
            UnwritableFileError: If it cannot be stored.
        """
        given = Answer(
            item=item, reader=reader, call=call, confidence=confidence, diagnosis=diagnosis, seconds=seconds
        )
        given.check(self.design.classes)
        file = self._file(reader)
        upcoming = self.next_item(reader)
        may = {one.item for one in file.read()} | ({upcoming.name} if upcoming else set())
        if item not in may:
            turn = f"it is the turn of {upcoming.name}" if upcoming else "all images are answered"
            raise SettingError(f"image {item!r} is not the next one of {reader}: {turn}")
        return file.append(given, self.design.orders[reader])

    def answers(self, reader: str) -> list[Answer]:
        """All answers of a reader, changed minds too.

        Raises:
            SettingError: If the study has no such reader.
            StudyError: If one was changed or is not of this study, or all are there and no closing line is.
        """
        file = self._file(reader)
        held = file.read()
        names, seen = set(self.design.orders[reader]), set[str]()
        for one in held:
            if one.counts == (one.item in seen):
                raise StudyError(f"{file.path} counts {one.item} twice, or not its first answer")
            seen.add(one.item)
            if one.reader != reader or one.item not in names:
                raise StudyError(f"{file.path} holds an answer of {one.reader} to {one.item}")
            one.check(self.design.classes)
        if seen == names and not file.is_closed():
            raise StudyError(
                f"{file.path} has all answers but no closing line at its end: it was lost, or an answer "
                f"was added; restore the file, or let {reader} answer the last image again "
                "(`medsynth review study run`): the first answer counts"
            )
        return held

    def progress(self, reader: str) -> tuple[int, int]:
        """How many images a reader has answered, and how many there are."""
        done = sum(one.counts for one in self._file(reader).read())
        return done, len(self.design.orders[reader])

    def key(self, path: str | Path | None = None) -> Key:
        """The key, checked against the design, with all images checked against both.

        Args:
            path: The key; None takes `key.json` beside the part that readers get.

        Raises:
            StudyError: If it is not there, is not this study's, or an image was changed.
        """
        file = self.folder.parent / KEY if path is None else Path(path)
        if not file.is_file():
            raise StudyError(f"there is no key at {file}; only who made the study has it: give its path")
        data = file.read_bytes()
        if sha256(data) != self.design.key_sha256:
            raise StudyError(f"{file} is not the key that the study was made with; restore that")
        key = Key.from_bytes(data)
        if key.files != self.design.images:
            raise StudyError(f"{self.folder / DESIGN} was changed after the study was made; restore it")
        for name in self.design.images:
            self._check_image(name)
        return key

    def _item(self, reader: str, name: str, number: int) -> Item:
        self._check_image(name)
        return Item(
            name=name, path=self.folder / IMAGES / f"{name}.png", number=number,
            total=len(self.design.orders[reader]), classes=self.design.classes,
        )  # fmt: skip

    def _file(self, reader: str) -> AnswerFile:
        if reader not in self.design.orders:
            raise SettingError(f"the study has no reader {reader!r}; it has {', '.join(self.readers)}")
        return AnswerFile(self.folder / ANSWERS / f"{reader}.jsonl", self.design.digest)

    def _check_image(self, name: str) -> None:
        file = self.folder / IMAGES / f"{name}.png"
        if not file.is_file() or sha256(file.read_bytes()) != self.design.images[name]:
            raise StudyError(f"{file} is missing or was changed after the study was made; restore it")


def check_readers(readers: Sequence[str]) -> tuple[str, ...]:
    """The readers, each once, by names that can be names of files.

    Raises:
        SettingError: If there is none, one stands twice or has another name.
    """
    if not readers:
        raise SettingError("the study has no reader; name at least one, best by a pseudonym")
    for reader in readers:
        if not READER.fullmatch(reader):
            raise SettingError(
                f"reader {reader!r} has a name that cannot be used; take letters, digits, - and _, at most 64"
            )
    if len({one.lower() for one in readers}) < len(readers):
        raise SettingError(f"a reader stands twice in {', '.join(readers)}; name each once")
    return tuple(readers)
