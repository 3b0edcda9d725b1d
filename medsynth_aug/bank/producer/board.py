"""What readers and their producer tell each other: a small file that all of them map into memory."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from medsynth_aug.bank.failures import failures_named

Count = Literal[
    "served", "late", "substituted", "waited_us", "made", "refused", "busy_us", "starts", "fruitless"
]

_NAMES = ("epoch", "closed", "pid", "calls", "orders", "order_epoch", *get_args(Count))

_LOOK_S = 0.01


class Board:
    """Epoch, counts and who was read, shared by all processes that open the same folder.

    It is a mapped file, so that it survives fork, spawn and the death of any of them; it pickles as its path.

    Args:
        folder: Where it lies; `create` makes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = np.memmap(folder / "numbers", np.int64, "r+")
        places = (folder / "read").stat().st_size // 4
        self._read: NDArray[np.int32] = (
            np.memmap(folder / "read", np.int32, "r+") if places else np.zeros(0, np.int32)
        )

    @classmethod
    def create(cls, folder: Path, places: int) -> "Board":
        """A new board in a new folder.

        Args:
            folder: Must not exist.
            places: How many places the plan has.

        Raises:
            BankFullError: If the disk is full.
            BankReadOnlyError: If the folder cannot be made.
        """
        with failures_named(folder):
            folder.mkdir(parents=True)
            np.zeros(len(_NAMES), np.int64).tofile(folder / "numbers")
            np.zeros(places, np.int32).tofile(folder / "read")
        return cls(folder)

    def __reduce__(self) -> tuple[type["Board"], tuple[Path]]:
        return Board, (self.folder,)

    @property
    def epoch(self) -> int:
        """The epoch that the readers are in."""
        return self._get("epoch")

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch."""
        self._numbers[_NAMES.index("epoch")] = epoch

    @property
    def closed(self) -> bool:
        """Whether nobody reads any more."""
        return bool(self._get("closed"))

    def close(self) -> None:
        """Say that nobody reads any more."""
        self._numbers[_NAMES.index("closed")] = 1

    @property
    def pid(self) -> int:
        """The producer process that was started last; 0 if none was."""
        return self._get("pid")

    def note_start(self, pid: int) -> None:
        """Say that a producer process was started; it is fruitless until it has made something."""
        self._numbers[_NAMES.index("pid")] = pid
        self.add(starts=1, fruitless=1)

    def note_batch(self, *, made: int, refused: int, busy_us: int) -> None:
        """Say that a batch was made."""
        self.add(made=made, refused=refused, busy_us=busy_us)
        self._numbers[_NAMES.index("fruitless")] = 0

    def call(self) -> None:
        """Wake the producer: a reader waits."""
        self._numbers[_NAMES.index("calls")] += 1

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, or until a reader calls, an epoch begins or the board is closed."""
        before, until = self._news(), time.monotonic() + seconds
        while self._news() == before and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_S))

    def _news(self) -> tuple[int, ...]:
        return tuple(self._get(name) for name in ("calls", "epoch", "orders", "closed"))

    def add(self, **counts: int) -> None:
        """Add to counts, by name; no process's addition is lost."""
        with self._lock():
            for name, count in counts.items():
                self._numbers[_NAMES.index(name)] += count

    def count(self, name: Count) -> int:
        """The count of that name."""
        return self._get(name)

    def mark_read(self, place: int) -> None:
        """Say that a place was read in this epoch."""
        if place < len(self._read):
            self._read[place] = self.epoch + 1

    def is_unread(self, places: NDArray[np.int64], epoch: int) -> NDArray[np.bool_]:
        """For each of `places`, whether it was not read in that epoch."""
        return np.asarray(self._read[places] != epoch + 1)

    def publish_order(self, places: Sequence[int] | NDArray[np.int64]) -> None:
        """Say in which order places will be read in this epoch."""
        aside = self.folder / f"order.{time.monotonic_ns()}.npy"
        with failures_named(aside), self._lock():
            np.save(aside, np.asarray(places, np.int64), allow_pickle=False)
            aside.replace(self.folder / "order.npy")
            self._numbers[_NAMES.index("order_epoch")] = self.epoch
            self._numbers[_NAMES.index("orders")] += 1

    @property
    def orders(self) -> int:
        """How many orders were published; a new number is a new order."""
        return self._get("orders")

    def order(self) -> tuple[int, NDArray[np.int64]]:
        """The epoch of the last published order, and the order."""
        with self._lock():
            return self._get("order_epoch"), np.load(self.folder / "order.npy", allow_pickle=False)

    def _lock(self) -> FileLock:
        return FileLock(self.folder / "numbers.lock")  # a new one each time: none may be inherited by a fork

    def _get(self, name: str) -> int:
        return int(self._numbers[_NAMES.index(name)])
