"""Limits on one caller's websockets; others are not affected."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tca_app.core.telemetry import sampling
from tca_app.features.auth.service import Client
from tca_app.ui.websocket import limits as socket_limits
from tca_app.ui.websocket.frames import BadFrame, read_frame
from tca_app.ui.websocket.limits import MAX_ERRORS, MAX_FRAME, Bucket, SocketLimits, network_of
from tests.logs import lines_of, written_log

EVENT = {
    "name": "notes.load",
    "payload": {},
    "router_data": {"pathname": "/notes", "asPath": "/notes?x=1", "query": {}},
}
CONNECT = "40/_event,"


def accepts(name: str, payload: Any) -> bool:
    return name == "notes.load" and isinstance(payload, dict)


def event_frame(**changes: Any) -> str:
    return f"42/_event,{orjson.dumps(['event', EVENT | changes]).decode()}"


GOOD_FRAMES = [
    "3",
    "1",
    CONNECT,
    f"{CONNECT}{orjson.dumps({'event': EVENT, 'state_schema': 'a'}).decode()}",
    "41/_event,",
    event_frame(),
    event_frame(router_data={"pathname": "/", "asPath": "/", "query": {"a": "b"}}),
    '42/_event,["ping"]',
    '42/_event,["client_error",{"message":"x"}]',
]
BAD_FRAMES = [
    "",
    "2",
    "5",
    "6",
    "4",
    "9x",
    "40",
    "40/other,",
    f"{CONNECT}[]",
    f"{CONNECT}" + '{"event":7}',
    f"{CONNECT}" + '{"state_schema":{}}',
    "42/_event,",
    "42/_event,{}",
    "42/_event,[]",
    '42/_event,["event"]',
    '42/_event,["event","x"]',
    '42/_event,["event",{"name":"notes.load"},1]',
    '42/_event,["connect",{}]',
    '42/_event,["ping",1]',
    '42/_event,7["event",{}]',
    "42/_event," + "[" * 5_000,
    "42/_event,[NaN]",
    '42/_event,["event",{"name":"\\ud800"}]',
    event_frame(name="notes.drop"),
    event_frame(name=7),
    event_frame(payload=[]),
    event_frame(router_data="x"),
    event_frame(router_data={"pathname": 7}),
    event_frame(router_data={"asPath": {}}),
    event_frame(router_data={"query": []}),
    '43/_event,1["x"]',
    '45/_event,1-["event",{"_placeholder":true,"num":0}]',
]


@pytest.mark.parametrize("frame", GOOD_FRAMES)
def test_what_a_page_sends_is_read(frame: str) -> None:
    read_frame(frame, accepts)


@pytest.mark.parametrize("frame", BAD_FRAMES)
def test_what_no_page_sends_is_refused(frame: str) -> None:
    with pytest.raises(BadFrame):
        read_frame(frame, accepts)


class Page:
    """Stands for Reflex: keeps the frames that reach it, until its socket ends."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.open = 0

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        self.open += 1
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.frames.append(message["text"])
        self.open -= 1
        await send({"type": "websocket.send", "text": "after the end"})


_served: set[asyncio.Task[None]] = set()  # as a server does: the event loop keeps only weak references to tasks


class Socket:
    """A client. `cookie` is the name of its session, "" for a stranger."""

    def __init__(self, limits: SocketLimits, ip: str = "203.0.113.7", cookie: str = "") -> None:
        self.incoming: asyncio.Queue[Any] = asyncio.Queue()
        self.sent: list[Any] = []
        scope = {"type": "websocket", "headers": [(b"cookie", f"sid={cookie}".encode())], "client_info": _client(ip)}
        self.task = asyncio.create_task(limits(scope, self.incoming.get, self._keep))
        _served.add(self.task)
        self.task.add_done_callback(_served.discard)

    async def _keep(self, message: Any) -> None:
        self.sent.append(message)

    def send(self, *frames: str | bytes) -> None:
        for frame in frames:
            kind = "text" if isinstance(frame, str) else "bytes"
            self.incoming.put_nowait({"type": "websocket.receive", kind: frame})

    async def settled(self) -> list[str]:
        """What was sent once everything that came in was read, or the socket was cut."""
        while not (self.incoming.empty() or self.task.done()):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        return [message["type"].removeprefix("websocket.") for message in self.sent]

    async def leave(self) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect"})
        await self.task


def _client(ip: str) -> Client:
    return Client(ip=ip, user_agent="", request_id="", device="")


async def _session(cookie: str, _client: Client) -> str:
    return cookie


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def limits(page: Page) -> SocketLimits:
    return SocketLimits(page, accepts, _session, max_anonymous_sockets=5)


async def test_a_socket_that_floods_is_cut_and_others_are_not(limits: SocketLimits, page: Page) -> None:
    loud, quiet = Socket(limits), Socket(limits)
    quiet.send(CONNECT, event_frame())
    loud.send(CONNECT, *[event_frame()] * 2_000)
    assert await loud.settled() == ["accept", "close"]
    assert loud.sent[-1]["code"] == 1008
    assert await quiet.settled() == ["accept"]
    assert 100 < len(page.frames) < 300
    await asyncio.gather(loud.task, quiet.leave())


async def test_fifty_events_a_second_are_fine() -> None:
    bucket, now = Bucket(rate=50, burst=250), 0.0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket_limits, "monotonic", lambda: now)
        bucket.at = now
        for _ in range(3_000):
            now += 1 / 50
            assert bucket.take()


async def test_many_sockets_together_send_no_more_than_their_caller_may(limits: SocketLimits, page: Page) -> None:
    sockets = [Socket(limits, cookie="kim") for _ in range(20)]
    for socket in sockets:
        socket.send(CONNECT, *[event_frame()] * 200)
    assert ["close" in await socket.settled() for socket in sockets].count(True) > 10
    assert len(page.frames) < 1_200
    for socket in sockets:
        await socket.leave()


async def test_a_frame_of_more_than_a_megabyte_ends_the_socket(limits: SocketLimits, page: Page) -> None:
    socket = Socket(limits)
    socket.send(CONNECT, "x" * (MAX_FRAME + 1))
    assert await socket.settled() == ["accept", "close"]
    assert socket.sent[-1]["code"] == 1009
    assert page.frames == [CONNECT]


async def test_large_frames_count_as_several(limits: SocketLimits, page: Page) -> None:
    socket = Socket(limits)
    large = event_frame(payload={"text": "x" * 900_000})
    socket.send(CONNECT, *[large] * 50)
    assert await socket.settled() == ["accept", "close"]
    assert len(page.frames) < 10


async def test_bad_frames_are_dropped_and_counted(limits: SocketLimits, page: Page) -> None:
    with written_log() as text:
        socket = Socket(limits)
        socket.send(CONNECT, b"binary", *["42/_event,{"] * (MAX_ERRORS - 2), event_frame())
        assert await socket.settled() == ["accept"]
        socket.send("rubbish")
        assert await socket.settled() == ["accept", "close"]
    assert page.frames == [CONNECT, event_frame()]
    assert "Traceback" not in text.getvalue()
    assert len(lines_of(text)) < MAX_ERRORS


async def test_an_event_before_the_connection_is_a_bad_frame(limits: SocketLimits, page: Page) -> None:
    socket = Socket(limits)
    socket.send(event_frame(), CONNECT, event_frame(), "41/_event,", event_frame(), CONNECT, CONNECT)
    await socket.settled()
    assert page.frames == [CONNECT, event_frame(), "41/_event,", CONNECT]
    await socket.leave()


async def test_strangers_of_one_address_open_a_few_sockets(limits: SocketLimits, page: Page) -> None:
    sockets = [Socket(limits) for _ in range(8)]
    assert [await socket.settled() for socket in sockets] == [["accept"]] * 5 + [["close"]] * 3
    elsewhere = Socket(limits, ip="203.0.113.8")
    assert await elsewhere.settled() == ["accept"]
    await sockets[0].leave()
    assert await Socket(limits).settled() == ["accept"]
    assert page.open == 6


async def test_people_behind_one_address_have_as_many_tabs_as_they_like(limits: SocketLimits, page: Page) -> None:
    sockets = [Socket(limits, cookie=f"person {number // 20}") for number in range(200)]
    assert [await socket.settled() for socket in sockets] == [["accept"]] * 200
    assert page.open == 200
    for socket in sockets:
        await socket.leave()


async def test_one_session_does_not_open_sockets_without_end(limits: SocketLimits) -> None:
    sockets = [Socket(limits, cookie="kim") for _ in range(socket_limits.MAX_SESSION_SOCKETS + 3)]
    assert [await socket.settled() for socket in sockets].count(["close"]) == 3


async def test_reconnecting_without_end_is_refused(limits: SocketLimits) -> None:
    refused = 0
    for _ in range(600):
        socket = Socket(limits)
        refused += "close" in await socket.settled()
        await socket.leave()
    assert refused > 50


async def test_closed_sockets_are_forgotten(monkeypatch: pytest.MonkeyPatch, limits: SocketLimits) -> None:
    monkeypatch.setattr(socket_limits, "MAX_CALLERS", 10)
    now = 0.0
    monkeypatch.setattr(socket_limits, "monotonic", lambda: now)
    for number in range(100):
        socket = Socket(limits, ip=f"203.0.113.{number}")
        await socket.settled()
        await socket.leave()
        now += 1
    assert len(limits._callers) <= 11


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_caller_is_its_network(ip: str, network: str) -> None:
    assert network_of(ip) == network


async def test_refusals_are_logged_once_in_a_while(
    monkeypatch: pytest.MonkeyPatch, limits: SocketLimits, clock: Callable[[float], None]
) -> None:
    monkeypatch.setattr(socket_limits, "log", sampling.SampledLog("x"))
    with written_log() as text:
        for _ in range(40):
            await Socket(limits).settled()
        clock(sampling.EVERY_S)
        await Socket(limits).settled()
    first, second = (line for line in lines_of(text) if line["event"] == "ui.socket_refused")
    assert (first["address"], first["limit"]) == ("203.0.113.7", 5)
    assert "skipped" not in first
    assert second["skipped"] == 34


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1_000.0]
    monkeypatch.setattr(sampling, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)
