"""Limits on websockets, in front of Reflex: how many one caller may open, and what each may send.

A caller is a signed-in session, or an IP address without one: a company behind one address has many tabs.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.core.telemetry.sampling import SampledLog
from tca_app.features.auth.service import Client
from tca_app.ui.websocket.frames import CONNECT, Accepts, BadFrame, read_frame

MAX_FRAME = 1024 * 1024
MAX_ERRORS = 10
MAX_SESSION_SOCKETS = 200
MAX_CALLERS = 10_000  # maximum number of remembered callers
FRAME_UNIT = 16 * 1024  # a longer frame counts as several
CONNECT_COST = 4  # enough to load a whole page
TOO_BIG, REFUSED = 1009, 1008

log = SampledLog(__name__)
Identify = Callable[[str, Client], Awaitable[str]]


@dataclass(slots=True)
class Bucket:
    """A token bucket: `rate` per second in the long run, `burst` at once."""

    rate: float
    burst: float
    level: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level, self.at = self.burst, monotonic()

    def take(self, cost: float = 1) -> bool:
        now = monotonic()
        self.level, self.at = min(self.burst, self.level + (now - self.at) * self.rate), now
        if self.level < cost:
            return False
        self.level -= cost
        return True

    def is_full(self) -> bool:
        return self.level + (monotonic() - self.at) * self.rate >= self.burst


@dataclass(slots=True)
class _Caller:
    """A session or an IP address."""

    sockets: int = 0
    handshakes: Bucket = field(default_factory=lambda: Bucket(rate=20, burst=500))
    frames: Bucket = field(default_factory=lambda: Bucket(rate=100, burst=1_000))

    def is_idle(self) -> bool:
        return self.sockets == 0 and self.handshakes.is_full() and self.frames.is_full()


class SocketLimits:
    """ASGI middleware around the pages. `identify` returns the name of a cookie's session, or ""."""

    def __init__(self, app: ASGIApp, accepts: Accepts, identify: Identify, max_anonymous_sockets: int) -> None:
        self.app, self.accepts, self.identify = app, accepts, identify
        self.max_anonymous_sockets = max_anonymous_sockets
        self._callers: dict[str, _Caller] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        client: Client = scope["client_info"]
        caller = self._caller(network_of(client.ip))
        if not caller.handshakes.take():
            await _refuse(send, client, "too many handshakes")
            return
        cookie = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
        session = await self.identify(cookie_in(cookie, cookie_name()), client)
        limit = self.max_anonymous_sockets
        if session:
            caller, limit = self._caller(session), MAX_SESSION_SOCKETS
        if caller.sockets >= limit:
            await _refuse(send, client, "too many sockets", limit=limit, is_signed_in=bool(session))
            return
        caller.sockets += 1
        try:
            socket = _Socket(receive, send, client, caller.frames, self.accepts)
            await self.app(scope, socket.receive, socket.send)
        finally:
            caller.sockets -= 1

    def _caller(self, key: str) -> _Caller:
        if len(self._callers) >= MAX_CALLERS:
            self._callers = {known: caller for known, caller in self._callers.items() if not caller.is_idle()}
        return self._callers.setdefault(key, _Caller())


def network_of(ip: str) -> str:
    """Returns the address, or the /64 of an IPv6 address, which belongs to one subscriber."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip[:50]
    if isinstance(address, IPv6Address) and address.ipv4_mapped:  # how a dual-stack socket names an IPv4 peer
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else ip


async def _refuse(send: Send, client: Client, why: str, **about: object) -> None:
    log.warning("ui.socket_refused", why=why, address=client.ip, **about)
    await send({"type": "websocket.close", "code": REFUSED, "reason": why})


class _Socket:
    """One websocket: passes on the frames that a page sends, drops others, and closes when there are too many."""

    def __init__(self, receive: Receive, send: Send, client: Client, shared: Bucket, accepts: Accepts) -> None:
        self._receive, self._send, self.client, self.accepts = receive, send, client, accepts
        self.frames = (Bucket(rate=50, burst=250), shared)
        self.errors = 0
        self.is_connected = self.is_closed = False

    async def receive(self) -> Message:
        """Returns the next valid frame, or a disconnect when the socket is cut off."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            text = message.get("text")
            size = len(text if text is not None else message.get("bytes") or b"")
            if size > MAX_FRAME:
                return await self._cut(TOO_BIG, "frame too large")
            cost = 1 + size // FRAME_UNIT + (CONNECT_COST if (text or "").startswith(CONNECT) else 0)
            if not all(frames.take(cost) for frames in self.frames):
                return await self._cut(REFUSED, "too many frames")
            try:
                self._check(text)
                return message
            except BadFrame as error:
                self.errors += 1
                log.warning("ui.bad_frame", why=str(error), address=self.client.ip)
            if self.errors >= MAX_ERRORS:
                return await self._cut(REFUSED, "too many bad frames")

    def _check(self, text: str | None) -> None:
        if text is None:
            raise BadFrame("binary frame")
        kind = read_frame(text, self.accepts)
        if kind == "connect":
            if self.is_connected:
                raise BadFrame("connected already")
            self.is_connected = True
        elif kind == "event" and not self.is_connected:
            raise BadFrame("not connected")
        elif kind == "disconnect":
            self.is_connected = False

    async def send(self, message: Message) -> None:
        if self.is_closed:
            return
        if (message.get("text") or "").startswith("41"):
            self.is_connected = False  # the server closed the namespace; the page may connect it again
        await self._send(message)

    async def _cut(self, code: int, why: str) -> Message:
        log.warning("ui.socket_cut", why=why, address=self.client.ip)
        await self.send({"type": "websocket.close", "code": code, "reason": why})
        self.is_closed = True
        return {"type": "websocket.disconnect", "code": code}
