"""What a producer process is told when it starts: through a pipe, never through a file."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.bank.producer.draws import Draws
from medsynth_aug.bank.producer.given import check_engine
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.synthesis.synthesizer import Synthesizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that a producer process needs; `synthesizer` stays packed until the device is its own.

    Args:
        root_pid: The training process; the producer ends with it.
        root_started: When that process started, in seconds since the epoch, so that its number is not
            mistaken for that of a later one.
        board: Folder of the board.
        bank: The bank, which travels as its place.
        synthesizer: The packed synthesizer, which travels as what opened it.
        requests: The planned request of each place.
        draws: Which draw of a place is served in which epoch.
        ahead: How many reads to look ahead.
        batch_size: Samples made at once.
        max_attempts: Draws for one place.
    """

    root_pid: int
    root_started: float
    board: Path
    bank: SampleBank
    synthesizer: "PackedSynthesizer"
    requests: Sequence[SynthesisRequest]
    draws: Draws
    ahead: int
    batch_size: int
    max_attempts: int


@dataclass(frozen=True, slots=True)
class PackedSynthesizer:
    """A synthesizer as what opens it again in another process, and what must be known of it without that.

    Args:
        data: The packed synthesizer.
        fingerprint: Its fingerprint.
        device: The device that it computes on.
    """

    data: bytes
    fingerprint: str
    device: str

    @classmethod
    def of(cls, synthesizer: Synthesizer) -> "PackedSynthesizer":
        """Pack a synthesizer.

        Raises:
            SettingError: If it is none, does not pickle, or its class is defined in the script that runs.
        """
        check_engine(synthesizer)
        kind = type(synthesizer)
        if kind.__module__ == "__main__":
            raise SettingError(
                f"{kind.__name__} is defined in the script that runs, where the producer process cannot "
                "import it; move it into a module of its own and import it from there"
            )
        device = str(getattr(synthesizer, "device", "cpu"))
        return cls(pack(synthesizer), synthesizer.fingerprint, device)

    def open(self) -> Synthesizer:
        """The synthesizer, opened in this process."""
        return unpack(self.data)


class _ByValue(ForkingPickler):
    """Packs as multiprocessing does for its own pipes, but tensors by value: the reader is no child of it."""

    _extra_reducers: dict[type, Any] = {}  # noqa: RUF012  the name is that of the class above


def pack(value: Any) -> bytes:
    """Any value for another process of the same user, to go through a pipe.

    Raises:
        SettingError: If it does not pickle.
    """
    buffer = io.BytesIO()
    try:
        _ByValue(buffer).dump(value)
    except Exception as problem:
        raise SettingError(
            f"a {type(value).__name__} does not pickle ({problem}), so it cannot reach the producer process; "
            "define it in a module and let it pickle as the settings that open it"
        ) from problem
    return buffer.getvalue()


def unpack(data: bytes) -> Any:
    """The value that `pack` was given."""
    return ForkingPickler.loads(data)


def send(recipe: Recipe, pipe: Any) -> None:
    """Write a recipe into the standard input of a producer process, with where modules are found."""
    pipe.write(pack((list(sys.path), pack(recipe))))


def receive(pipe: Any) -> Recipe:
    """Read the recipe that `send` wrote; modules are then found where the sender finds them."""
    sys.path[:], recipe = unpack(pipe.read())
    return unpack(recipe)
