"""Compares sign-ins with the limit at several levels of concurrency: `python -m benchmarks.rest.sign_in`."""

import argparse
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from benchmarks.processes import cpu_s, memory_mb
from benchmarks.rest.systems import System, all_systems

LEVELS = (1, 4, 16)
ROUNDS = 3
SAMPLE_S = 0.01


def _timed_ms(system: System) -> float:
    started = time.perf_counter()
    system.sign_in()
    return (time.perf_counter() - started) * 1e3


@contextmanager
def _peak_memory(pid: int) -> Iterator[list[float]]:
    """Yield a list whose only value is the highest resident memory so far, in MB."""
    peak, ended = [0.0], threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_S):
            peak[0] = max(peak[0], memory_mb(pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=40, help="sign-ins of each level, system and round")
    count = parser.parse_args().n
    print("| concurrency | system | sign-ins/s | p50 ms | p90 ms | CPU ms/sign-in | peak memory MB |")
    print("|---|---|---|---|---|---|---|")
    with all_systems() as systems:
        for system in systems:
            _timed_ms(system)
        for level in LEVELS:
            rates: dict[str, list[float]] = {system.name: [] for system in systems}
            times: dict[str, list[float]] = {system.name: [] for system in systems}
            busy, peaks = dict.fromkeys(rates, 0.0), dict.fromkeys(rates, 0.0)
            for _ in range(ROUNDS):
                for system in systems:
                    with _peak_memory(system.pid) as peak, ThreadPoolExecutor(level) as pool:
                        before, started = cpu_s(system.pid), time.perf_counter()
                        times[system.name] += pool.map(_timed_ms, [system] * count)
                        rates[system.name].append(count / (time.perf_counter() - started))
                        busy[system.name] += cpu_s(system.pid) - before
                    peaks[system.name] = max(peaks[system.name], peak[0])
            for name, found in times.items():
                deciles = statistics.quantiles(found, n=10)
                cpu_ms = busy[name] * 1e3 / count / ROUNDS
                print(
                    f"| {level} | {name} | {statistics.median(rates[name]):.1f} | {deciles[4]:.1f} | {deciles[8]:.1f} "
                    f"| {cpu_ms:.1f} | {peaks[name]:.0f} |"
                )


if __name__ == "__main__":
    main()
