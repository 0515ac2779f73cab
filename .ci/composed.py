"""Starts the services of a Compose file as containers without an engine: order, health checks, secrets, volumes."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from containers import USUAL, Container, Network, Process, run, until

# Every key that the files use; another one has to be understood here first.
KNOWN = {
    "image", "build", "command", "environment", "secrets", "volumes", "tmpfs", "read_only", "cap_drop", "security_opt",
    "depends_on", "healthcheck", "restart", "init", "ports", "shm_size", "stop_grace_period",
}  # fmt: skip
# User and folder of the images that a Debian root stands in for.
OTHERS = {"postgres": ("postgres", "/"), "redis": ("redis", "/data"), "nginx": ("root", "/")}


class Stack:
    def __init__(self, file: Path, image: Container, others: Path, work: Path, healthcheck: list[str]) -> None:
        """`image` is that of the console with its own health check, and `others` the root of all other images."""
        self.folder, self.image, self.others, self.work = file.parent, image, others, work
        self.healthcheck = healthcheck
        self.variables = dict(line.split("=", 1) for line in _lines(file.parent / ".env"))
        self.file: dict[str, Any] = self._filled(yaml.safe_load(file.read_text()))  # type: ignore[assignment]
        self.services: dict[str, Any] = self.file["services"]
        self.network = Network()
        self.hosts = work / "hosts"
        self.containers: dict[str, Container] = {}
        self.processes: dict[str, Process] = {}

    def _filled(self, value: object) -> object:
        """Fill ${NAME}, ${NAME:-default} and ${NAME:?message} in, and $$ as a dollar."""
        if isinstance(value, dict):
            return {name: self._filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if not isinstance(value, str):
            return value
        return re.sub(r"\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}", self._variable, value)

    def _variable(self, found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        if (value := self.variables.get(found[1])) is None:
            if found[2] == "?":
                raise SystemExit(found[3])
            value = found[3] or ""
        return value

    def up(self) -> None:
        """Start every service after those that it depends on are as it wants them."""
        for name in self.services:
            self.network.join(name)
        names = [f"{address} {name}" for name, address in self.network.addresses.items()]
        if "nginx" in self.services:
            names.append(f"{self.network.addresses['nginx']} {urlsplit(self.variables['PUBLIC_URL']).hostname}")
            self.network.answer_names("nginx")
        self.hosts.write_text("127.0.0.1 localhost\n" + "\n".join(names) + "\n")
        for name in self._ordered():
            service = self.services[name]
            if unknown := set(service) - KNOWN:
                raise SystemExit(f"{name}: what is {unknown}?")
            for other, wanted in service.get("depends_on", {}).items():
                self.wait(other, wanted["condition"])
            self.containers[name] = self._container(name, service)
            self._prepare(name)
            self.start(name)
        for name in self.services:
            if self._check(name):
                self.wait(name)

    def start(self, name: str) -> None:
        service = self.services[name]
        words = [*(["python3", "-m", "tca_app"] if self._is_console(service) else []), *service["command"]]
        self.processes[name] = self.containers[name].start(self.work / f"{name}.log", *words)

    def _ordered(self) -> Iterator[str]:
        done: list[str] = []
        while len(done) < len(self.services):
            for name, service in self.services.items():
                if name not in done and set(service.get("depends_on", ())) <= set(done):
                    done.append(name)
                    yield name

    def _is_console(self, service: dict[str, Any]) -> bool:
        return "build" in service

    def _container(self, name: str, service: dict[str, Any]) -> Container:
        keeps = "" if service.get("cap_drop") == ["ALL"] else USUAL
        own = {key: str(value) for key, value in service.get("environment", {}).items()}
        mounts = [
            (str(self.hosts), "/etc/hosts", "ro"),
            *(("", target, "tmpfs") for target in service.get("tmpfs", ())),
        ]
        mounts += [
            (str(self.folder / self.file["secrets"][secret]["file"]), f"/run/secrets/{secret}", "ro")
            for secret in service.get("secrets", ())
        ]
        network = self.network.holders[name].pid
        if self._is_console(service):
            container = Container(
                self.image.root, self.image.environment | own, self.image.user, "/app", [], keeps, network
            )
        else:
            user, folder = OTHERS[service["image"].partition(":")[0]]
            path = "/usr/lib/postgresql/18/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            ids = ":".join(run("chroot", self.others, "id", flag, user) for flag in ("-u", "-g"))
            container = Container(self.others, {"PATH": path, "LANG": "C.UTF-8"} | own, ids, folder, [], keeps, network)
        for volume in service.get("volumes", ()):
            source, target, *kind = volume.split(":")
            path = self.folder / source if source.startswith(".") else self._volume(source, container)
            mounts.append((str(path), re.sub("^/var/run/", "/run/", target), *(kind or ["rw"])))
        container.mounts = mounts
        return container

    def _volume(self, name: str, container: Container) -> Path:
        """A volume belongs to the user whose image had its folder first, which is the first that mounts it."""
        path = self.work / "volumes" / name
        if not path.exists():
            path.mkdir(parents=True, mode=0o755)
            os.chown(path, *map(int, container.user.split(":")))
        return path

    def _prepare(self, name: str) -> None:
        """Do what the entry point of the image of PostgreSQL does before it starts the server."""
        container, service = self.containers[name], self.services[name]
        if not service["image"].startswith("postgres:"):
            return
        own = container.environment
        own["PGDATA"] = "/var/lib/postgresql/18/docker"
        passwords = f"--pwfile={own['POSTGRES_PASSWORD_FILE']}"
        container.run("initdb", f"--username={own['POSTGRES_USER']}", passwords, own["POSTGRES_INITDB_ARGS"])
        single = ["postgres", "--single", "-j", "postgres"]
        container.run("sh", "-c", f"echo 'CREATE DATABASE {own['POSTGRES_DB']};' | {' '.join(single)}")

    def _check(self, name: str) -> list[str]:
        service = self.services[name]
        check = service.get("healthcheck", {"test": ["CMD", *self.healthcheck]} if self._is_console(service) else {})
        kind, *words = check.get("test", [""])
        return ["sh", "-c", *words] if kind == "CMD-SHELL" else words

    def is_healthy(self, name: str) -> bool:
        return self.containers[name].succeeds(*self._check(name))

    def wait(self, name: str, condition: str = "service_healthy") -> None:
        process = self.processes[name]
        if condition == "service_completed_successfully":
            if process.popen.wait(300):
                raise SystemExit(f"{name} ended with {process.popen.returncode}: {process.log.read_text()}")
        elif condition == "service_healthy":

            def found() -> bool:
                if process.popen.poll() is not None:
                    raise SystemExit(f"{name} ended: {process.log.read_text()}")
                return self.is_healthy(name)

            until(found, f"{name} is healthy; its log: {process.log}", 240)
        else:
            raise SystemExit(f"{name}: what is {condition}?")

    def exec(self, name: str, *words: object, **settings: object) -> str:
        """Run a command of the console beside a service, with what that has."""
        return self.containers[name].run("python3", "-m", "tca_app", *words, **settings)

    def stop(self, *names: str) -> dict[str, int]:
        """End services (all that run, the last one first) and return their exit codes."""
        running = [name for name, process in self.processes.items() if process.popen.poll() is None]
        return {name: self.processes[name].stop() for name in names or tuple(reversed(running))}

    def close(self) -> None:
        self.stop()
        self.network.close()


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if "=" in line] if path.exists() else []
