"""What of painted real images may go to a project: what its owner and the bank's user both consented to."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.consent import has_consent, note_consent
from medsynth_aug.errors import ConsentError, SyncAccessError
from medsynth_supabase.project.project import Project
from medsynth_supabase.project.remote import Remote

RECORDS, PIXELS = "real_records_may_leave", "real_pixels_may_leave"
"""Names of the two consents, as the bank notes them."""

_COLUMNS = {RECORDS: "real_records_consent_at", PIXELS: "real_pixels_consent_at"}


def place_of(remote: Remote, project: Project) -> str:
    """The place that the bank notes consents for."""
    return f"supabase:{remote.settings.host}/{project.id}"


def with_consents(
    remote: Remote, project: Project, bank: SampleBank, *, records: bool = False, pixels: bool = False
) -> Project:
    """The project, with those consents that both its owner and this bank's user gave.

    Args:
        remote: Where it lies.
        project: As it stands there.
        bank: Notes what its user consents to.
        records: The user consents now that records of painted real images go there.
        pixels: And that their pixels do.

    Raises:
        ConsentError: If pixels may go and records may not.
        SyncAccessError: If a consent that is given now cannot be recorded in the project.
        SyncError: If the project cannot be changed; its kinds.
    """
    place, given = place_of(remote, project), {RECORDS: records, PIXELS: pixels}
    noted = {name: now or has_consent(bank, name, place) for name, now in given.items()}
    if noted[PIXELS] and not noted[RECORDS]:
        raise ConsentError(
            "the pixels of painted real images go nowhere without their records; consent to both with "
            "--real-records-may-leave --real-pixels-may-leave, or to the records alone"
        )
    there = {RECORDS: project.real_records, PIXELS: project.real_pixels}
    for name, now in given.items():
        if now:
            note_consent(bank, name, place)
            there[name] = there[name] or _consented(remote, project, name)
    return Project(
        id=project.id, name=project.name, is_public=project.is_public,
        real_records=noted[RECORDS] and there[RECORDS], real_pixels=noted[PIXELS] and there[PIXELS],
    )  # fmt: skip


def as_consented_now(remote: Remote, project: Project) -> Project:
    """The project, without those consents that its owner took back since it was opened.

    Args:
        remote: Where it lies.
        project: With the consents that both sides gave; without any, nothing is asked.

    Raises:
        SyncError: If it cannot be read; its kinds.
    """
    if not (project.real_records or project.real_pixels):
        return project
    columns = ",".join(_COLUMNS.values())
    rows = remote.rows(
        "read the consents", lambda client: client.table("projects").select(columns).eq("id", project.id)
    )
    there = {name for row in rows for name, column in _COLUMNS.items() if row[column] is not None}
    return replace(
        project, real_records=project.real_records and RECORDS in there,
        real_pixels=project.real_pixels and PIXELS in there,
    )  # fmt: skip


def _consented(remote: Remote, project: Project, name: str) -> bool:
    """Record a consent in the project, which takes the key of the service role."""
    at = {_COLUMNS[name]: datetime.now(UTC).isoformat()}
    changed: Any = []
    with suppress(SyncAccessError):
        changed = remote.rows(
            "record the consent",
            lambda client: client.table("projects").update(at).eq("id", project.id),
        )
    if not changed:
        raise SyncAccessError(
            f"the owner of project {project.name!r} has not recorded that {name}; run this once with the key "
            "of the service role"
        )
    return True
