"""The reviews and revocations of a project, read by their numbers a page at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from medsynth_supabase.project.remote import Remote

PAGE = 500
"""Rows asked for at a time; a project gives at most a thousand unless it is set otherwise."""

COLUMNS = {
    "reviews": (
        "id,seq,sample,pixels,reviewer,outcome,reasons,comment,plausibility,seconds,adjudicates,supersedes,"
        "recorded_by,at,created_at"
    ),
    "revocations": "review,seq,reason,recorded_by,at,created_at",
}


class Feeds:
    """What a project's reviews are read from.

    Args:
        remote: Where the project lies.
        project: Its id.
    """

    def __init__(self, remote: Remote, project: str) -> None:
        self._remote, self._project = remote, project

    def rows_after(self, table: str, seq: int) -> Sequence[Mapping[str, Any]]:
        """The next rows of `reviews` or `revocations`, by `seq`; none if there are no more.

        Raises:
            SyncError: One of its kinds.
        """
        found: Sequence[Mapping[str, Any]] = self._remote.rows(
            f"read the {table}",
            lambda client: (
                client.table(table).select(COLUMNS[table]).eq("project", self._project)
                .gt("seq", seq).order("seq").limit(PAGE)
            ),
        )  # fmt: skip
        return found
