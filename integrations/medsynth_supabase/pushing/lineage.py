"""See that a project's news of a bank come from one line of it: a copy and a restored bank are told."""

import threading
from datetime import UTC, datetime
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import Event, events_after, identity_of, last_event
from medsynth_aug.bank.schema import events
from medsynth_aug.errors import ForkedBankError
from medsynth_aug.synthesis.digest import canonical_json
from medsynth_supabase.project.project import Project
from medsynth_supabase.project.remote import Remote
from medsynth_supabase.state.intake import LOOK_AGAIN
from medsynth_supabase.state.state import SyncState

HEAD = "head"
"""Name of the note that says which event the project was last known to stand at."""

COMPARING = "compare the bank with what is known of it"
"""What is being done, for messages."""


class Lineage:
    """The line of events of one bank that a project follows; several threads may use one.

    The project keeps the number and the fingerprint of an event, its head, which moves on like a branch of
    git: only to whoever holds the event at which it stands. No number above it is told, so that two banks of
    one id never tell different news under one number.

    Args:
        bank: Whose events.
        remote: Where the project lies.
        project: Which it is.
        state: Remembers the head; begun anew where the bank has another id than before.
    """

    def __init__(self, bank: SampleBank, remote: Remote, project: Project, state: SyncState) -> None:
        self._bank, self._remote, self._project, self._state = bank, remote, project, state
        self._turn, self.origin = threading.Lock(), identity_of(bank)
        state.belong(self.origin)

    def advance(self) -> int:
        """Move the head on to the last event of the bank that can be seen; returns its number.

        Processes that sync one bank at a time each find what the other one moved it on to in their bank.

        Raises:
            ForkedBankError: If the bank does not hold the event at which the head stands.
            SyncError: If the project does not answer or refuses; its kinds.
            BankError: If the bank cannot be read.
        """
        with self._turn:
            noted: int = self._state.note(HEAD, 0)
            known = self._fingerprint(noted)
            while (last := last_event(self._bank)) is not None:
                head = (self._stands() if last.id == noted else None) or self._moved(known, last)
                known = self._fingerprint(head["event"])
                if known != head["fingerprint"]:
                    raise self._forked(head["event"])
                if head["event"] == last.id:
                    self._state.set_note(HEAD, last.id)
                    return last.id
            return 0

    def next_number(self, digest: str) -> int:
        """The number of a new event in the bank, which says that a sample is looked at again.

        Raises:
            ForkedBankError: If a copy of the bank was synced meanwhile.
            SyncError: If the project does not answer or refuses; its kinds.
            BankError: If the bank cannot be written.
        """
        row = {"kind": LOOK_AGAIN, "subject": digest, "at": datetime.now(UTC)}
        number: int = self._bank.database.transact(
            lambda connection: connection.execute(
                events.insert().values(**row).returning(events.c.id)
            ).scalar_one()
        )
        self.advance()
        return number

    def _stands(self) -> dict[str, Any] | None:
        """The head, if there is one."""
        rows = self._remote.rows(
            COMPARING,
            lambda client: (
                client.table("banks").select("event,fingerprint").eq("project", self._project.id)
                .eq("origin", self.origin)
            ),
        )  # fmt: skip
        return rows[0] if rows else None

    def _moved(self, known: str | None, last: Event) -> dict[str, Any]:
        """The head, after it was moved from an event to another if it stood there."""
        asked = {
            "p_project": self._project.id, "p_origin": self.origin, "p_known": known, "p_event": last.id,
            "p_fingerprint": self._named(last),
        }  # fmt: skip
        head: dict[str, Any] = self._remote.rows(COMPARING, lambda client: client.rpc("advance_bank", asked))
        return head

    def _forked(self, number: int) -> ForkedBankError:
        return ForkedBankError(
            f"project {self._project.name!r} heard news of this bank up to an event {number} that "
            f"{self._bank.path} does not hold: the bank was restored from an older state, or is a copy of "
            "one that went on. Nothing was sent; sync the one that went on, or give this one an identity of "
            f"its own with `medsynth sync --bank {self._bank.path} --new-identity`"
        )

    def _fingerprint(self, number: int) -> str | None:
        """Of the bank's own event of a number; None if it has none."""
        found = events_after(self._bank, number - 1, limit=1)
        return self._named(found[0]) if found and found[0].id == number else None

    def _named(self, event: Event) -> str:
        text = canonical_json([event.kind, event.subject, event.at.isoformat(timespec="microseconds")])
        return self._remote.names.event(event.id, text)
