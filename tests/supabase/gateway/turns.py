"""Which requests were carried out so far, so that one can be held until another has passed."""

import asyncio


class Turns:
    """A count of requests that others can wait on; lives in one event loop."""

    def __init__(self) -> None:
        self.passed = 0
        self._changed = asyncio.Condition()

    async def count(self) -> None:
        """One more was carried out."""
        async with self._changed:
            self.passed += 1
            self._changed.notify_all()

    async def next(self, seconds: float) -> None:
        """Waits until another one was carried out, at most this long."""
        goal = self.passed + 1
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.passed >= goal)
        except TimeoutError:
            pass
