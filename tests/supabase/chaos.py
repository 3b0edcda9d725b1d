"""Work on a bank and in its project, in an order that chance draws, while everything on the way fails."""

import multiprocessing
import random
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import SyncUnreachableError
from medsynth_aug.review import regenerate
from medsynth_aug.synthesis import FakeSynthesizer, SyntheticSample
from medsynth_supabase import SupabaseSync, SyncSettings
from tests.supabase.gateway.faults import FaultPlan
from tests.supabase.machines import Machine
from tests.supabase.material import MeasuredGate, make_patients

SENDS = {"for_review": True, "reviews": True}
RATES = {
    "drop": 0.04, "lose": 0.04, "late": 0.03, "duplicate": 0.05, "reorder": 0.03, "refuse": 0.05,
    "timeout": 0.03, "truncate": 0.03, "delay": 0.03,
}  # fmt: skip
WEIGHTS = {
    "approve": 14, "reject": 8, "revoke": 6, "forget": 4, "make_again": 3, "make_anew": 4, "new_patient": 3,
    "remote_review": 16, "remote_revocation": 4, "strange_review": 2, "kill": 5, "go_away": 3, "push": 16,
    "pull": 12,
}  # fmt: skip
"""How often each thing happens."""


def sync_until_killed(folder: str, environment: dict[str, str]) -> None:
    """What a process that is about to be killed does."""
    bank = SampleBank(folder)
    settings = replace(
        SyncSettings.from_environment(environment), attempts=8, pause_s=0.02, longest_pause_s=0.1
    )
    sync = SupabaseSync(bank, settings, gate=MeasuredGate(bank), **SENDS)
    while True:
        with suppress(SyncUnreachableError):
            sync.push()
            sync.pull()


class Chaos:
    """One bank, its project, and chance.

    Args:
        machine: The bank, which sends what waits and its reviews.
        seed: Decides what happens, and what fails.
    """

    def __init__(self, machine: Machine, seed: int) -> None:
        self.machine, self.project = machine, machine.project
        self.chance, self.done = random.Random(seed), Counter[str]()
        self.faults = FaultPlan(seed=seed, rates=RATES, seconds=0.05)
        self.here, self.there = machine.enrol("Dr Here"), machine.enrol("Dr There", "reviewer")
        self.forgotten: list[SyntheticSample] = []
        self.given: dict[str, str] = {}
        """Reviews that were written to the project itself: the reader of each."""
        self.broken_off = 0
        """Syncs that the network ended."""
        self._away, self._patients = 0, 0
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload([__name__])
        self.project.gateway.faults = self.faults

    def go_on(self, steps: int) -> None:
        """So many things happen."""
        self.faults.most = None
        for _ in range(steps):
            name = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            done = getattr(self, f"_{name}")()
            self.done[name if done is not False else "nothing to do"] += 1
            if self._away:
                self._away -= 1
                if not self._away:
                    self.project.gateway.up()

    def come_to_rest(self) -> None:
        """The network is well again, and the machine syncs a few times."""
        if self._away:
            self.project.gateway.up()
            self._away = 0
        self.project.gateway.settle()
        self.faults.most = 0  # none from now on
        sync = self.machine.new_sync()
        for _ in range(3):
            sync.push()
            sync.pull()
        sync.push()
        self.machine.sync = sync

    def _images(self) -> list[str]:
        """What may be reviewed: every image of a patient, and what was made in place of one."""
        known = [one for one in self.machine.bank.digests() if self.machine.bank.get(one).request.parent]
        return sorted({one for one in (*self.machine.shown(), *known) if one in self.machine.bank})

    def _approve(self) -> bool:
        return self._record("approve")

    def _reject(self) -> bool:
        return self._record("reject", reasons=["artefact_or_seam"])

    def _record(self, outcome: Any, **given: Any) -> bool:
        images = self._images()
        if images:
            self.machine.reviews.record(self.chance.choice(images), self.here, outcome, **given)
        return bool(images)

    def _revoke(self) -> bool:
        said = [one for digest in self._images() for one in self.machine.reviews.history(digest)]
        left = [one for one in said if one.revoked_at is None and one.reviewer == self.here.id]
        if left:
            self.machine.reviews.revoke(self.chance.choice(left).id, "seen on a bad screen")
        return bool(left)

    def _forget(self) -> bool:
        images = [one for one in self.machine.shown() if one in self.machine.bank]
        if images:
            digest = self.chance.choice(images)
            self.forgotten.append(self.machine.bank.get(digest))
            self.machine.bank.forget(digest)
        return bool(images)

    def _make_again(self) -> bool:
        """A forgotten sample comes back, with the same pixels or with others."""
        if not self.forgotten:
            return False
        sample = self.forgotten.pop(self.chance.randrange(len(self.forgotten)))
        image = 255 - sample.image if self.chance.random() < 0.5 else sample.image
        self.machine.bank.add(replace(sample, image=image))
        return True

    def _make_anew(self) -> bool:
        return bool(regenerate(self.machine.reviews, FakeSynthesizer(), progress=False).made)

    def _new_patient(self) -> None:
        make_patients(self.machine.bank, 1, first=1000 + self._patients)
        self._patients += 1

    def _remote_review(self) -> bool:
        return self._write_review(self.there.id)

    def _strange_review(self) -> bool:
        return self._write_review(str(uuid.uuid4()))

    def _write_review(self, reviewer: str) -> bool:
        """Somebody reviews an image that the project shows at the moment."""
        shown = self.project.rows(
            "select name, pixels from public.samples where project = %s and object is not null order by name",
            self.project.id,
        )
        if not shown:
            return False
        row, id_ = self.chance.choice(shown), str(uuid.uuid4())
        rejects = self.chance.random() < 0.3
        self.project.rows(
            "insert into public.reviews (id, project, sample, pixels, reviewer, outcome, reasons, at) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            id_, self.project.id, row["name"], row["pixels"], reviewer, "reject" if rejects else "approve",
            ["duplicate"] if rejects else [], datetime.now(UTC),
        )  # fmt: skip
        self.given[id_] = reviewer
        return True

    def _remote_revocation(self) -> bool:
        gone = self.project.rows(
            "select review::text from public.revocations where project = %s", self.project.id
        )
        left = sorted(self.given.keys() - {row["review"] for row in gone})
        if left:
            self.project.rows(
                "insert into public.revocations (review, project, reason, at) values (%s, %s, %s, %s)",
                self.chance.choice(left), self.project.id, "on second thoughts", datetime.now(UTC),
            )  # fmt: skip
        return bool(left)

    def _kill(self) -> None:
        given = str(self.machine.bank.path), self.project.environment(self.machine.role)
        process = self._processes.Process(target=sync_until_killed, args=given)
        process.start()
        time.sleep(self.chance.uniform(0.05, 1.0))
        process.kill()
        process.join()
        process.close()

    def _go_away(self) -> None:
        """The network is gone for the next few things."""
        if not self._away:
            self.project.gateway.down()
        self._away = self.chance.randint(2, 4)

    def _push(self) -> bool:
        return self._tried(self.machine.new_sync(attempts=3).push)

    def _pull(self) -> bool:
        return self._tried(self.machine.new_sync(attempts=3).pull)

    def _tried(self, act: Any) -> bool:
        try:
            act()
        except SyncUnreachableError:
            self.broken_off += 1
        return True
