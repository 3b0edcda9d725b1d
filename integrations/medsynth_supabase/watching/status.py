"""One line on the terminal that says how the sync fares, and a log line for each thing that happened."""

import logging
from datetime import datetime
from types import TracebackType

from tqdm.auto import tqdm

from medsynth_supabase.pulling.report import PullReport, waiting_in_words
from medsynth_supabase.watching.readiness import PREPARING

LOG = logging.getLogger("medsynth.sync")


class Status:
    """The line of a watch; use it as a context manager.

    Args:
        shown: Whether the line is shown, on standard error; the log is written in any case.
    """

    def __init__(self, *, shown: bool) -> None:
        self._line = tqdm(total=0, bar_format="{desc}", disable=not shown, leave=True)
        self._sent = self._taken = 0
        self._waits = ""
        self._since: datetime | None = None
        self._trouble = ""
        self._gate, self._gate_since = "", datetime.now()
        self._held_up = 0
        self._listens = False
        self._text = ""

    def __enter__(self) -> "Status":
        self._show()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    @property
    def text(self) -> str:
        """What the line says."""
        return self._text

    def pushed(self, delivered: int) -> None:
        """Note how many subjects went up."""
        if delivered:
            self._sent += delivered
            LOG.info("sent %d", delivered)

    def pulled(self, report: PullReport) -> None:
        """Note what came from elsewhere, and what waits."""
        if report.taken or report.revoked:
            self._taken += len(report.taken)
            LOG.info("took %d reviews, %d were taken back", len(report.taken), len(report.revoked))
        waits = waiting_in_words(report)
        if waits != self._waits:
            self._waits = waits
            LOG.info("%s", waits or "no review waits any more")

    def gated(self, problem: str, held_up: int) -> None:
        """Note why the gate lets nothing pass, "" where it does, and how many approved images wait for it."""
        if bool(problem) != bool(self._gate):
            now, before = datetime.now(), self._gate_since
            self._gate_since = now
            if not problem:
                LOG.info("the gate answers after %.0f s", (now - before).total_seconds())
        if problem and problem != self._gate:
            LOG.log(
                logging.INFO if problem == PREPARING else logging.WARNING,
                "nothing can be approved: %s", problem,
            )  # fmt: skip
        self._gate, self._held_up = problem, held_up

    def well(self) -> None:
        """Note that bank and project answered."""
        if self._since is not None:
            LOG.info("it goes on after %.0f s", (datetime.now() - self._since).total_seconds())
        self._since, self._trouble = None, ""
        self._show()

    def troubled(self, problem: Exception, pause_s: float) -> None:
        """Note that bank or project did not answer, and when they are tried again."""
        if self._since is None:
            self._since = datetime.now()
            LOG.warning("%s", problem)
        self._trouble = f"since {self._since:%H:%M:%S}: {problem}; next try in {pause_s:.0f} s"
        self._show()

    def listening(self, joined: bool) -> None:
        """Note whether news is heard at once or only asked for."""
        if joined != self._listens:
            self._listens = joined
            LOG.info("hears of reviews at once" if joined else "asks for reviews now and then")
            self._show()

    def _show(self) -> None:
        parts = [f"sent {self._sent}", f"reviews taken {self._taken}"]
        if self._waits:
            parts.append(self._waits)
        if self._gate:
            waits = f", {self._held_up} approved images wait" if self._held_up else ""
            parts.append(f"nothing can be approved since {self._gate_since:%H:%M:%S}: {self._gate}{waits}")
        parts.append(self._trouble or ("listening" if self._listens else "watching"))
        text = ", ".join(parts)
        if text != self._text:
            self._text = text
            self._line.set_description_str(text)
