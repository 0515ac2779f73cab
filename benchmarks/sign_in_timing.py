"""Tests whether the time of a refused sign-in reveals that a name exists: `python -m benchmarks.sign_in_timing`.

It alternates unknown names, known names with a wrong password, and deactivated users. Each name is used once, to avoid
the throttle. It compares the medians and the distributions (Mann-Whitney U).
"""

import random
import statistics
import sys
from math import erfc, sqrt
from time import perf_counter

import httpx
import psycopg

from benchmarks.console import console
from tca_app.core.stores.embedded import configured_stores

TRIES = 200
CASES = ("unknown", "wrong", "inactive")


def mann_whitney_p(left: list[float], right: list[float]) -> float:
    """Return the two-sided p of equal distributions, by the normal approximation, for samples without ties."""
    ranked = sorted([(value, 0) for value in left] + [(value, 1) for value in right])
    u = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0) - len(left) * (len(left) + 1) / 2
    spread = sqrt(len(left) * len(right) * (len(ranked) + 1) / 12)
    return erfc(abs(u - len(left) * len(right) / 2) / spread / sqrt(2))


def refused_ms(client: httpx.Client, username: str) -> float:
    started = perf_counter()
    response = client.post("/api/auth/login", json={"username": username, "password": "Wrong-Boat-4242"})
    if response.status_code != 401:
        sys.exit(f"{username} got {response.status_code}, not 401")
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
    with console(RATE_LIMIT_LOGIN="") as served, httpx.Client(base_url=served.url) as client:
        with configured_stores() as urls:
            chosen = names(urls.database_url)
        for number in range(10):
            refused_ms(client, f"warm{number}")
        turns = [(case, name) for case in CASES for name in chosen[case]]
        random.Random(7).shuffle(turns)
        times: dict[str, list[float]] = {case: [] for case in CASES}
        for case, name in turns:
            times[case].append(refused_ms(client, name))
    medians = {case: statistics.median(times[case]) for case in CASES}
    print(f"| refused because | median ms of {TRIES} | against unknown | Mann-Whitney p |\n|---|---|---|---|")
    for case in CASES:
        gap = medians[case] - medians["unknown"]
        p = "" if case == "unknown" else f"{mann_whitney_p(times['unknown'], times[case]):.3f}"
        print(f"| {case} | {medians[case]:.2f} | {gap:+.2f} ms ({gap / medians['unknown']:+.1%}) | {p} |")


if __name__ == "__main__":
    main()
