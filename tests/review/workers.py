"""What other processes do in the tests of reviews; importable by name, as forkserver needs it."""

import os
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.review import ReviewStore


def review_together(
    path: Path, arguments: dict[str, Any], name: str, digests: list[str], start: Barrier
) -> None:
    """Approve all samples, in turn with readers in other processes."""
    store = ReviewStore(SampleBank(path, **arguments))
    reviewer = store.reviewer(name)
    for digest in digests:
        start.wait(60)
        store.record(digest, reviewer, "approve", seconds=1)


def review_for_ever(
    path: Path, arguments: dict[str, Any], name: str, digests: list[str], notes: Path
) -> None:
    """Change one's mind until killed; note the id of each verdict once `record` has returned."""
    store = ReviewStore(SampleBank(path, **arguments))
    reviewer = store.reviewer(name)
    file = os.open(notes, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    for number in range(100_000):
        digest = digests[number % len(digests)]
        if number // len(digests) % 2:
            verdict = store.record(digest, reviewer, "reject", reasons=["duplicate"])
        else:
            verdict = store.record(digest, reviewer, "approve")
        os.write(file, f"{verdict.id}\n".encode())
