"""Demo logs of the newest deployments: a few hundred lines each, as a build machine writes them."""

import random
from typing import Any

PARTS = ("api", "worker", "scheduler", "web", "migrations", "assets", "metrics", "gateway")
GREEN, YELLOW, RED, GREY, END = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[90m", "\x1b[0m"
Row = dict[str, Any]


def log_rows(rng: random.Random, deployments: list[Row]) -> list[Row]:
    """Return the log lines of these deployments, spread over their duration, and set their `log_lines`."""
    rows = []
    for deployment in deployments:
        lines = _lines(rng, deployment)
        deployment["log_lines"] = len(lines)
        start, end = deployment["started_at"], deployment["finished_at"]
        pace = ((end - start) if end else (deployment["updated_at"] - deployment["created_at"])) / len(lines)
        rows += [
            {"deployment_id": deployment["id"], "seq": seq, "at": start + pace * seq, "line": line}
            for seq, line in enumerate(lines, 1)
        ]
    return rows


def _lines(rng: random.Random, deployment: Row) -> list[str]:
    image = f"registry.example.com/{deployment['project']['slug']}:{deployment['version']}"
    lines = [
        f"{GREY}commit {deployment['commit_sha'][:12]} of {deployment['ref']}{END}",
        f"Deploying {deployment['version']} to {deployment['environment']}",
    ]
    for layer in range(1, rng.randint(30, 60)):
        lines.append(f"pull {image} layer {layer:>2} {rng.getrandbits(48):012x} {rng.randint(1, 48)} MB")
    for number in range(1, rng.randint(90, 160)):
        lines.append(f"{GREEN}ok{END}   test {number:>3} {rng.choice(PARTS)} {rng.randint(2, 900)} ms")
    for part in PARTS:
        for replica in range(1, rng.randint(3, 7)):
            lines.append(f"start {part}-{replica}: waiting for the health check")
            lines.append(f"start {part}-{replica}: {GREEN}healthy{END} after {rng.randint(1, 20)} s")
    lines.append(f"{YELLOW}warn{END} one deprecated setting is still used by {rng.choice(PARTS)}")
    if deployment["status"] == "failed":
        lines.append(f"{RED}error{END} {deployment['reason']}")
    elif deployment["finished_at"]:
        lines.append(f"{GREEN}done{END} {deployment['version']} runs in {deployment['environment']}")
    return lines
