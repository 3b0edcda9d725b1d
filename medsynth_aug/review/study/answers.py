"""What readers answered: one line an answer, appended, chained and never overwritten."""

import json
import os
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock

from medsynth_aug.bank.producer.given import finite_number, whole_number
from medsynth_aug.errors import SettingError, StudyError, UnwritableFileError
from medsynth_aug.review.study.documents import sha256

Call = Literal["real", "synthetic"]
CONFIDENCES = range(1, 6)
_CLOSING = {"closed": True}
"""What the line behind the last answer says, beside the digest of the line before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader said of one image.

    Args:
        item: Name of the image.
        reader: Who said it.
        call: Whether the image was taken for a real or a synthetic one.
        confidence: How sure the reader was of that, 1 (a guess) to 5 (certain).
        diagnosis: The class that the reader saw.
        seconds: From showing the image to the answer.
        at: When, in UTC, as ISO 8601.
        counts: False for a changed mind: the first answer to an image counts, later ones are kept beside it.
    """

    item: str
    reader: str
    call: Call
    confidence: int
    diagnosis: str
    seconds: float
    at: str = ""
    counts: bool = True

    def check(self, classes: Sequence[str]) -> None:
        """Check the parts of an answer.

        Raises:
            SettingError: If one is none of those that are asked for.
        """
        if self.call not in get_args(Call):
            raise SettingError(f"the call is {self.call!r}; say real or synthetic")
        if whole_number("the confidence", self.confidence) not in CONFIDENCES:
            raise SettingError(f"the confidence is {self.confidence!r}; say 1 (a guess) to 5 (certain)")
        if self.diagnosis not in classes:
            raise SettingError(f"the diagnosis is {self.diagnosis!r}; choose one of {', '.join(classes)}")
        if finite_number("the seconds of the answer", self.seconds) < 0:
            raise SettingError(f"the answer took {self.seconds!r} seconds; give the time from showing to it")

    @property
    def rating(self) -> int:
        """From -5, certainly real, to 5, certainly synthetic."""
        return self.confidence if self.call == "synthetic" else -self.confidence


class AnswerFile:
    """The answers of one reader, a JSON line each, whose every line names the digest of the one before.

    A closing line follows the last answer, so that this one cannot be changed or lost unnoticed either. Who
    may write the file can write all of it anew: this finds accidents and careless edits, and no forgery.

    A line that was not finished when a machine stopped was never acknowledged and is left out; so is it when
    the next one is appended.

    Args:
        path: The file; it need not exist.
        start: Digest of the design, which stands in place of a line before the first.
    """

    def __init__(self, path: Path, start: str) -> None:
        self.path, self._start = path, start

    def read(self) -> list[Answer]:
        """All answers in the order in which they were given.

        Raises:
            StudyError: If a line before the last was changed, removed or inserted, or belongs to another
                study. Until the file is closed, lines may be gone from its end, or the last one changed,
                unnoticed.
        """
        return [answer for answer, _ in self._lines() if answer is not None]

    def is_closed(self) -> bool:
        """Whether the last line is a closing one.

        Raises:
            StudyError: If what the file holds was changed, as `read` finds it.
        """
        last = next(iter(deque(self._lines(), maxlen=1)), None)
        return last is not None and last[0] is None

    def append(self, answer: Answer, shown: Collection[str]) -> Answer:
        """Write an answer down, and a closing line once all are given; it is safe once this returns.

        Args:
            answer: What was said.
            shown: Names of all images that the reader is shown.

        Returns:
            The answer with its time, and whether it counts.

        Raises:
            StudyError: If what the file holds was changed, as `read` finds it.
            UnwritableFileError: If it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.stem}.lock")):
                lines = list(self._lines())
                answered = {one.item for one, _ in lines if one is not None}
                answer = Answer(
                    **{
                        **asdict(answer),
                        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                        "counts": answer.item not in answered,
                    }
                )
                line = _line(asdict(answer), lines[-1][1] if lines else self._start)
                closing = [_line(_CLOSING, sha256(line))] if answered | {answer.item} >= set(shown) else []
                self._write([line, *closing])
        except OSError as problem:
            raise UnwritableFileError(
                f"{self.path} cannot be written ({problem.strerror}); the answer is not stored: give it again"
            ) from problem
        return answer

    def _lines(self) -> Iterator[tuple[Answer | None, str]]:
        """Each answer, or None for a closing line, with the digest of its line."""
        previous = self._start
        data = self.path.read_bytes() if self.path.exists() else b""
        for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), 1):
            try:
                held = json.loads(line)
                named = held.pop("previous")
                answer = None if held == _CLOSING else Answer(**held)
            except (ValueError, KeyError, TypeError, AttributeError) as problem:
                raise StudyError(f"line {number} of {self.path} is no answer ({problem!r})") from problem
            if named != previous:
                raise StudyError(
                    f"line {number} of {self.path} does not follow the line before it: a line was changed, "
                    "removed or inserted, or the file belongs to another study; restore it as it was"
                )
            previous = sha256(line)
            yield answer, previous

    def _write(self, lines: Sequence[bytes]) -> None:
        new = not self.path.exists()
        with self.path.open("ab") as file:
            end = self.path.read_bytes().rfind(b"\n") + 1
            if end < file.tell():
                file.truncate(end)
            file.write(b"".join(line + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        if new:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _line(held: Mapping[str, Any], previous: str) -> bytes:
    return json.dumps({**held, "previous": previous}, ensure_ascii=False).encode()
