"""Tests whether the time of a refused sign-in reveals that a name exists: `python -m benchmarks.sign_in_timing`.

It alternates unknown names, known names with a wrong password, and deactivated users. Each name is used once, to avoid
the throttle. It compares the medians and the distributions (Mann-Whitney U).
"""

import json
import random
import statistics
import sys
import tempfile
import urllib.error
import urllib.request
from math import erfc, sqrt
from pathlib import Path
from time import perf_counter

import psycopg

from benchmarks.run import PORT, ROOT, prepare, running

TRIES = 200
CASES = ("unknown", "wrong", "inactive")


def mann_whitney_p(left: list[float], right: list[float]) -> float:
    """Return the two-sided p of equal distributions, by the normal approximation, for samples without ties."""
    ranked = sorted([(value, 0) for value in left] + [(value, 1) for value in right])
    u = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0) - len(left) * (len(left) + 1) / 2
    spread = sqrt(len(left) * len(right) * (len(ranked) + 1) / 12)
    return erfc(abs(u - len(left) * len(right) / 2) / spread / sqrt(2))


def refused_ms(username: str) -> float:
    body = json.dumps({"username": username, "password": "Wrong-Boat-4242"}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/api/auth/login", body, headers)
    started = perf_counter()
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as refusal:
        refusal.read()
        if refusal.code != 401:
            sys.exit(f"{username} was answered {refusal.code}, not 401")
    return (perf_counter() - started) * 1e3


def names(database_url: str) -> dict[str, list[str]]:
    """Return `TRIES` usernames for each case. The users get the admin's password hash, so that one is verified."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE users SET hashed_password = (SELECT hashed_password FROM users WHERE username = 'admin')"
        )
        connection.execute("UPDATE users SET is_active = id % 2 = 0 WHERE username <> 'admin'")
        found = {}
        for case, active in (("wrong", True), ("inactive", False)):
            rows = connection.execute(
                "SELECT username FROM users WHERE is_active = %s AND username <> 'admin' LIMIT %s", (active, TRIES)
            )
            found[case] = [username for (username,) in rows]
    return found | {"unknown": [f"nobody{number}" for number in range(TRIES)]}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tca-bench-") as folder:
        prepare(Path(folder))
        serve = [sys.executable, "-m", "tca_app", "serve"]
        with running(serve, f"http://127.0.0.1:{PORT}/health/live", ROOT, PORT=PORT, RATE_LIMIT_LOGIN=""):
            from tca_app.core.stores.embedded import configured_stores

            with configured_stores() as urls:
                chosen = names(urls.database_url)
            for number in range(10):
                refused_ms(f"warm{number}")
            turns = [(case, name) for case in CASES for name in chosen[case]]
            random.Random(7).shuffle(turns)
            times: dict[str, list[float]] = {case: [] for case in CASES}
            for case, name in turns:
                times[case].append(refused_ms(name))
    medians = {case: statistics.median(times[case]) for case in CASES}
    print(f"| refused because | median ms of {TRIES} | against unknown | Mann-Whitney p |\n|---|---|---|---|")
    for case in CASES:
        gap = medians[case] - medians["unknown"]
        p = "" if case == "unknown" else f"{mann_whitney_p(times['unknown'], times[case]):.3f}"
        print(f"| {case} | {medians[case]:.2f} | {gap:+.2f} ms ({gap / medians['unknown']:+.1%}) | {p} |")


if __name__ == "__main__":
    main()
