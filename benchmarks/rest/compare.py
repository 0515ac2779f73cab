"""Compares REST calls of the console with the limit and the template: `python -m benchmarks.rest.compare`.

wrk keeps 16 connections busy. The systems take turns in every round, so that a drift of the machine touches all alike.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import cpu_s, memory_mb
from benchmarks.rest.systems import CASES, DESCRIPTION, System, all_systems

CONNECTIONS = 16
WARM_UP_S = 2
SCRIPT = Path(__file__).with_name("wrk.lua")
PROGRAM = Path(__file__).resolve().parents[2] / ".ci" / "wrk"


@dataclass(frozen=True)
class Round:
    """The result of one system, case and round."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float  # of the process, a request
    errors: int


Results = dict[str, dict[str, list[Round]]]  # by case and system


def _measure(wrk: str, system: System, case: str, seconds: int, seed: str) -> Round:
    token = system.sign_in()
    paths = [system.paths[case]]
    if case == "user":
        paths = [paths[0].replace("{user_id}", user_id) for user_id in system.user_ids(token)]
    headers = {"Host": system.url.partition("//")[2], "Authorization": f"Bearer {token}"}
    body = json.dumps({system.created: "Benchmark {n}", "description": DESCRIPTION}) if case == "create" else ""
    headers |= {"Content-Type": "application/json"} if body else {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "paths").write_text("\n".join(paths) + "\n")
        (Path(folder) / "headers").write_text("".join(f"{name}: {value}\n" for name, value in headers.items()))
        environment = {
            "BENCH_METHOD": "POST" if body else "GET",
            "BENCH_BODY": body,
            "BENCH_SEED": seed,
            "BENCH_PATHS": f"{folder}/paths",
            "BENCH_HEADERS": f"{folder}/headers",
        }
        command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), system.url]
        busy = cpu_s(system.pid)
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
        busy = cpu_s(system.pid) - busy
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        sys.exit(f"wrk printed no result for {system.name}: {done.stdout}{done.stderr}")
    read = json.loads(line.removeprefix("RESULT "))
    count = max(read["requests"], 1)
    return Round(count / read["seconds"], read["p50_ms"], read["p99_ms"], busy * 1e3 / count, read["errors"])


def compare(cases: tuple[str, ...] = CASES, seconds: int = 5, rounds: int = 3) -> Results:
    """Measure every case and print the tables. Returns the rounds."""
    wrk = subprocess.run([PROGRAM], capture_output=True, text=True, check=True).stdout.strip()
    results: Results = {}
    with all_systems() as systems:
        before = {system.name: memory_mb(system.pid) for system in systems}
        for case in cases:
            results[case] = {system.name: [] for system in systems}
            for number in range(rounds):
                for system in systems:
                    seed = f"{time.time():.0f}"
                    if number == 0:
                        _measure(wrk, system, case, WARM_UP_S, f"{seed}-warm")
                    results[case][system.name].append(_measure(wrk, system, case, seconds, seed))
        after = {system.name: memory_mb(system.pid) for system in systems}
    _print(results)
    print("\n| system | resident memory before, MB | after, MB |\n|---|---|---|")
    for name, size in before.items():
        print(f"| {name} | {size:.0f} | {after[name]:.0f} |")
    return results


def per_second(results: Results, case: str, system: str) -> float:
    """Return the requests per second: the median of the rounds."""
    return _median(results[case][system])


def _median(rounds: list[Round], field: str = "per_second") -> float:
    return statistics.median(getattr(one, field) for one in rounds)


def _print(results: Results) -> None:
    print("| case | system | requests/s | p50 ms | p99 ms | CPU ms/request | errors | ratio to the limit |")
    print("|---|---|---|---|---|---|---|---|")
    for case, systems in results.items():
        for name, rounds in systems.items():
            figures = (f"{_median(rounds, field):.2f}" for field in ("p50_ms", "p99_ms"))
            errors = sum(one.errors for one in rounds)
            print(
                f"| {case} | {name} | {_median(rounds):.0f} | {' | '.join(figures)} | {_median(rounds, 'cpu_ms'):.3f} "
                f"| {errors} | {_median(rounds) / _median(systems['limit']):.3f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES), help="with commas between them")
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each case and system; the median counts")
    arguments = parser.parse_args()
    compare(tuple(arguments.cases.split(",")), arguments.seconds, arguments.rounds)


if __name__ == "__main__":
    main()
