"""Tell a project how runs of a bank fare."""

import re

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.runs import read_run
from medsynth_supabase.project.project import Project
from medsynth_supabase.project.remote import Remote


class RunTeller:
    """Sends the state of runs; the project drops one that is older than what it knows.

    Args:
        bank: Holds the runs.
        remote: Where the project lies.
        project: Which it is.
        origin: Id of the bank.
    """

    def __init__(self, bank: SampleBank, remote: Remote, project: Project, origin: str) -> None:
        self._bank, self._remote, self._project, self._origin = bank, remote, project, origin

    def tell(self, id_: str) -> None:
        """Send a run as it stands.

        Raises:
            SyncError: If the project does not answer or refuses; its kinds.
            BankError: If the bank has no such run.
        """
        run = read_run(self._bank, id_)
        ended = None if run.finished_at is None else run.finished_at.isoformat()
        row = {
            "id": run.id, "project": self._project.id, "origin": self._origin, "kind": run.kind,
            "name": told(run.name), "state": run.state, "done": run.done, "total": run.total,
            "message": failure(run.message), "version": run.version, "started_at": run.started_at.isoformat(),
            "updated_at": run.updated_at.isoformat(), "finished_at": ended,
        }  # fmt: skip
        self._remote.rows("write a run", lambda client: client.rpc("put_run", {"p": row}))


def failure(message: str) -> str:
    """What a project hears of why a run failed: the kind of error alone, "" where it did not fail.

    An error's own words may name files, and files are named after patients; the bank's record keeps them.
    """
    kind = re.match(r"[A-Z]\w*(?=:|$)", message, re.ASCII)
    return message and f"{kind[0] if kind else 'an error'}; the bank's own record of the run says more"


def told(name: str) -> str:
    """The name that a run was given, without words that are an address, a path, a file's name or a digest.

    What else a caller wrote there is sent as it is.
    """
    name = re.sub(r"\b[a-z][a-z0-9+.-]*://\S+", "(address)", name)
    name = re.sub(r"[^\s'\",;:()]*(?:\b[A-Za-z]:)?[\\/~][^\s'\",;:()]*", "(file)", name)
    name = re.sub(r"[^\s'\",;:()]+\.[A-Za-z][A-Za-z0-9]{0,11}\b", "(file)", name)
    return re.sub(r"\b[0-9a-f]{16,}\b", "(digest)", name)
