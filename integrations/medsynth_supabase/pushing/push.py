"""Bring a project up to what a bank holds: every subject with news, each so that once is enough."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from filelock import FileLock
from tqdm.auto import tqdm

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import (
    BankError,
    BankUnreachableError,
    ForkedBankError,
    SyncAccessError,
    SyncConflictError,
    SyncError,
    SyncUnreachableError,
)
from medsynth_supabase.project.answers import NO_CONSENT, Answer
from medsynth_supabase.project.consents import as_consented_now
from medsynth_supabase.project.project import Project
from medsynth_supabase.project.remote import Remote
from medsynth_supabase.pushing.desired import COPY, Desired, Desires
from medsynth_supabase.pushing.lineage import Lineage
from medsynth_supabase.pushing.lookout import Lookout
from medsynth_supabase.pushing.report import PushReport
from medsynth_supabase.pushing.reviews import ReviewTeller, verdicts_on
from medsynth_supabase.pushing.runs import RunTeller
from medsynth_supabase.pushing.samples import SampleTeller
from medsynth_supabase.state.intake import follow
from medsynth_supabase.state.state import SyncState
from medsynth_supabase.state.subject import REVOCATION, RUN, SAMPLE, VERDICT, Subject

BATCH = 32
"""Samples that are worked out, and shown to the gate, at a time."""

WORKERS = 4
"""Samples that are sent at a time: with 50 ms to a project and back, three times as many a second as one."""

MOST_REFUSALS = 8
"""After so many refusals of access, and no success, the user may not do this at all."""


@dataclass(slots=True, eq=False)
class _Found:
    """The report in the making."""

    delivered: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    denied: int = 0


class Pusher:
    """Pushes the news of one bank to one project; one process at a time does.

    Args:
        bank: Whose news.
        remote: Where the project lies.
        project: Which it is.
        state: Remembers what was told.
        desires: What the project should hold of samples.
        options: What decides what the project should hold, beside the bank; where they changed since the last
            push, everything is looked at again.
        reviews: Whether verdicts and revocations go up.
        runs: Whether the progress of runs does.
        progress: Show a progress bar on standard error where there is much to do.
    """

    def __init__(
        self, bank: SampleBank, remote: Remote, project: Project, state: SyncState, desires: Desires, *,
        options: Mapping[str, bool], reviews: bool = False, runs: bool = False,
        progress: bool = False,
    ) -> None:  # fmt: skip
        self._bank, self._remote, self._project, self._state = bank, remote, project, state
        self._desires, self._options = desires, dict(options)
        self._reviews, self._runs, self._progress = reviews, runs, progress
        self._found, self._turn, self._ended = _Found(), threading.Lock(), threading.Event()

    def push(self, *, aside: bool = True) -> PushReport:
        """Make the project hold what it should; consents to painted real images are read anew before.

        Args:
            aside: Look again at what could not be delivered before, too.

        Raises:
            SyncUnreachableError: If the project does not answer; what was delivered counts, and the next push
                goes on.
            SyncAccessError: If it does not accept the key or the user.
            ForkedBankError: If the bank was restored, or a copy of it was synced; nothing was sent.
            BankError: If the bank cannot be read.
        """
        self._found = _Found()
        with FileLock(self._state.lock_file):
            own = self._bank, self._remote, self._project
            lineage = Lineage(*own, self._state)
            follow(self._bank, self._state, until=lineage.advance())
            lookout = Lookout(*own, self._state, lineage.origin)
            lookout.adopt()
            project = as_consented_now(self._remote, self._project)
            consents = {"real_records": project.real_records, "real_pixels": project.real_pixels}
            lookout.look_at_options(self._options | consents)
            lookout.spread()
            if aside:
                lookout.look_at_taken_back()
            desires = self._desires.under(project, self._state.note("copies", []))
            teller = SampleTeller(*own, self._state, lineage)
            self._push_samples(self._outstanding(SAMPLE, aside), desires, teller)
            if self._reviews:
                self._push_reviews(aside)
            if self._runs:
                runs = RunTeller(*own, lineage.origin)
                for known in self._outstanding(RUN, aside):
                    with self._failing(known):
                        runs.tell(known.subject)
                        self._state.deliver(known)
                        self._found.delivered.append(known.subject)
        found, gaps = self._found, self._state.frontier.gaps
        return PushReport(
            delivered=tuple(found.delivered), told=dict(found.told), refused=tuple(found.refused),
            conflicts=tuple(found.conflicts), aside=tuple(found.aside),
            waiting=sum(gap.last - gap.first + 1 for gap in gaps),
        )  # fmt: skip

    def _outstanding(self, kind: str, aside: bool) -> list[Subject]:
        return [one for one in self._state.outstanding(kind) if aside or one.problem is None]

    def _push_samples(self, outstanding: Sequence[Subject], desires: Desires, teller: SampleTeller) -> None:
        """Tell first what is no longer to be seen, then ask the gate and send the rest."""
        shown, done = self._progress and len(outstanding) > BATCH, set[str]()
        known = [one for one in outstanding if one.told is not None and not one.tries]
        bar = tqdm(total=len(outstanding), desc="Syncing", unit="sample", disable=not shown)
        self._ended.clear()
        with bar, ThreadPoolExecutor(WORKERS) as pool:
            try:
                for work_out, which in ((desires.taken_back, known), (desires.of, outstanding)):
                    for start in range(0, len(which), BATCH):
                        batch = which[start : start + BATCH]
                        part = {one.subject: one for one in batch if one.subject not in done}
                        desired = work_out(part)
                        known_so_far = map(part.__getitem__, desired)
                        for _ in pool.map(partial(self._push_sample, teller), known_so_far, desired.values()):
                            bar.update()
                        done |= desired.keys()
            except BaseException:
                self._ended.set()  # what waits for its turn would only find the same
                raise

    def _push_sample(self, teller: SampleTeller, known: Subject, desired: Desired) -> None:
        if self._ended.is_set():
            return
        with self._failing(known):
            if not desired.is_told(known):
                if self._reviews and known.told in (None, "forgotten"):
                    self._state.again(VERDICT, verdicts_on(self._bank, known.subject))
                answer = teller.tell(known, desired)
                with self._turn:
                    self._found.told[answer] += 1
                    self._found.delivered.append(known.subject)
            elif not desired.refusal:
                self._state.deliver(known)
        if desired.refusal:
            if COPY in desired.refusal:
                self._note_copy(known.subject)
            self._found.refused.append((known.subject, desired.refusal))
            self._state.set_aside(known, desired.refusal)

    def _note_copy(self, digest: str) -> None:
        """Have it never shown to reviewers, though its approval is taken back and no gate is asked."""
        with self._turn:
            self._state.set_note("copies", sorted({*self._state.note("copies", []), digest}))

    def _push_reviews(self, aside: bool) -> None:
        teller = ReviewTeller(self._bank, self._remote, self._project, self._state, self._set_aside)
        for kind, send in ((VERDICT, teller.verdicts), (REVOCATION, teller.revocations)):
            self._found.delivered += send(self._outstanding(kind, aside))

    @contextmanager
    def _failing(self, known: Subject) -> Iterator[None]:
        """Set a subject aside where it alone cannot be delivered.

        Raises:
            SyncUnreachableError: If the project does not answer.
            SyncAccessError: If it accepts nothing from this user.
            ForkedBankError: If a copy of the bank was synced meanwhile.
            BankUnreachableError: If the bank does not answer.
        """
        try:
            yield
        except SyncUnreachableError:
            self._ended.set()
            self._state.failed(known)
            raise
        except (BankUnreachableError, ForkedBankError):
            raise
        except (SyncError, BankError) as problem:
            self._set_aside(known, problem)

    def _set_aside(self, known: Subject, problem: Exception) -> None:
        self._state.set_aside(known, str(problem))
        if isinstance(problem, SyncConflictError):
            self._found.conflicts.append((known.subject, str(problem)))
            return
        self._found.aside.append((known.subject, str(problem)))
        answer = problem.__cause__
        if isinstance(problem, SyncAccessError) and not (
            isinstance(answer, Answer) and answer.code == NO_CONSENT
        ):
            with self._turn:
                self._found.denied += 1
                hopeless = self._found.denied >= MOST_REFUSALS and not self._found.delivered
            if hopeless or (isinstance(answer, Answer) and answer.status == 401):
                raise problem
