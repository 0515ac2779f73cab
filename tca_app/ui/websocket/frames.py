"""Validates the frames of a websocket before Engine.IO, Socket.IO and Reflex read them.

Each of these three raises on input that it does not understand, and logs a traceback. Here a frame is either one that
the console's own pages send, or it is dropped and counted.
"""

from collections.abc import Callable
from typing import Any, Literal

import orjson

PONG, CLOSE = "3", "1"
CONNECT, DISCONNECT, EVENT = "40/_event,", "41/_event,", "42/_event,"
NAMES = ("event", "ping", "client_error")
# Called with the name and the payload of an event.
Accepts = Callable[[str, Any], bool]
Kind = Literal["control", "connect", "disconnect", "event"]


class BadFrame(ValueError):
    """A frame that no page of the console sends."""


def read_frame(text: str, accepts: Accepts) -> Kind:
    """Returns the kind of a frame. `accepts` knows the events that pages send. Raises BadFrame."""
    if text in (PONG, CLOSE):
        return "control"
    if text == DISCONNECT:
        return "disconnect"
    if text.startswith(CONNECT):
        _check_connect(_json(text[len(CONNECT) :]), accepts)
        return "connect"
    if text.startswith(EVENT):
        _check_event_packet(_json(text[len(EVENT) :]), accepts)
        return "event"
    raise BadFrame("unknown packet")


def _json(text: str) -> Any:
    try:
        return orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        raise BadFrame("not JSON") from None


def _check_connect(auth: Any, accepts: Accepts) -> None:
    """Checks a CONNECT packet, which contains the first hydrate event."""
    if not isinstance(auth, dict) or not isinstance(auth.get("state_schema"), str | None):
        raise BadFrame("bad CONNECT packet")
    if auth.get("event") is not None:
        _check_event(auth["event"], accepts)


def _check_event_packet(packet: Any, accepts: Accepts) -> None:
    if not isinstance(packet, list) or not packet or packet[0] not in NAMES or len(packet) > 2:
        raise BadFrame("bad EVENT packet")
    if packet[0] == "ping" and len(packet) > 1:
        raise BadFrame("bad EVENT packet")
    if packet[0] == "event":
        _check_event(packet[-1], accepts)


def _check_event(event: Any, accepts: Accepts) -> None:
    if not isinstance(event, dict) or not isinstance(event.get("name"), str):
        raise BadFrame("bad event")
    if not _is_route(event.get("router_data", {})) or not accepts(event["name"], event.get("payload", {})):
        raise BadFrame("unknown event")


def _is_route(route: Any) -> bool:
    """Returns whether this is a valid location of the browser: Reflex reads a path, the URL and the parameters."""
    return (
        isinstance(route, dict)
        and all(isinstance(route.get(name), str | None) for name in ("pathname", "asPath"))
        and isinstance(route.get("query", {}), dict)
    )
