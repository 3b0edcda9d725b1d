"""Make a project hold of one sample what it should: objects first and the row last, or the row first away."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus.chain import Chain, follow
from medsynth_aug.errors import SyncConflictError, SyncError, SyncUnreachableError
from medsynth_supabase.project.objects import Objects, Place
from medsynth_supabase.project.png import mask_png, png_of
from medsynth_supabase.project.project import Project
from medsynth_supabase.project.remote import Remote
from medsynth_supabase.pushing.desired import WITH_IMAGE, Desired
from medsynth_supabase.pushing.lineage import Lineage
from medsynth_supabase.pushing.projection import Stored, masks_of, row_of
from medsynth_supabase.state.state import SyncState
from medsynth_supabase.state.subject import Subject

STALE = "stale"
"""What the project answers to a number that is below the last one of this bank."""

OTHER_PIXELS = (
    "another bank of the project brought other pixels for the same request, and they stay; machines that "
    "share a project must make their samples with the same engine and device, or share one bank"
)


class SampleTeller:
    """Tells a project of samples, one at a time; several threads may use one for different samples.

    Args:
        bank: Holds the samples.
        remote: Where the project lies.
        project: Which it is.
        state: Remembers what was told.
        lineage: Gives numbers of events.
    """

    def __init__(
        self, bank: SampleBank, remote: Remote, project: Project, state: SyncState, lineage: Lineage
    ) -> None:
        self._bank, self._remote, self._project = bank, remote, project
        self._state, self._lineage, self._origin = state, lineage, lineage.origin
        self._objects = Objects(remote, project.id)

    def tell(self, known: Subject, desired: Desired) -> str:
        """Make the project hold what it should; returns what it holds now, in its own words.

        The number that it is told under is the last event's, and above all that this bank used for other news
        of the sample: what arrives late or twice changes nothing. Where it is refused, no object stays that
        this bank sent and no row names; after a lost network they stay for the next try.

        Args:
            known: What it was told so far.
            desired: What it should hold; with a state.

        Raises:
            SyncError: If it does not answer, refuses, or holds something else; its kinds.
            BankError: If the bank cannot give the sample.
        """
        number = self._number(known, desired)
        try:
            return self._tell(known, desired, number)
        except SyncUnreachableError:
            raise
        except SyncError:
            self._clear(known.subject, all_of_it=False, keep=self._named(known.subject))
            self._state.held_as(known, *self._held(known.subject))
            raise

    def _tell(self, known: Subject, desired: Desired, number: int) -> str:
        assert desired.state is not None
        if desired.state in WITH_IMAGE:
            return self._show(known, desired, number)
        told = replace(known, told=desired.state, told_event=number, pixels=None)
        self._state.telling(told)
        answer = self._put(told, None)
        if answer in WITH_IMAGE:  # another bank's word counts on, and its row may name what this one sent
            self._clear(known.subject, all_of_it=False, keep=self._named(known.subject))
        else:
            self._clear(known.subject, all_of_it=answer != "forgotten")
        self._state.deliver(replace(told, objects_event=0, sha256=None), answer=answer)
        return answer

    def _show(self, known: Subject, desired: Desired, number: int) -> str:
        """Send the image and its masks, unless they are there, then the row."""
        chain = self._chain(known.subject, desired)
        name = self._remote.names.sample(known.subject)
        if known.tries:
            self._check_uncontested(name, desired)
        folder = self._objects.folder(name, real=desired.shown is None)
        place, stored = self._place(known, desired, folder, number), Stored()
        sent = place.event if desired.objects else 0
        told = replace(
            known, told=desired.state, told_event=number, pixels=desired.pixels, objects_event=sent,
            sha256=known.sha256 if sent == known.objects_event else None,
        )  # fmt: skip
        self._state.telling(told)
        if desired.objects:
            stored = self._store(chain, desired, place, told.sha256)
        assert desired.pixels is not None
        row = row_of(chain.samples, desired.shown, self._remote.names, desired.pixels, stored)
        answer = self._put(told, row)
        told = replace(told, sha256=stored.sha256)
        if answer not in WITH_IMAGE:  # another bank took it back: nobody is to see the image
            self._clear(known.subject, all_of_it=False)
            told = replace(told, objects_event=0, sha256=None)
        elif known.objects_event not in (0, sent):
            self._clear(known.subject, all_of_it=False, keep=(stored.image, *stored.masks))
        self._state.deliver(told, answer=answer)
        return answer

    def _number(self, known: Subject, desired: Desired) -> int:
        if known.event > known.told_event:
            return known.event
        same = known.told == desired.state and (
            desired.state not in WITH_IMAGE
            or (
                (known.pixels == desired.pixels or (known.pixels is None and known.unsure))
                and bool(known.objects_event) == desired.objects
            )
        )
        return known.told_event if same else self._lineage.next_number(known.subject)

    def _chain(self, digest: str, desired: Desired) -> Chain:
        chain = follow(self._bank, digest)
        if chain.problem:
            raise SyncError(chain.problem)
        if desired.shown is not None and not chain.is_virtual:
            raise SyncError("it derives from a real image, though its record does not say so")
        return chain

    def _place(self, known: Subject, desired: Desired, folder: str, number: int) -> Place:
        """Where its objects are, if all of these pixels are there already; else where they shall be."""
        before = Place(folder=folder, origin=self._origin, event=known.objects_event)
        fresh = replace(before, event=number)
        if not desired.objects or known.sha256 is None or known.pixels != desired.pixels:
            return fresh
        findings = 1 if desired.shown is None else len(desired.shown.findings)
        wanted = {before.image, *(before.mask(one) for one in range(findings))}
        return before if wanted <= set(self._objects.paths(folder)) else fresh

    def _store(self, chain: Chain, desired: Desired, place: Place, sha256: str | None) -> Stored:
        masks = masks_of(chain.samples, desired.shown)
        paths = tuple(place.mask(number) for number in range(len(masks)))
        if sha256 is None:
            sha256 = self._objects.put(place.image, png_of(chain.samples[0]))
            for path, mask in zip(paths, masks, strict=True):
                self._objects.put(path, mask_png(mask))
        return Stored(image=place.image, sha256=sha256, masks=paths)

    def _check_uncontested(self, name: str, desired: Desired) -> None:
        """Before pixels are sent once more, see whether another bank's are there.

        Raises:
            SyncConflictError: If so.
        """
        assert desired.pixels is not None
        rows = self._remote.rows(
            "look at a sample",
            lambda client: (
                client.table("samples").select("pixels").eq("project", self._project.id).eq("name", name)
            ),
        )  # fmt: skip
        others = self._remote.rows(
            "look at a sample",
            lambda client: (
                client.table("sample_states").select("origin").eq("project", self._project.id)
                .eq("name", name).neq("origin", self._origin).neq("state", "forgotten").limit(1)
            ),
        )  # fmt: skip
        if others and rows and rows[0]["pixels"] != self._remote.names.pixels(desired.pixels):
            raise SyncConflictError(OTHER_PIXELS)

    def _named(self, digest: str) -> list[str | None]:
        """Paths of the objects that the row of a sample names."""
        name = self._remote.names.sample(digest)
        rows = self._remote.rows(
            "look at a sample",
            lambda client: (
                client.table("samples").select("object,findings").eq("project", self._project.id)
                .eq("name", name)
            ),
        )  # fmt: skip
        return [path for row in rows for path in (row["object"], *(one["mask"] for one in row["findings"]))]

    def _held(self, digest: str) -> tuple[str | None, int]:
        """What the project holds of a sample from this bank, and under which number."""
        name = self._remote.names.sample(digest)
        rows = self._remote.rows(
            "look at a sample",
            lambda client: (
                client.table("sample_states").select("state,event").eq("project", self._project.id)
                .eq("name", name).eq("origin", self._origin)
            ),
        )  # fmt: skip
        return (rows[0]["state"], rows[0]["event"]) if rows else (None, 0)

    def _put(self, told: Subject, row: dict[str, Any] | None) -> str:
        named = {"name": self._remote.names.sample(told.subject)}
        asked = {
            "p_project": self._project.id, "p_origin": self._origin, "p_event": told.told_event,
            "p_state": told.told, "p_sample": named | (row or {}),
        }  # fmt: skip
        try:
            answer = self._remote.rows("write a sample", lambda client: client.rpc("put_sample", asked))
        except SyncConflictError:
            raise SyncConflictError(OTHER_PIXELS) from None
        if answer == STALE:
            raise SyncError(
                f"the project knows later news of it from this bank than event {told.told_event}: another "
                "machine of the bank sent them meanwhile; the next sync looks at it again"
            )
        return str(answer)

    def _clear(self, digest: str, *, all_of_it: bool, keep: Sequence[str | None] = ()) -> None:
        """Remove the objects of a sample: all, or those that this bank sent, but for some."""
        name = self._remote.names.sample(digest)
        for folder in (self._objects.folder(name), self._objects.folder(name, real=True)):
            own = Place(folder=folder, origin=self._origin, event=0)
            held = [path for path in self._objects.paths(folder) if all_of_it or own.is_own(path)]
            doomed = [path for path in held if path not in keep]
            if doomed:
                self._objects.remove(doomed)
