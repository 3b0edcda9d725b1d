"""Open or create a project, and see that it is the key's."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from medsynth_aug.errors import SettingError, SyncConflictError
from medsynth_supabase.project.remote import Remote

_COLUMNS = "id,name,is_public,key_check,real_records_consent_at,real_pixels_consent_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as it stands at Supabase.

    Args:
        id: Global id.
        name: Unique in the Supabase project.
        is_public: Whether everybody sees what is approved.
        real_records: Whether its owner consents that it holds records of painted real images.
        real_pixels: Whether its owner consents that it holds their pixels.
    """

    id: str
    name: str
    is_public: bool = False
    real_records: bool = False
    real_pixels: bool = False


def open_project(remote: Remote, name: str | None = None, *, create: bool = False) -> Project:
    """The project of that name whose key is the one at hand.

    Args:
        remote: Where it lies.
        name: Its name; None takes the one that the key belongs to.
        create: Make it if there is none; only the key of the service role may.

    Raises:
        SettingError: If there is none, several are the key's, or it has another key.
        SyncError: If it cannot be read or made; its kinds.
    """
    found = _rows(remote, name)
    if not found and create:
        found = _made(remote, name)
    own = [row for row in found if remote.names.check(row["id"]) == row["key_check"]]
    if len(own) == 1:
        return _project(own[0])
    if own:
        names = ", ".join(sorted(row["name"] for row in own))
        raise SettingError(f"the key belongs to several projects; say which with --project: {names}")
    if found and name is not None:
        raise SettingError(
            f"project {name!r} has another key than MEDSYNTH_PROJECT_KEY; set the one that its other "
            "machines have, else the same sample would have two names"
        )
    which = "no project of that key" if name is None else f"no project {name!r}"
    raise SettingError(
        f"there is {which} at {remote.settings.host}, or this user is no member; make it with --create and "
        "the key of the service role"
    )


def _rows(remote: Remote, name: str | None) -> list[Any]:
    def ask(client: Any) -> Any:
        found = client.table("projects").select(_COLUMNS)
        return (found if name is None else found.eq("name", name)).order("id")

    return remote.pages("open the project", ask)


def _made(remote: Remote, name: str | None) -> list[Any]:
    if name is None:
        raise SettingError("a new project needs a name; give it with --project NAME")
    id_ = str(uuid.uuid4())
    row = {"id": id_, "name": name, "key_check": remote.names.check(id_)}
    with suppress(SyncConflictError):  # somebody, or an earlier try, made it meanwhile
        remote.rows("make the project", lambda client: client.table("projects").insert(row))
    return _rows(remote, name)


def _project(row: Any) -> Project:
    return Project(
        id=row["id"], name=row["name"], is_public=row["is_public"],
        real_records=row["real_records_consent_at"] is not None,
        real_pixels=row["real_pixels_consent_at"] is not None,
    )  # fmt: skip
