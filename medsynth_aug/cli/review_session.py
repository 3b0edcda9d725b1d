"""A reader at the terminal: one image after the other, a few keys each."""

import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from medsynth_aug.review import Reason, Reviewer, ReviewStore

QUIT, SKIP = "q", "s"


def read_queue(
    store: "ReviewStore", reviewer: "Reviewer", queue: Sequence[str], *, sheet: Path | None
) -> int:
    """Show the samples of a queue and store what the reader says; returns how many verdicts were given.

    Args:
        store: Takes the verdicts.
        reviewer: Who reads.
        queue: Digests of the samples.
        sheet: Write each picture to this file instead of opening a viewer.
    """
    given = 0
    with _pictures(sheet) as places:
        for number, (digest, place) in enumerate(zip(queue, places), 1):
            answer = _read(store, reviewer, digest, place, f"{number} of {len(queue)}", sheet is None)
            if answer == QUIT:
                break
            given += answer != SKIP
    return given


@contextmanager
def _pictures(sheet: Path | None) -> Iterator[Iterator[Path]]:
    """Where to write one picture after the other; names tell nothing, and nothing is left behind."""
    if sheet is not None:
        yield iter(lambda: sheet, None)
        return
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        yield iter(lambda: Path(folder) / f"{secrets.token_hex(4)}.png", None)


def _read(
    store: "ReviewStore", reviewer: "Reviewer", digest: str, place: Path, head: str, opens: bool
) -> str:
    from medsynth_aug.review.picture import write_picture

    seen = store.file_digest(digest)
    sample = store.bank.get(digest)
    write_picture(sample, place)
    claim = sample.lesion.replace("_", " ") if sample.mask.any() else "no lesion"
    typer.echo(f"\n{head}: {claim}\n{place}")
    if opens:
        typer.launch(str(place))
    began = time.monotonic()
    outcome = _one_of("approve (a), reject (r), skip (s), quit (q)", {"a", "r", SKIP, QUIT})
    if outcome in (SKIP, QUIT):
        return outcome
    seconds = round(time.monotonic() - began, 1)
    reasons = _reasons() if outcome == "r" else ()
    comment = _comment(reasons) if outcome == "r" else ""
    plausibility = _one_of("plausibility, 1 (not at all) to 5 (fully)", {"1", "2", "3", "4", "5", QUIT})
    if plausibility == QUIT:
        return QUIT
    verdict = store.record(
        digest, reviewer, "approve" if outcome == "a" else "reject", reasons=reasons, comment=comment,
        plausibility=int(plausibility), seconds=seconds, file_digest=seen,
    )  # fmt: skip
    typer.echo(f"stored as {verdict.id}")
    return outcome


def _ask(question: str) -> str:
    """A line of the reader's, in lower case; the end of the input quits."""
    try:
        return input(f"{question}: ").strip()
    except EOFError:
        return QUIT


def _one_of(question: str, answers: set[str]) -> str:
    while (answer := _ask(question).lower()) not in answers:
        typer.echo(f"answer one of {', '.join(sorted(answers))}")
    return answer


def _reasons() -> "tuple[Reason, ...]":
    from medsynth_aug.review import Reason

    known = list(Reason)
    listed = ", ".join(f"{number} {reason.words}" for number, reason in enumerate(known, 1))
    while True:
        numbers = _ask(f"why ({listed}); several with spaces").replace(",", " ").split()
        if numbers and all(one.isdecimal() and 1 <= int(one) <= len(known) for one in numbers):
            return tuple(known[int(one) - 1] for one in numbers)
        if numbers == [QUIT]:
            raise typer.Exit
        typer.echo(f"answer with numbers from 1 to {len(known)}")


def _comment(reasons: "Sequence[Reason]") -> str:
    from medsynth_aug.review import Reason

    needed = Reason.OTHER in reasons
    while not (comment := _ask("comment" if needed else "comment, or nothing")) and needed:
        typer.echo("say in a few words what is wrong")
    return comment
