"""Send verdicts and revocations of a bank, each once, on samples that the project was told of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.lookups import among, chunks
from medsynth_aug.bank.records import as_utc
from medsynth_aug.bank.schema import revocations, verdicts
from medsynth_aug.errors import SyncConflictError, SyncError, SyncUnreachableError
from medsynth_supabase.project.project import Project
from medsynth_supabase.project.remote import Remote
from medsynth_supabase.state.state import SyncState
from medsynth_supabase.state.subject import REVOCATION, SAMPLE, VERDICT, Subject

AT_ONCE = 50
"""Rows of one request."""

SENT, ELSEWHERE = "sent", "held"
"""What the state says of a review that went up, and of one that the project had before."""

OTHERS = (
    "it is a review of another reader than the user who is signed in; only the key of the service role hands "
    "on the reviews of others"
)

ANOTHER = (
    "the project holds another review under its id, which stays as it is; revoke this one and review the "
    "sample anew"
)

COMPARED = {
    "reviews": ("sample", "pixels", "reviewer", "outcome", "adjudicates", "supersedes"),
    "revocations": (),
}
"""Columns in which a row that is there must be the one that is sent; whoever revoked, revoked."""

Failed = Callable[[Subject, SyncError], None]


class ReviewTeller:
    """Sends what readers of this bank said.

    A review of a sample that the project was never told of stays here; it goes up when the sample does.

    Args:
        bank: Holds the verdicts.
        remote: Where the project lies.
        project: Which it is.
        state: Remembers what was sent.
        failed: Called for each that the project refuses.
    """

    def __init__(
        self, bank: SampleBank, remote: Remote, project: Project, state: SyncState, failed: Failed
    ) -> None:
        self._bank, self._remote, self._project = bank, remote, project
        self._state, self._failed = state, failed

    def verdicts(self, known: Sequence[Subject]) -> list[str]:
        """Send verdicts; returns the ids of those that went up.

        Raises:
            SyncUnreachableError: If the project does not answer.
        """
        rows = self._stored(verdicts, verdicts.c.id, known)
        samples = self._state.of(SAMPLE, {row.sample for row in rows.values()})
        told = {digest for digest, one in samples.items() if one.told not in (None, "forgotten")}
        ready = {
            one.subject: self._verdict(rows[one.subject])
            for one in known
            if one.subject in rows and rows[one.subject].sample in told
        }
        mine = self._remote.user
        others = [
            one for one in known if one.subject in ready and mine not in (None, rows[one.subject].reviewer)
        ]
        for one in others:
            self._failed(one, SyncError(OTHERS))
            del ready[one.subject]
        left = {one.subject for one in others}
        return self._send("reviews", "id", [one for one in known if one.subject not in left], ready)

    def revocations(self, known: Sequence[Subject]) -> list[str]:
        """Send revocations of verdicts that are there; returns the ids of those that went up.

        Raises:
            SyncUnreachableError: If the project does not answer.
        """
        rows = self._stored(revocations, revocations.c.verdict, known)
        said = self._state.of(VERDICT, rows)
        ready = {
            id_: {
                "review": id_, "project": self._project.id, "reason": row.reason,
                "at": as_utc(row.at).isoformat(),
            }
            for id_, row in rows.items()
            if id_ in said and said[id_].told is not None
        }  # fmt: skip
        return self._send("revocations", "review", known, ready)

    def _stored(self, table: Any, column: Any, known: Iterable[Subject]) -> dict[str, Any]:
        ids = [one.subject for one in known]
        return {
            getattr(row, column.name): row for row in among(self._bank.database, select(table), column, ids)
        }

    def _verdict(self, row: Any) -> dict[str, Any]:
        names = self._remote.names
        return {
            "id": row.id, "project": self._project.id, "sample": names.sample(row.sample),
            "pixels": names.pixels(row.file_digest), "reviewer": row.reviewer, "outcome": row.outcome,
            "reasons": list(row.reasons), "comment": row.comment, "plausibility": row.plausibility,
            "seconds": row.seconds, "adjudicates": row.adjudicates, "supersedes": row.supersedes,
            "at": as_utc(row.at).isoformat(),
        }  # fmt: skip

    def _send(
        self, table: str, key: str, known: Sequence[Subject], ready: Mapping[str, dict[str, Any]]
    ) -> list[str]:
        sent: list[str] = []
        for one in known:
            if one.subject not in ready:
                self._state.deliver(one)
        of = {one.subject: one for one in known}
        for part in chunks([one.subject for one in known if one.subject in ready], AT_ONCE):
            held = self._held(table, key, part)
            for id_, row in held.items():
                self._found_there(of[id_], table, ready[id_], row, ELSEWHERE)
            new = [of[id_] for id_ in part if id_ not in held]
            sent += self._insert(table, key, new, ready)
        return sent

    def _held(self, table: str, key: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Those that the project has already, from whomever; they are never changed."""
        columns = ",".join((key, *COMPARED[table]))
        rows = self._remote.rows(
            f"look at the {table}",
            lambda client: (
                client.table(table).select(columns).eq("project", self._project.id).in_(key, list(ids))
            ),
        )
        return {str(row[key]): row for row in rows}

    def _found_there(
        self, one: Subject, table: str, mine: Mapping[str, Any], theirs: Mapping[str, Any], told: str
    ) -> bool:
        """Whether what the project holds is what was to be sent; set aside if not."""
        if any(mine[name] != theirs[name] for name in COMPARED[table]):
            self._failed(one, SyncConflictError(ANOTHER))
            return False
        self._mark(one, told)
        return True

    def _insert(
        self, table: str, key: str, new: Sequence[Subject], ready: Mapping[str, dict[str, Any]]
    ) -> list[str]:
        """Send several at once; where the project refuses one of them, each alone."""
        if not new:
            return []
        rows = [ready[one.subject] for one in new]
        try:
            self._remote.rows(
                f"send {table}",
                lambda client: (
                    client.table(table)
                    .upsert(rows, on_conflict=f"project,{key}", ignore_duplicates=True, returning="minimal")  # type: ignore[arg-type]
                ),
            )  # fmt: skip
            held = self._held(table, key, [one.subject for one in new])
        except SyncUnreachableError:
            raise
        except SyncError as problem:
            if len(new) > 1:
                return [id_ for one in new for id_ in self._insert(table, key, [one], ready)]
            self._failed(new[0], problem)
            return []
        return [
            one.subject
            for one in new
            if self._found_there(one, table, ready[one.subject], held[one.subject], SENT)
        ]

    def _mark(self, known: Subject, told: str) -> None:
        self._state.telling(replace(known, told=told, told_event=known.event))
        self._state.deliver(known, answer=told)
        if known.kind == VERDICT:
            self._state.again(REVOCATION, [known.subject])


def verdicts_on(bank: SampleBank, digest: str) -> list[str]:
    """Ids of all verdicts on a sample."""
    query = select(verdicts.c.id).where(verdicts.c.sample == digest)
    with bank.database.reading() as connection:
        return list(connection.execute(query).scalars())
