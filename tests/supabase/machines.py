"""A machine of a project: a bank of virtual patients, its readers, and its way to the project."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.review import Reviewer, ReviewStore
from medsynth_supabase import SupabaseSync, SyncSettings
from medsynth_supabase.project.naming import Names
from tests.supabase.gateway.project import Project
from tests.supabase.material import MeasuredGate, images_of, make_patients

QUICK = {"timeout_s": 5.0, "attempts": 8, "pause_s": 0.02, "longest_pause_s": 0.1}
"""For a network that fails on purpose and heals at once."""


@dataclass
class Machine:
    """A bank, and who works on it.

    Args:
        bank: Its bank.
        project: What it syncs with.
        role: As whom: "publisher" or "service_role".
        sends: Options of the sync.
    """

    bank: SampleBank
    project: Project
    role: str = "service_role"
    sends: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reviews = ReviewStore(self.bank)
        self.names = Names(self.project.key)
        self._syncs = list[SupabaseSync]()
        self.sync = self.new_sync()

    def new_sync(self, **changes: Any) -> SupabaseSync:
        """Another sync of this machine, as another process would have it."""
        settings = SyncSettings.from_environment(
            self.project.environment(self.role), project=self.project.name
        )
        settings = replace(settings, **{**QUICK, **changes})
        self._syncs.append(SupabaseSync(self.bank, settings, gate=MeasuredGate(self.bank), **self.sends))
        return self._syncs[-1]

    def close(self) -> None:
        for one in self._syncs:
            one.close()
        self.bank.close()

    def shown(self) -> list[str]:
        """The images of all patients, as they stand."""
        return images_of(self.bank)

    def state(self, digest: str) -> str:
        return self.reviews.decision(digest).state

    def enrol(self, name: str, user: str | None = None, *, senior: bool = False) -> Reviewer:
        """A reader; `user` is the role whose user of the project it is."""
        identity = None if user is None else self.project.users[user].id
        return self.reviews.enrol(name, senior=senior, id=identity)

    def seen(self, digest: str) -> dict[str, str]:
        """How the project names a sample and its stored pixels."""
        pixels = self.names.pixels(self.reviews.file_digest(digest))
        return {"sample": self.names.sample(digest), "pixels": pixels}


class Machines:
    """Makes machines, each with a bank of its own, and closes them with the block.

    Args:
        folder: Holds the banks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.all = folder, list[Machine]()

    def __enter__(self) -> "Machines":
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.all:
            one.close()

    def __call__(self, project: Project, patients: int = 2, *, first: int = 0, **given: Any) -> Machine:
        """A machine with some patients of its own."""
        bank = SampleBank(self._folder / f"bank-{len(self.all)}")
        if patients:
            make_patients(bank, patients, first=first)
        return self.of(bank, project, **given)

    def of(self, bank: SampleBank, project: Project, **given: Any) -> Machine:
        """A machine with a bank that is there already."""
        self.all.append(Machine(bank, project, **given))
        return self.all[-1]


def review_row(project: Project, reviewer: str, seen: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A row of `reviews`: an approval of what was seen, unless it is changed."""
    return {
        "id": str(uuid.uuid4()), "project": project.id, "reviewer": reviewer, "outcome": "approve",
        "reasons": [], "comment": "", "plausibility": 4, "seconds": 3.5, "adjudicates": False,
        "supersedes": None, "at": datetime.now(UTC).isoformat(), **seen, **changes,
    }  # fmt: skip


def insert(project: Project, table: str, *rows: dict[str, Any], role: str = "service_role") -> None:
    """Write rows as somebody of the project."""
    with project.client(role) as client:
        client.table(table).insert(list(rows)).execute()
