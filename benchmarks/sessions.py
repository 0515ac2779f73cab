"""Opens UI sessions without a browser: a websocket client with the subset of socket.io that Reflex uses."""

import asyncio
import json
import time
from typing import Any
from uuid import uuid4

import simple_websocket
from reflex.state import State
from reflex_base.utils.format import format_event_handler

NAMESPACE = "/_event"


class Session:
    """One tab. `heard` has the time and text of every update that it received."""

    def __init__(self, socket: Any, sign: str) -> None:
        self._socket = socket
        self._sign = sign
        self.heard: list[tuple[float, str]] = []
        self.loaded = asyncio.Event()  # the data of the page has arrived
        self.news = asyncio.Event()  # set at every update

    @classmethod
    async def open(cls, base: str, cookie: str, path: str, sign: str = "rows_rx_state_") -> "Session":
        """Connect with a session cookie and load a page as a browser does. `sign` marks the update of the load."""
        url = f"{base.replace('http', 'ws', 1)}{NAMESPACE}/?EIO=4&transport=websocket&token={uuid4()}"
        headers = {"Cookie": cookie, "Origin": base}
        session = cls(await simple_websocket.AioClient.connect(url, headers=headers, max_message_size=None), sign)
        await session._expect("0")
        await session._socket.send(f"40{NAMESPACE},")
        await session._expect(f"40{NAMESPACE}")
        await session._load(path)
        return session

    async def _expect(self, start: str) -> str:
        while True:
            text = await self._receive()
            if text.startswith(start):
                return text

    async def _receive(self) -> str:
        while True:
            text = str(await self._socket.receive())
            if text != "2":
                return text
            await self._socket.send("3")  # the answer to a ping

    async def _load(self, path: str) -> None:
        event = {
            "name": format_event_handler(State.event_handlers["hydrate_and_load"]),
            "payload": {},
            "router_data": {"pathname": path, "query": {}, "asPath": path},
        }
        await self._socket.send(f"42{NAMESPACE}," + json.dumps(["event", event]))

    async def listen(self) -> None:
        """Record updates until the connection ends."""
        while True:
            try:
                text = await self._receive()
            except simple_websocket.ConnectionClosed:
                return
            if text.startswith(f"42{NAMESPACE}"):
                self.heard.append((time.time(), text))
                self.news.set()
                if self._sign in text:
                    self.loaded.set()

    async def close(self) -> None:
        await self._socket.close()
