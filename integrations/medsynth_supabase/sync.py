"""A bank and a project of Supabase, kept together."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import renew_identity
from medsynth_aug.corpus import Gate, Gatekeeper
from medsynth_supabase.project.consents import with_consents
from medsynth_supabase.project.objects import ORPHANED_AFTER, Objects
from medsynth_supabase.project.project import Project, open_project
from medsynth_supabase.project.remote import Remote
from medsynth_supabase.project.settings import SyncSettings
from medsynth_supabase.pushing.desired import SILENT, Desires
from medsynth_supabase.pushing.push import Pusher
from medsynth_supabase.pushing.report import PushReport
from medsynth_supabase.state.state import SyncState
from medsynth_supabase.watching.readiness import ReadiedGate

if TYPE_CHECKING:
    from medsynth_supabase.pulling.pull import Puller
    from medsynth_supabase.pulling.report import PullReport
    from medsynth_supabase.watching.listening import Listener


class SupabaseSync:
    """Keeps a project at Supabase at what a bank holds: approved virtual patients, and what else is wanted.

    Nothing is sent before the first call. Every call may be repeated, killed and run on several machines.

    Args:
        bank: The bank.
        settings: Where the project lies and who signs in.
        gate: Decides which approved images other people may see; by default the publish gate for images that
            the starter made.
        for_review: Send pending images of virtual patients too, for the project's reviewers. None, here and
            in the next two, goes on as was said last for this bank and project; at first that is no.
        reviews: Send verdicts and revocations.
        runs: Send the progress of runs.
        real_records_may_leave: Consent that records of approved painted *real* images go to this project;
            needed once, noted in the bank and in the project.
        real_pixels_may_leave: The same for their pixels.
        create: Make the project if there is none; it takes the key of the service role.
        progress: Show a progress bar on standard error.
    """

    def __init__(
        self, bank: SampleBank, settings: SyncSettings, *, gate: Gate | None = None,
        for_review: bool | None = None, reviews: bool | None = None, runs: bool | None = None,
        real_records_may_leave: bool = False, real_pixels_may_leave: bool = False, create: bool = False,
        progress: bool = False,
    ) -> None:  # fmt: skip
        self.bank, self.settings, self.remote = bank, settings, Remote(settings)
        self.gate = ReadiedGate(gate or Gatekeeper(bank, progress=False))
        self._asked = {"for_review": for_review, "reviews": reviews, "runs": runs}
        self._records, self._pixels = real_records_may_leave, real_pixels_may_leave
        self._create, self._progress = create, progress

    def __repr__(self) -> str:
        return f"SupabaseSync({self.bank!r}, {self.settings.host!r})"

    @cached_property
    def project(self) -> Project:
        """The project, opened at the first use.

        Raises:
            SettingError: If there is none, or it has another key.
            ConsentError: If a consent is asked for that another one must come with.
            SyncError: If it cannot be reached or refuses; its kinds.
        """
        found = open_project(self.remote, self.settings.project, create=self._create)
        return with_consents(self.remote, found, self.bank, records=self._records, pixels=self._pixels)

    @cached_property
    def state(self) -> SyncState:
        """What is known of the project on this machine, and what it shall hold from now on."""
        state = SyncState(self.bank.path, self.project.id)
        state.wish(self._asked)
        return state

    @property
    def remembered(self) -> list[str]:
        """Which of `for_review`, `reviews` and `runs` hold because they were asked for an earlier time.

        Raises:
            SyncError: If the project or the state cannot be opened; its kinds.
        """
        return [name for name, holds in self.state.wishes.items() if holds and self._asked[name] is None]

    def may_publish(self) -> bool:
        """Whether the user who signs in is a publisher of the project; a key without a user counts as one.

        Raises:
            SyncError: If the project cannot be read; its kinds.
        """
        if self.settings.email is None:
            return True
        self.remote.sign_in()
        rows = self.remote.rows(
            "read the user's roles",
            lambda client: (
                client.table("project_members").select("role").eq("project", self.project.id)
                .eq("user_id", self.remote.user).eq("role", "publisher")
            ),
        )  # fmt: skip
        return bool(rows)

    def push(self, *, aside: bool = True) -> PushReport:
        """Bring up what happened in the bank since the last time.

        Args:
            aside: Look again at what could not be delivered before, too.

        Raises:
            SyncUnreachableError: If the project does not answer; what was delivered counts, and the next push
                goes on.
            ForkedBankError: If the bank was restored, or a copy of it was synced; nothing was sent.
            SyncError: If it does not accept the key or the user.
            BankError: If the bank cannot be read.
        """
        return self._pusher.push(aside=aside)

    def renew_identity(self) -> str:
        """Make the bank one of its own, after it was copied or restored; returns its new id.

        The next push tells every project all of it anew. What the bank said under its old id stays said: of
        several words on a sample the most cautious one counts.

        Raises:
            BankError: If the bank cannot be written.
        """
        return renew_identity(self.bank)

    def pull(self) -> "PullReport":
        """Bring in the reviews that were given elsewhere; what they come to is decided here.

        Raises:
            SyncError: If the project cannot be read; its kinds.
            BankError: If the bank cannot be written.
        """
        from medsynth_supabase.pulling.feeds import Feeds

        return self._puller.pull(Feeds(self.remote, self.project.id))

    def watch(
        self, stop: threading.Event | None = None, *, pulling: bool = True, progress: bool = True
    ) -> None:
        """Push and pull until stopped, with Ctrl-C for example.

        A gate that takes long for its first answer is made ready meanwhile; what is approved before waits.

        Args:
            stop: Ends it when set.
            pulling: Whether reviews are brought in.
            progress: Show a line of status on standard error.

        Raises:
            SyncError: If the project refuses what is asked.
        """
        from medsynth_supabase.watching.watch import watch

        self.project  # noqa: B018 - a wrong key or name ends it before it begins
        with self.gate.made_ready():
            watch(self, stop, pulling=pulling, progress=progress)

    def held_up(self) -> list[str]:
        """Why approved images wait for a gate that does not answer, one reason an image."""
        problems = [one.problem or "" for one in self.state.aside()]
        return [one.removeprefix(f"{SILENT}: ") for one in problems if one.startswith(SILENT)]

    def sweep(self, *, older_than: timedelta = ORPHANED_AFTER) -> list[str]:
        """Remove objects of the project that no row names; returns their paths.

        A request that arrives late can leave one. Objects come before their rows, so young ones are left.

        Args:
            older_than: How old an object must be.

        Raises:
            SyncError: If the project does not answer or refuses; its kinds.
        """
        objects = Objects(self.remote, self.project.id)
        orphans = objects.orphans(self._named, older_than)
        objects.remove(orphans)
        return orphans

    def listener(self, heard: Callable[[], None]) -> "Listener":
        """Hears of reviews that are written to the project.

        Args:
            heard: Called at each.
        """
        from medsynth_supabase.watching.listening import Listener

        return Listener(
            url=self.settings.url, key=self.settings.key, project=self.project.id, heard=heard,
            token=self.remote.fresh_token,
        )  # fmt: skip

    def close(self) -> None:
        """Close the connections."""
        self.remote.close()

    @property
    def _pusher(self) -> Pusher:
        """One for each push: another process may have been asked for something else meanwhile."""
        project, wishes = self.project, self.state.wishes
        options = {
            "for_review": wishes["for_review"], "real_records": project.real_records,
            "real_pixels": project.real_pixels,
        }  # fmt: skip
        return Pusher(
            self.bank, self.remote, project, self.state, Desires(self.bank, self.gate, **options),
            options=options, reviews=wishes["reviews"], runs=wishes["runs"], progress=self._progress,
        )  # fmt: skip

    @cached_property
    def _puller(self) -> "Puller":
        from medsynth_supabase.pulling.inbox import Inbox
        from medsynth_supabase.pulling.pull import Puller

        return Puller(self.bank, self.remote.names, Inbox(self.state))

    def _named(self) -> set[str]:
        """Paths that the project's rows name."""
        rows = self.remote.pages(
            "read what the rows name",
            lambda client: (
                client.table("samples").select("object,findings").eq("project", self.project.id)
                .not_.is_("object", "null").order("name")
            ),
        )  # fmt: skip
        return {path for row in rows for path in (row["object"], *(one["mask"] for one in row["findings"]))}
