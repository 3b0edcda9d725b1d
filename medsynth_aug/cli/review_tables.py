"""The tables of `medsynth review --status`."""

from collections.abc import Iterator

from rich.table import Table

from medsynth_aug.review import ReviewStore, reason_effects
from medsynth_aug.review.status import lesion_status, reader_status


def status_tables(store: ReviewStore) -> Iterator[Table]:
    """Samples by lesion, readers, and what the rejections of each reason led to."""
    policy = store.policy
    who = ", one of them a senior" if policy.senior_required else ""
    how = "a senior settles disagreement" if policy.adjudication else "the count settles disagreement"
    title = f"samples: {policy.approvals} of {policy.readers} readers must approve{who}; {how}"
    yield _table(
        title,
        ("lesion", "purpose", "approved", "rejected", "disputed", "pending"),
        [
            (one.lesion, one.purpose, one.approved, one.rejected, one.disputed, one.pending)
            for one in lesion_status(store)
        ],
    )
    yield _table(
        "readers",
        ("reviewer", "senior", "verdicts", "wait", "median seconds"),
        [
            (
                f"{one.name} (retired)" if one.retired else one.name, "yes" if one.senior else "",
                one.verdicts, one.due, "" if one.seconds is None else f"{one.seconds:.1f}",
            )
            for one in reader_status(store)
        ],
    )  # fmt: skip
    effects = reason_effects(store)
    if effects:
        yield _table(
            "made anew after a rejection",
            ("reason", "approved", "of", "95 % interval", "undecided", "given up"),
            [
                (
                    one.reason.words, one.approved, one.n,
                    "" if one.low is None else f"{one.low:.2f} to {one.high:.2f}", one.waiting, one.given_up,
                )
                for one in effects
            ],
        )  # fmt: skip


def _table(title: str, head: tuple[str, ...], rows: list[tuple[object, ...]]) -> Table:
    table = Table(*head, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(str, row))
    return table
