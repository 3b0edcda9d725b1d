"""A process of its own for the Hub's clients: they read endpoint and token once, when they are imported."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


class Client:
    """Calls top-level functions in a process whose clients speak to a loopback Hub."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def __call__(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return self._pool.submit(function, *arguments, **named).result(timeout=240)


@contextmanager
def running_client(url: str, home: str, token: str) -> Iterator[Client]:
    """A client process for the Hub at `url`.

    Args:
        url: Of the Hub.
        home: Folder for its caches and logins.
        token: What HF_TOKEN is; "" for none.
    """
    given = {
        "HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": home, "HF_TOKEN": token,
        "OMP_NUM_THREADS": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            pool.submit(os.getpid).result()
            _restore(before)
            yield Client(pool)
    finally:
        _restore(before)


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
