"""Measures the time from `make run`, with nothing changed, to the first response: `python -m benchmarks.start_time`."""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.console import PORT, prepare, running
from benchmarks.processes import memory_mb

STARTS = 5


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tca-bench-") as folder:
        prepare(Path(folder))
        times, sizes = [], []
        for _ in range(STARTS):
            started = time.perf_counter()
            with running(["make", "run"], f"http://localhost:{PORT}/health/live", PORT=PORT) as pid:
                times.append(time.perf_counter() - started)
                sizes.append(memory_mb(pid))
    print(f"start: median {statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})")
    print(f"resident memory: {statistics.median(sizes):.0f} MB")


if __name__ == "__main__":
    main()
