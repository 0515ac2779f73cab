"""CPU time and memory of a server and of the processes that it started."""

import psutil


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu_s(pid: int) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _tree(pid))


def memory_mb(pid: int) -> float:
    """Return the resident memory. Pages that processes share are counted for each of them."""
    return sum(process.memory_info().rss for process in _tree(pid)) / 2**20
