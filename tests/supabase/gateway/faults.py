"""What goes wrong on the way: scripted, or drawn with a seed; what was done is counted."""

import random
import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.supabase.gateway.exchange import Call

KINDS = {
    "drop": "the connection is closed before the request is looked at",
    "lose": "the request is carried out, then the connection is closed",
    "delay": "the request waits before it is carried out",
    "duplicate": "the request is answered, and carried out again after the next one or after a while",
    "late": "the connection is closed at once; the request is carried out after the next or after a while",
    "reorder": "the request is held until the next one was carried out or for a while, then carried out",
    "refuse": "an error status is answered, nothing is carried out",
    "timeout": "the request is carried out, 504 is answered",
    "truncate": "the request is carried out, half of the answer's body arrives",
    "cut": "a websocket is closed in place of the change that it was about to carry",
}
SERVICES = r"/(rest|storage|auth)/v1/"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong.

    Args:
        kind: One of `KINDS`.
        path: Pattern that is searched in "METHOD /path"; of a "cut", in the websocket's topic.
        times: How often.
        seconds: How long a "delay" is; how long others wait for the next request at most.
        status: What "refuse" answers.
        retry_after: Header of that answer, in whole seconds.
    """

    kind: str
    path: str = SERVICES
    times: int = 1
    seconds: float = 0.2
    status: int = 503
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; it is one of {', '.join(KINDS)}")


class Faults:
    """Nothing goes wrong; the two below say what does."""

    def __init__(self) -> None:
        self.injected: Counter[str] = Counter()
        self._lock = threading.Lock()

    def for_request(self, call: Call) -> Fault | None:
        """What happens to this request."""
        return self._counted(self._drawn(str(call), cut=False))

    def for_change(self, topic: str) -> Fault | None:
        """What happens to a websocket that is about to carry a change of this topic."""
        return self._counted(self._drawn(topic, cut=True))

    def _counted(self, fault: Fault | None) -> Fault | None:
        if fault is not None:
            with self._lock:
                self.injected[fault.kind] += 1
        return fault

    def _drawn(self, said: str, cut: bool) -> Fault | None:
        return None


class Script(Faults):
    """The faults of a list, in its order, each to the next requests that match it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__()
        self._left = [[fault, fault.times] for fault in faults]

    def _drawn(self, said: str, cut: bool) -> Fault | None:
        with self._lock:
            for entry in self._left:
                fault, times = entry
                assert isinstance(fault, Fault) and isinstance(times, int)
                pattern = "" if cut and fault.path == SERVICES else fault.path
                if times > 0 and cut == (fault.kind == "cut") and re.search(pattern, said):
                    entry[1] = times - 1
                    return fault
        return None


@dataclass
class FaultPlan(Faults):
    """Faults drawn with a seed: the n-th request that matches always meets the same one.

    Args:
        seed: Of the draws.
        rates: Probability of each kind for each matching request; they add up to at most 1.
        path: Pattern that is searched in "METHOD /path".
        seconds: As of a `Fault`.
        most: No more than this many faults.
    """

    seed: int
    rates: Mapping[str, float]
    path: str = SERVICES
    seconds: float = 0.1
    most: int | None = None
    statuses: tuple[int, ...] = (429, 500, 502, 503)
    _seen: Counter[bool] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        super().__init__()
        for kind in self.rates:
            Fault(kind=kind)

    def _drawn(self, said: str, cut: bool) -> Fault | None:
        if not cut and not re.search(self.path, said):
            return None
        with self._lock:
            self._seen[cut] += 1
            if self.most is not None and self.injected.total() >= self.most:
                return None
            draw = random.Random(f"{self.seed}/{cut}/{self._seen[cut]}")
        left = draw.random()
        for kind, rate in sorted(self.rates.items()):
            if (kind == "cut") == cut:
                left -= rate
                if left < 0:
                    status = draw.choice(self.statuses)
                    again = 0 if status in (429, 503) else None
                    return Fault(kind=kind, seconds=self.seconds, status=status, retry_after=again)
        return None
