"""Sends requests over HTTP/1.1 with little CPU, so that a load leaves the machine to what it measures."""

import asyncio
import json
from urllib.parse import urlsplit

TIMEOUT_S = 30
FAILURES = (OSError, TimeoutError, asyncio.IncompleteReadError)


class Connections:
    """Open connections to one server, as many as there are requests at a time. Answers have a Content-Length."""

    def __init__(self, url: str, header: dict[str, str]) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname, parts.port
        lines = {"Host": parts.netloc, "Content-Type": "application/json"} | header
        self._header = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def status_of(self, method: str, path: str, body: object = None) -> int:
        """Send a request, read its response and return the status. Raises one of FAILURES."""
        content = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\n{self._header}Content-Length: {len(content)}\r\n\r\n"
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = self._open_one() or await asyncio.open_connection(*self._address)
            try:
                writer.write(head.encode() + content)
                answer = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0]))
            except BaseException:
                writer.close()
                raise
        if b"\r\nconnection: close" in answer:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(answer[9:12])

    def _open_one(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """An idle connection that the server has not closed."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
