"""Share what a project holds as a corpus: a named list of its approved virtual samples, in revisions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from medsynth_aug.errors import SettingError, SyncError
from medsynth_supabase.project.answers import Answer

if TYPE_CHECKING:
    from medsynth_supabase.sync import SupabaseSync

TRIES = 3
"""How often the list is made anew because a sample was taken back while it was made."""

_DOING = "share the corpus"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCorpus:
    """A corpus as the project holds it.

    Args:
        name: Of the corpus.
        revision: Counts from 1; the same samples as in the newest one are that one.
        samples: How many it lists.
    """

    name: str
    revision: int
    samples: int


def share_corpus(sync: "SupabaseSync", name: str, published_as: str | None = None) -> SharedCorpus:
    """List the approved virtual samples of the project, whichever machine brought them, as a corpus.

    What happened in the bank goes up first, so that a sample that was taken back here is not listed. A list
    that differs from the newest revision is the next one; earlier revisions stay.

    Args:
        sync: Bank and project.
        name: Of the corpus, up to 200 characters.
        published_as: Where the same corpus can be loaded from, such as the name of a data set on the Hub.

    Raises:
        SettingError: If the name is empty or too long, or the project holds no approved virtual sample.
        SyncError: One of its kinds.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= 200:
        raise SettingError(
            f"the name of a corpus has 1 to 200 characters, this one {len(name)}; choose another"
        )
    sync.push()
    for again in range(TRIES, 0, -1):
        names = _approved(sync)
        if not names:
            raise SettingError(
                "the project holds no approved virtual sample; approve some and sync before you share it"
            )
        asked = {
            "p_project": sync.project.id, "p_name": name, "p_samples": names, "p_published_as": published_as,
        }  # fmt: skip
        try:
            revision = sync.remote.rows(_DOING, lambda client: client.rpc("put_corpus", asked))  # noqa: B023
            return SharedCorpus(name=name, revision=int(revision), samples=len(names))
        except SyncError as problem:
            answer = problem.__cause__
            if again == 1 or not isinstance(answer, Answer) or _approved(sync) == names:
                raise
    raise AssertionError("the last try returns or raises")


def _approved(sync: "SupabaseSync") -> list[str]:
    """Names of the approved virtual samples of the project, sorted."""
    found = sync.remote.pages(
        "list the approved samples",
        lambda client: (
            client.table("samples").select("name").eq("project", sync.project.id)
            .eq("status", "approved").eq("virtual", "true").order("name")
        ),
    )  # fmt: skip
    return sorted(str(row["name"]) for row in found)
