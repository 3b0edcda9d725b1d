"""What of a bank is to be looked at beside what its events name: families, changed options, others' words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import former_identities
from medsynth_aug.bank.lookups import chunks
from medsynth_aug.corpus import PatientStore
from medsynth_aug.review.regenerating import children_of
from medsynth_supabase.project.project import Project
from medsynth_supabase.project.remote import Remote
from medsynth_supabase.pushing.desired import FORMERLY, WITH_IMAGE
from medsynth_supabase.state.state import SyncState
from medsynth_supabase.state.subject import PATIENT, RUN, SAMPLE

SLACK = timedelta(minutes=10)
"""How much later than its time says a row may be seen."""

AT_ONCE = 50
"""Names in one question: they stand in the address of a request."""


class Lookout:
    """Marks samples of a bank that are to be looked at.

    Args:
        bank: Holds the samples.
        remote: Where the project lies.
        project: Which it is.
        state: Where they are marked.
        origin: Id of the bank.
    """

    def __init__(
        self, bank: SampleBank, remote: Remote, project: Project, state: SyncState, origin: str
    ) -> None:
        self._bank, self._remote, self._project = bank, remote, project
        self._state, self._origin = state, origin

    def adopt(self) -> None:
        """Where the state is new, take over what this bank told the project before, under other ids too."""
        if self._state.note("adopted"):
            return
        former = former_identities(self._bank)
        origins = [*former, self._origin]
        rows = self._remote.pages(
            "read what this bank told the project",
            lambda client: (
                client.table("sample_states").select("name,origin,state,event")
                .eq("project", self._project.id).in_("origin", origins).order("name").order("origin")
            ),
        )  # fmt: skip
        if rows:
            names = {self._remote.names.sample(one.subject): one.subject for one in self._state.all(SAMPLE)}
            held = {names[row["name"]]: (FORMERLY, 0) for row in rows if row["name"] in names}
            own = [row for row in rows if row["origin"] == self._origin and row["name"] in names]
            held |= {names[row["name"]]: (row["state"], row["event"]) for row in own}
            self._state.adopt(SAMPLE, held)
        if former:
            self._leave_runs(former)
        self._state.set_note("adopted", True)

    def _leave_runs(self, former: Sequence[str]) -> None:
        """Leave runs as they were told under other ids: a run stays its bank's."""
        rows = self._remote.pages(
            "read which runs this bank told",
            lambda client: (
                client.table("runs").select("id").eq("project", self._project.id).in_("origin", former)
                .order("id")
            ),
        )  # fmt: skip
        for known in self._state.of(RUN, [row["id"] for row in rows]).values():
            self._state.deliver(known)

    def look_at_options(self, options: Mapping[str, bool]) -> None:
        """Where the options differ from those of the last push, have every sample looked at."""
        if self._state.note("options") != dict(options):
            self._state.again_all(SAMPLE)
            self._state.set_note("options", dict(options))

    def spread(self) -> None:
        """Have all images of a virtual patient looked at where there is news of one of them."""
        store = PatientStore(self._bank)
        for known in self._state.outstanding(PATIENT):
            images = store.as_recorded(known.subject).images if known.subject in store else ()
            links = {digest for image in images for digest in image.chain}
            self._state.touch({(SAMPLE, digest): known.event for digest in links})
            self._state.deliver(known)
        news = [one for one in self._state.outstanding(SAMPLE) if one.problem is None]
        owners = {one.subject: one.patient or store.of_sample(one.subject) for one in news}
        shows = {digest: owner for digest, owner in owners.items() if owner is not None}
        self._state.shows({one.subject: shows[one.subject] for one in news if one.subject in shows})
        self._state.again(SAMPLE, (one.subject for one in self._state.of_patients(set(shows.values()))))
        left = [one.subject for one in news]
        while left := [one for made in children_of(self._bank.database, left).values() for one in made]:
            self._state.again(SAMPLE, left)  # whom they show depends on what they were made in place of

    def look_at_taken_back(self) -> None:
        """Have images sent anew that another bank took back and let go since: their objects were removed."""
        latest = self._state.note("taken_back_until")
        rows = self._remote.pages("look at what was taken back", partial(self._taken_back, latest))
        own = {
            self._remote.names.sample(one.subject): one.subject
            for one in (self._state.told(SAMPLE, *WITH_IMAGE) if rows else ())
        }
        for part in chunks([row["name"] for row in rows if row["name"] in own], AT_ONCE):
            others = self._remote.rows("ask who took it back", partial(self._by_others, part))
            overruled = {row["name"] for row in others}
            self._state.lost(SAMPLE, [own[name] for name in part if name not in overruled])
        if rows:
            self._state.set_note("taken_back_until", max(row["updated_at"] for row in rows))

    def _taken_back(self, latest: str | None, client: Any) -> Any:
        asked = (
            client.table("samples").select("name,updated_at").eq("project", self._project.id)
            .in_("status", ["rejected", "withdrawn"]).order("name")
        )  # fmt: skip
        if latest is None:
            return asked
        return asked.gte("updated_at", (datetime.fromisoformat(latest) - SLACK).isoformat())

    def _by_others(self, names: Sequence[str], client: Any) -> Any:
        return (
            client.table("sample_states").select("name").eq("project", self._project.id)
            .neq("origin", self._origin).in_("state", ["rejected", "withdrawn"]).in_("name", list(names))
        )  # fmt: skip
