"""What tests of a sync ask of both sides: the sync, the rows, the objects, and all that was sent."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_supabase import Names, SupabaseSync, SyncSettings
from tests.supabase.gateway.exchange import Call
from tests.supabase.gateway.faults import Fault, Faults
from tests.supabase.gateway.project import Project
from tests.supabase.material import MeasuredGate

QUICK = {"attempts": 4, "pause_s": 0.02, "longest_pause_s": 0.1, "timeout_s": 5.0}
"""Pauses that a test can wait for."""


def settings_of(at: Project, role: str = "publisher", **changed: Any) -> SyncSettings:
    """The settings of a user of the project, or of the service role, with short pauses."""
    return replace(SyncSettings.from_environment(at.environment(role)), **(QUICK | changed))


@contextmanager
def syncing(
    bank: SampleBank, project: Project, role: str = "publisher", *, changed: dict[str, Any] | None = None,
    **options: Any,
) -> Iterator[SupabaseSync]:  # fmt: skip
    """A sync of a bank with a project, with a gate that measured everything unless another one is given."""
    options = {"gate": MeasuredGate(bank)} | options
    sync = SupabaseSync(bank, settings_of(project, role, **(changed or {})), **options)
    try:
        yield sync
    finally:
        sync.close()


def statuses(project: Project) -> dict[str, str]:
    """Status of each sample of the project, by name."""
    rows = project.rows("select name, status from public.samples where project = %s", project.id)
    return {row["name"]: row["status"] for row in rows}


def expected(project: Project, **states: list[str]) -> dict[str, str]:
    """Status by name of samples that are given by digest and status."""
    names = Names(project.key)
    return {names.sample(digest): status for status, digests in states.items() for digest in digests}


def row_of(project: Project, digest: str) -> dict[str, Any]:
    """The row of a sample."""
    name = Names(project.key).sample(digest)
    query = "select * from public.samples where project = %s and name = %s"
    (row,) = project.rows(query, project.id, name)
    return row


def objects(project: Project) -> set[str]:
    """Paths of the project's objects."""
    query = "select name from storage.objects where bucket_id = 'medsynth' and name like %s"
    return {row["name"] for row in project.rows(query, f"{project.id}/%")}


def named(project: Project) -> set[str]:
    """Paths that rows of the project name."""
    rows = project.rows("select object, findings from public.samples where project = %s", project.id)
    return {
        path
        for row in rows
        for path in (row["object"], *(one["mask"] for one in row["findings"] or ()))
        if path is not None
    }


def feed(project: Project) -> Counter[tuple[str, str]]:
    """How often the feed tells of each status of each sample."""
    query = "select subject, status from public.events where project = %s and kind = 'sample'"
    return Counter((row["subject"], row["status"]) for row in project.rows(query, project.id))


def content(project: Project, path: str, role: str = "service_role") -> bytes:
    """An object, as somebody gets it."""
    with project.client(role) as client:
        return client.storage.from_("medsynth").download(path)


class Recorder(Faults):
    """Nothing goes wrong, and every request is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def _drawn(self, said: str, cut: bool) -> Fault | None:
        return None

    def for_request(self, call: Call) -> Fault | None:
        self.calls.append(call)
        return super().for_request(call)

    @property
    def text(self) -> str:
        """Everything that was sent."""
        parts = []
        for call in self.calls:
            headers = "\n".join(f"{name}: {value}" for name, value in call.headers.items())
            parts.append(f"{call} {call.query}\n{headers}\n{call.body.decode('latin-1')}")
        return "\n".join(parts)

    def count(self, pattern: str) -> int:
        """How many requests match, as "METHOD /path"."""
        return sum(re.search(pattern, str(call)) is not None for call in self.calls)
