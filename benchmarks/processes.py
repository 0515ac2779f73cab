"""CPU time and memory of servers and of the processes that they started."""

from collections.abc import Mapping, Sequence

import psutil


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu_s(pid: int) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _tree(pid))


def memory_mb(pid: int) -> float:
    """Return the resident memory. Pages that processes share are counted for each of them."""
    return sum(process.memory_info().rss for process in _tree(pid)) / 2**20


class CpuUse:
    """CPU time of named groups of servers, and of the load in this process, since the start or the last `per`."""

    def __init__(self, groups: Mapping[str, Sequence[int]]) -> None:
        self._groups = groups
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        used = {name: sum(map(cpu_s, pids)) for name, pids in self._groups.items()}
        return used | {"load": sum(psutil.Process().cpu_times()[:2])}

    def per(self, requests: int) -> str:
        """Return the CPU time of each group in milliseconds, divided by `requests`."""
        before, self._before = self._before, self._now()
        return ", ".join(f"{name} {(self._before[name] - before[name]) * 1e3 / requests:.2f}" for name in before)
