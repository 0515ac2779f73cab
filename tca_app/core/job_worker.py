"""Procrastinate's worker, but none of its wake-ups is lost."""

import asyncio
from typing import Any

from procrastinate.worker import Worker


class _Counted(asyncio.Event):
    """An event that knows how often it was set."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def set(self) -> None:
        self.times += 1
        super().set()


class AttentiveWorker(Worker):
    """After it has looked for a job in vain, procrastinate (3.10) forgets that it was told of one, although the notice
    may have come after its query had begun: then the job waits for the next poll. This one looks again in that case.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._new_job_event: _Counted = _Counted()

    async def run(self) -> None:
        await super().run()  # type: ignore[no-untyped-call]

    async def _fetch_and_process_jobs(self) -> None:
        heard = -1
        while heard != self._new_job_event.times and not self._stop_event.is_set():
            heard = self._new_job_event.times
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]
