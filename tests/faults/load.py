"""Writes at random over REST to replicas that may die, and records what was acknowledged."""

import itertools
import json
import os
import random
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.factories import PASSWORD
from tests.processes import Web, eventually

AGAIN_S = 0.05
GIVE_UP = 2000  # attempts at one write: a hundred seconds
WAIT_S = 600 if "FAULT_WRITES" in os.environ else 120
_seeds = itertools.count(1)  # a name is made from it, too


class Acks:
    """What was acknowledged, on disk before it counts, as Jepsen's set test has it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        self._lock = threading.Lock()
        self.rows: list[dict[str, Any]] = []
        self.faults: list[str] = []

    def add(self, kind: str, **what: Any) -> None:
        row = {"kind": kind, **what}
        with self._lock:
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self.rows.append(row)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["kind"] == kind]


class Writer(threading.Thread):
    """One script. A POST has a key and is sent again until it is answered; a PATCH that got lost may be either."""

    def __init__(self, webs: Sequence[Web], header: dict[str, str], acks: Acks, writes: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._webs, self._acks, self._writes, self._name = webs, acks, writes, f"w{seed}"
        self._random = random.Random(seed)
        self._client = httpx.Client(headers=header, timeout=15)
        self._people: list[int] = []
        self._projects: dict[int, int] = {}  # id to the version that was seen last
        self._teams: set[tuple[int, int]] = set()
        self.statuses: list[int] = []
        self.done = 0

    def run(self) -> None:
        try:
            for number in range(self._writes):
                self._write(number)
                self.done += 1
        except Exception as error:
            self._acks.faults.append(f"{self._name}: {error!r}")
        finally:
            self._client.close()

    def _write(self, number: int) -> None:
        chosen = self._random.choices(("user", "project", "member", "update"), (4, 2, 3, 3))[0]
        if chosen == "user" or not self._people:
            self._create_user(f"{self._name}n{number}")
        elif chosen == "project" or not self._projects:
            self._create_project(f"Project {self._name} {number}")
        elif chosen == "member":
            self._add_member()
        else:
            self._update_project(f"Renamed {self._name} {number}")

    def _create_user(self, username: str) -> None:
        body = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
        made = self._post("/api/v1/users", body)
        self._people.append(made["id"])
        self._acks.add("user", id=made["id"], username=username)

    def _create_project(self, name: str) -> None:
        made = self._post("/api/v1/projects", {"name": name})
        self._projects[made["id"]] = made["version"]
        self._acks.add("project", id=made["id"], name=name)

    def _add_member(self) -> None:
        pair = self._random.choice(list(self._projects)), self._random.choice(self._people)
        if pair in self._teams:
            return
        self._post(f"/api/v1/projects/{pair[0]}/members", {"user_id": pair[1]})
        self._teams.add(pair)
        self._acks.add("member", project_id=pair[0], user_id=pair[1])

    def _update_project(self, name: str) -> None:
        project_id = self._random.choice(list(self._projects))
        answer = self._send("PATCH", f"/api/v1/projects/{project_id}", {"name": name}, self._seen(project_id))
        if answer is not None and answer.status_code == 200:
            self._projects[project_id] = answer.json()["version"]
            self._acks.add("update", id=project_id, name=name)
        else:  # lost on the way: it may have happened
            self._projects[project_id] = self._ask(f"/api/v1/projects/{project_id}")["version"]

    def _seen(self, project_id: int) -> dict[str, str]:
        return {"If-Match": f'"{self._projects[project_id]}"'}

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._until_answered("POST", path, body, {"Idempotency-Key": str(uuid4())}, 201)

    def _ask(self, path: str) -> dict[str, Any]:
        return self._until_answered("GET", path, None, {}, 200)

    def _until_answered(
        self, method: str, path: str, body: Any, headers: dict[str, str], wanted: int
    ) -> dict[str, Any]:
        for _ in range(GIVE_UP):
            answer = self._send(method, path, body, headers)
            if answer is not None and answer.status_code == wanted:
                return dict(answer.json())
            is_in_flight = answer is not None and "in_flight" in answer.text
            if answer is not None and answer.status_code < 500 and not is_in_flight:
                raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
            threading.Event().wait(AGAIN_S)
        raise AssertionError(f"{method} {path}: no answer")

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response | None:
        """None when no answer came, which says nothing about whether it was done."""
        web = self._random.choice(self._webs)
        try:
            answer = self._client.request(method, web.url + path, json=body, headers=headers)
        except httpx.HTTPError:
            return None
        self.statuses.append(answer.status_code)
        return answer


def write(webs: Sequence[Web], header: dict[str, str], acks: Acks, writes: int, writers: int = 4) -> list[Writer]:
    """Start that many scripts, which do so many writes together."""
    threads = [Writer(webs, header, acks, writes // writers, next(_seeds)) for _ in range(writers)]
    for thread in threads:
        thread.start()
    return threads


def reached(threads: Sequence[Writer], acks: Acks, writes: int) -> None:
    """Wait until so many writes are done."""
    eventually(lambda: sum(thread.done for thread in threads) >= writes or acks.faults, f"{writes} writes", WAIT_S)


def joined(threads: Sequence[Writer], acks: Acks) -> None:
    """Waits until all of them are done; an error of one fails the test."""
    for thread in threads:
        thread.join(WAIT_S)
    assert acks.faults == []
    assert not [thread.name for thread in threads if thread.is_alive()]
