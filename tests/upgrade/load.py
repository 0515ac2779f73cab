"""People and scripts that use the console through nginx while it is upgraded, and every failure that they see."""

import re
import threading
from time import sleep
from uuid import uuid4

import httpx

PAUSE_S = 0.02
ASSET = re.compile(r"/assets/[\w.-]+\.(?:js|css)")


class Load:
    """Readers, writers and a browser that loads pages with their files, until the block ends."""

    def __init__(self, url: str, header: dict[str, str]) -> None:
        self.url, self._header = url, header
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._read, self._write, self._browse)]
        self.counts: dict[str, int] = {"read": 0, "write": 0, "page": 0}
        self.failures: list[str] = []
        self.written: dict[int, str] = {}  # id of a project to the description that was acknowledged last

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(30)

    def _call(self, client: httpx.Client, kind: str, method: str, path: str, **sent: object) -> httpx.Response | None:
        try:
            answer = client.request(method, path, **sent)  # type: ignore[arg-type]
        except httpx.HTTPError as error:
            self.failures.append(f"{method} {path}: {error!r}")
            return None
        if not answer.is_success:
            self.failures.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None
        self.counts[kind] += 1
        sleep(PAUSE_S)
        return answer

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self._header, timeout=30)

    def _read(self) -> None:
        with self._client() as client:
            while not self._ending.is_set():
                for path in ("/api/v1/projects", "/api/v1/users", "/api/v1/activity"):
                    self._call(client, "read", "GET", path)

    def _write(self) -> None:
        with self._client() as client:
            while not self._ending.is_set():
                fields = {"name": f"Upgrade {uuid4()}", "description": "made"}
                key = {"Idempotency-Key": str(uuid4())}
                made = self._call(client, "write", "POST", "/api/v1/projects", json=fields, headers=key)
                if made is None:
                    continue
                number = made.json()["id"]
                self.written[number] = "made"
                if self._call(client, "write", "PATCH", f"/api/v1/projects/{number}", json={"description": "changed"}):
                    self.written[number] = "changed"

    def _browse(self) -> None:
        with self._client() as client:
            while not self._ending.is_set():
                page = self._call(client, "page", "GET", "/login")
                for path in sorted(set(ASSET.findall(page.text)) if page else ())[:8]:
                    self._call(client, "page", "GET", path)
