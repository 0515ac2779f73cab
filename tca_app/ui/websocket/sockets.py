"""Which session each open websocket of this process acts for, as Gate last saw it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tca_app.ui.url import page_url


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """One tab: the socket, the client token that names its state, its session row, and the page it shows."""

    socket_id: str
    token: str
    session_id: int
    url: str


def socket_of(app: Any, token: str) -> str | None:
    """The socket that answers to a client token go to; None when it is on no socket of this process.

    Not by the public `token_to_sid`: that makes a dict of all sockets each time it is asked.
    """
    record = app.event_namespace._token_manager.token_to_socket.get(token)
    return record.sid if record else None


def holds_token(app: Any, router_data: dict[str, Any]) -> bool:
    """Whether the socket that sent an event is still the one that answers to its client token go to.

    An answer is addressed by token. When the tab closed while its event waited or ran, and somebody else connected with
    the same token, the answer would be theirs.
    """
    now = socket_of(app, router_data.get("token", ""))
    return now is None or now == router_data.get("sid")


class OpenSockets:
    """Bounded by the sockets of this process: `forget_closed` drops the rest."""

    def __init__(self) -> None:
        self._by_socket: dict[str, OpenSocket] = {}

    def __len__(self) -> int:
        return len(self._by_socket)

    def note(self, router_data: dict[str, Any], session_id: int) -> None:
        """Remember the session behind a socket; a socket without one has nothing to cut off."""
        socket_id, token = router_data.get("sid", ""), router_data.get("token", "")
        if session_id and socket_id:
            self._by_socket[socket_id] = OpenSocket(socket_id, token, session_id, page_url(router_data))
        else:
            self._by_socket.pop(socket_id, None)

    def forget_closed(self, open_now: Iterable[str]) -> None:
        """Drop the sockets that are not among those that are open."""
        alive = set(open_now)
        self._by_socket = {key: value for key, value in self._by_socket.items() if key in alive}

    def forget(self, socket_id: str) -> None:
        self._by_socket.pop(socket_id, None)

    def all(self) -> list[OpenSocket]:
        return list(self._by_socket.values())


OPEN_SOCKETS = OpenSockets()
