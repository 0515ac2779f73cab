"""Containers without an engine: a read-only root, mounts, processes and a network of their own. Needs root on Linux."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

# What an engine leaves to root in a container.
USUAL = (
    "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod"
    " audit_write setfcap"
)
ENTER = """
set -eu
root=$1; shift
mount --make-rprivate /
mount --bind "$root" "$root"
# Busy while the kernel notes the time of an access.
for _ in 1 2 3 4 5; do mount -o remount,bind,ro "$root" && break; sleep 0.2; done
[ ! -w "$root" ]
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
  case $3 in
    tmpfs) mount -t tmpfs -o mode=1777 tmpfs "$root$2" ;;
    *) mount --bind "$1" "$root$2" && mount -o "remount,bind,$3" "$root$2" ;;
  esac
  shift 3
done
shift
exec chroot "$root" "$@"
"""


def run(*words: object) -> str:
    return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def until(found: Callable[[], object], what: str, seconds: float = 120) -> object:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if value := found():
                return value
        except OSError:
            pass
        time.sleep(0.5)
    raise SystemExit(f"Not within {seconds:.0f} s: {what}")


@dataclass
class Container:
    """Where and how processes run. `mounts` are (source, target, `ro`, `rw` or `tmpfs`)."""

    root: Path
    environment: dict[str, str]
    user: str = "0:0"
    folder: str = "/"
    mounts: list[tuple[str, str, str]] = field(default_factory=list)
    keeps: str = USUAL  # capabilities
    network: int = 0  # the process whose network it is in; 0: that of the machine
    process: "Process | None" = None  # beside it others run, as `exec` of an engine does

    def _new(self) -> list[str]:
        mounts = [("/etc/hosts", "/etc/hosts", "ro"), *self.mounts]
        for source, target, _kind in mounts:
            self._make(target, is_file=bool(source) and Path(source).is_file())
        network = ["nsenter", "--target", str(self.network), "--net"] if self.network else []
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", ENTER, "enter", str(self.root)]
        return [*network, *enter, *(word for mount in mounts for word in mount), "--"]

    def command(self, words: Iterable[object], settings: dict[str, object], *, new: bool = False) -> list[str]:
        pid = 0 if new or not self.process else self.process.inside()
        beside = ["nsenter", "--target", str(pid), "--mount", "--pid", "--net", "chroot", str(self.root)]
        uid, gid = self.user.split(":")
        bounds = ",".join(["-all", *(f"+{name}" for name in self.keeps.split())])
        return [
            *(beside if pid else self._new()),
            *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", f"--bounding-set={bounds}"),
            *("--inh-caps=-all", "--no-new-privs", "env", "-i", f"--chdir={self.folder}"),
            *(f"{name}={value}" for name, value in (self.environment | settings).items()),
            *(str(word) for word in words),
        ]

    def _make(self, target: str, *, is_file: bool) -> None:
        """Make the place of a mount, as an engine does."""
        place = self.root / target.lstrip("/")
        (place.parent if is_file else place).mkdir(parents=True, exist_ok=True)
        if is_file:
            place.touch()

    def run(self, *words: object, **settings: object) -> str:
        """Run a command to its end, and return its output."""
        done = subprocess.run(self.command(words, settings), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def succeeds(self, *words: object, **settings: object) -> bool:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.run(self.command(words, settings), **quiet).returncode == 0  # type: ignore[call-overload]

    def start(self, log: Path, *words: object) -> "Process":
        self.process = Process(self.command(words, {}, new=True), log)
        return self.process


class Process:
    def __init__(self, command: list[str], log: Path) -> None:
        self.log = log
        with log.open("a") as out:
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def stop(self, signal: int = 15) -> int:
        """Send a signal to the process itself, below unshare, and return the exit code."""
        if pid := self.inside():
            os.kill(pid, signal)
        return self.popen.wait(60)

    def inside(self) -> int:
        """The process itself, below unshare; 0 when it has ended."""
        if self.popen.poll() is not None:
            return 0
        children = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text().split()
        return int(children[0]) if children else 0


class Network:
    """A bridge, as Compose makes one: each member has an address, and asks for the others by name at 127.0.0.11."""

    def __init__(self) -> None:
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "bridge", "type", "bridge")
        run("ip", "addr", "add", "10.89.0.1/24", "dev", "bridge")
        run("ip", "link", "set", "bridge", "up")
        self.holders: dict[str, subprocess.Popen[bytes]] = {}
        self.addresses: dict[str, str] = {}

    def join(self, name: str) -> int:
        """Make the network of a container, and return the process that holds it."""
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != own, f"the network of {name}")
        number = len(self.holders) + 2
        self.holders[name], self.addresses[name] = holder, f"10.89.0.{number}"
        run("ip", "link", "add", f"to-{number}", "type", "veth", "peer", "name", "eth0", "netns", holder.pid)
        run("ip", "link", "set", f"to-{number}", "master", "bridge", "up")
        inside = f"ip addr add 10.89.0.{number}/24 dev eth0 && ip link set eth0 up && ip link set lo up"
        run("nsenter", "--target", holder.pid, "--net", "sh", "-c", inside)
        return holder.pid

    def answer_names(self, member: str) -> None:
        """Answer DNS in the network of a member; others find names in /etc/hosts."""
        names = [f"{name}={address}" for name, address in self.addresses.items()]
        place = ["nsenter", "--target", str(self.holders[member].pid), "--net"]
        program = str(Path(__file__).with_name("names.py"))
        self.holders[f"names of {member}"] = subprocess.Popen([*place, sys.executable, program, *names])

    def close(self) -> None:
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
        run("ip", "link", "del", "bridge")
