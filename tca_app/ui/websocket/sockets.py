"""The open websockets of this process, each with the session that Gate last resolved."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import reflex as rx
from reflex.app import EventNamespace
from reflex.event import Event

from tca_app.ui.url import page_url


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """One tab: its socket, the client token of its state, its session, its page, and whom the viewer acts as, or 0."""

    socket_id: str
    token: str
    session_id: int
    url: str
    acting_for: int = 0


def namespace_of(app: rx.App) -> EventNamespace:
    """Returns the namespace of the live connections, which an app has once its states are set up."""
    if app.event_namespace is None:
        raise RuntimeError("the app serves no live connections")
    return app.event_namespace


def socket_of(app: Any, token: str) -> str | None:
    """Returns the socket that gets the responses of a client token, or None without one in this process.

    It avoids the public `token_to_sid`, which builds a dict of all sockets at each access.
    """
    record = namespace_of(app)._token_manager.token_to_socket.get(token)
    return record.sid if record else None


def holds_token(app: Any, router_data: dict[str, Any]) -> bool:
    """Returns whether the socket that sent an event still gets the responses of its client token.

    A response is addressed by token. If the tab closed while its event waited or ran and somebody else connected with
    the same token, they would get the response.
    """
    now = socket_of(app, router_data.get("token", ""))
    return now is None or now == router_data.get("sid")


class OpenSockets:
    """The open sockets of this process. `forget_closed` drops the others."""

    def __init__(self) -> None:
        self._by_socket: dict[str, OpenSocket] = {}
        self._held: dict[str, Event] = {}
        self._unserved: dict[str, tuple[str, dict[str, Any]]] = {}

    def __len__(self) -> int:
        return len(self._by_socket)

    def note(self, router_data: dict[str, Any], session_id: int, acting_for: int = 0) -> None:
        """Stores the session of a socket. A socket without one has nothing to cut off."""
        socket_id, token = router_data.get("sid", ""), router_data.get("token", "")
        if session_id and socket_id:
            self._by_socket[socket_id] = OpenSocket(socket_id, token, session_id, page_url(router_data), acting_for)
        else:
            self._by_socket.pop(socket_id, None)

    def lead_to(self, socket_id: str, url: str) -> None:
        """Sets the page to which the browser goes when the socket is closed, until the next event."""
        if socket := self._by_socket.get(socket_id):
            self._by_socket[socket_id] = replace(socket, url=url)

    def hold(self, socket_id: str, event: Event) -> None:
        """Keeps the last event that waits for a proof of identity, here and in no state: it may hold a secret."""
        self._held[socket_id] = event

    def take_held(self, socket_id: str) -> Event | None:
        return self._held.pop(socket_id, None)

    def note_unserved(self, token: str, router_data: dict[str, Any]) -> None:
        """Keeps a tab whose event found no PostgreSQL or no Redis, with its cookie, until its page can be loaded."""
        self._unserved[router_data.get("sid", "")] = token, router_data

    @property
    def has_unserved(self) -> bool:
        return bool(self._unserved)

    def take_unserved(self) -> dict[str, dict[str, Any]]:
        """Returns the client tokens of these tabs with the router data of their events, and forgets them."""
        taken, self._unserved = self._unserved, {}
        return dict(taken.values())

    def forget_closed(self, open_now: Iterable[str]) -> None:
        """Drops the sockets that are no longer open."""
        alive = set(open_now)
        self._by_socket = {key: value for key, value in self._by_socket.items() if key in alive}
        self._held = {key: value for key, value in self._held.items() if key in alive}
        self._unserved = {key: value for key, value in self._unserved.items() if key in alive}

    def forget(self, socket_id: str) -> None:
        self._held.pop(socket_id, None)
        self._by_socket.pop(socket_id, None)

    def all(self) -> list[OpenSocket]:
        return list(self._by_socket.values())


OPEN_SOCKETS = OpenSockets()
