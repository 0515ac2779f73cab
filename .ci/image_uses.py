"""What an operator does with the image: deploy/compose.yaml from an empty folder, a backup, and the trial."""

import json
import os
import shutil
import socket
import ssl
import subprocess
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

from composed import Stack
from containers import Container, until

ROOT = Path(__file__).resolve().parents[1]
HOST = "console.test"
PASSWORD = "Quiet-Harbour-27"  # noqa: S105
PROCESSES = ("web-1", "web-2", "worker-1", "worker-2")


def expect(truth: object, text: str) -> None:
    if not truth:
        raise SystemExit(f"No: {text}")
    print(f"ok: {text}", flush=True)


class Caller:
    """A browser on another machine: it trusts the certificate, and knows the address of the proxy."""

    def __init__(self, address: str, port: int, host: str, certificate: Path | None = None) -> None:
        self.address, self.port, self.host, self.token = address, port, host, ""
        self.context = ssl.create_default_context(cafile=certificate) if certificate else None

    def call(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        connection = HTTPConnection(self.host, timeout=20)
        connection.sock = socket.create_connection((self.address, self.port), timeout=20)
        if self.context:
            connection = HTTPSConnection(self.host, timeout=20)
            plain = socket.create_connection((self.address, self.port), timeout=20)
            connection.sock = self.context.wrap_socket(plain, server_hostname=self.host)
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def get(self, path: str) -> Any:  # noqa: ANN401
        status, text = self.call("GET", path)
        if status != 200:
            raise SystemExit(f"GET {path}: {status} {text}")
        return json.loads(text)

    def sign_in(self) -> None:
        self.token = ""
        status, text = self.call("POST", "/api/auth/login", {"username": "ada", "password": PASSWORD})
        expect(status == 200, "an administrator signs in")
        self.token = json.loads(text)["access_token"]

    def serves_pages(self) -> bool:
        status, page = self.call("GET", "/login")
        script = page.partition('href="/assets/')[2].partition('"')[0]
        return status == 200 and bool(script) and self.call("GET", f"/assets/{script}")[0] == 200


def use(image: Container, others: Path, healthcheck: list[str], work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    for name, part in (("compose.yaml", use_production), ("compose.trial.yaml", use_trial)):
        folder = work / name.removesuffix(".yaml")
        shutil.copytree(ROOT / "deploy", folder / "deploy")
        subprocess.run([folder / "deploy/prepare", f"https://{HOST}"], check=True, stdout=subprocess.DEVNULL)
        stack = Stack(folder / "deploy" / name, image, others, folder, healthcheck)
        try:
            part(stack)
        finally:
            stack.close()
    shutil.rmtree(work)


def use_production(stack: Stack) -> None:
    stack.up()
    expect(True, f"compose.yaml starts: {', '.join(stack.services)}, each healthy")
    secrets, address = stack.folder / "secrets", stack.network.addresses
    admin = ("create-admin", "--username", "ada", "--email", "ada@example.com")
    stack.exec("web-1", *admin, ADMIN_PASSWORD=PASSWORD)
    browser = Caller(address["nginx"], 443, HOST, secrets / "tls_certificate")
    expect(browser.serves_pages(), "pages and scripts come through nginx with TLS")
    plain = Caller(address["nginx"], 80, HOST)
    expect(plain.call("GET", "/login")[0] == 308, "HTTP leads to HTTPS")
    expect(browser.call("GET", "/metrics")[0] == 404, "metrics do not pass nginx")
    browser.sign_in()
    expect(browser.call("POST", "/api/v1/projects", {"name": "Edge"})[0] == 201, "a project is created")
    until(lambda: _queues(browser) == 0, "the jobs are done")
    expect(not any(one["dead"] for one in browser.get("/api/v1/jobs/queues")["queues"]), "none of its jobs is dead")
    for worker in ("worker-1", "worker-2"):
        until(lambda name=worker: "job.done" in stack.processes[name].log.read_text(), f"{worker} does jobs")
    use_worker_port(address["worker-1"], (secrets / "metrics_token").read_text())
    certificate = _in_backups(stack, "ca", (secrets / "tls_certificate").read_text())
    found = stack.exec("web-1", "doctor", SSL_CERT_FILE=certificate)
    print("    " + found.strip().replace("\n", "\n    "), flush=True)
    use_backup(stack, browser)
    codes = stack.stop()
    expect(
        not any(codes.values()), f"every service ends with 0 at SIGTERM {codes if any(codes.values()) else ''}".strip()
    )


def use_worker_port(address: str, token: str) -> None:
    worker = Caller(address, 8100, "anything.test")
    expect(worker.call("GET", "/health/ready")[0] == 200, "a worker serves /health/ready on its port")
    expect(worker.call("GET", "/metrics")[0] == 401, "its metrics need the token")
    worker.token = token
    expect("tca_jobs_total" in worker.call("GET", "/metrics")[1], "and are served with it")


def use_backup(stack: Stack, browser: Caller) -> None:
    stack.exec("worker-1", "backup")
    file = max((stack.work / "volumes/backups").glob("tca-*.tar.enc"))  # workers make one as they start
    expect(browser.call("POST", "/api/v1/projects", {"name": "Later"})[0] == 201, "a project is created after a backup")
    until(lambda: _queues(browser) == 0, "its jobs are done")
    codes = stack.stop(*PROCESSES)
    expect(not any(codes.values()), "web replicas and workers end with 0 at SIGTERM")
    expect(not stack.is_healthy("web-1"), "the health check fails without a server")
    expect(browser.call("GET", "/login")[0] == 503, "nginx says so meanwhile")
    stack.exec("worker-1", "restore", "--replace", "--yes", f"/backups/{file.name}")
    for name in PROCESSES:
        stack.start(name)
    for name in PROCESSES:
        stack.wait(name)
    browser.sign_in()
    names = [one["name"] for one in browser.get("/api/v1/projects")]
    expect(names == ["Edge"], "the backup is restored")


def use_trial(stack: Stack) -> None:
    stack.up()
    browser = Caller(stack.network.addresses["console"], 8000, "localhost:8000")
    expect(browser.serves_pages(), "the trial serves pages and scripts at its own PUBLIC_URL, with its own stores")
    expect(
        "http://localhost:8000/setup?token=" in stack.processes["console"].log.read_text(), "its output has the link"
    )
    expect(stack.stop() == {"console": 0}, "it ends with 0 at SIGTERM")


def _queues(browser: Caller) -> int:
    return sum(
        one["waiting"] + one["running"] + one["retrying"] for one in browser.get("/api/v1/jobs/queues")["queues"]
    )


def _in_backups(stack: Stack, name: str, text: str) -> str:
    """Put a file where web-1 can read it, and return its path there."""
    path = stack.work / "volumes/backups" / name
    path.write_text(text)
    os.chmod(path, 0o444)
    return f"/backups/{name}"
