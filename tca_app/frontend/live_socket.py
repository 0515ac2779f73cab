"""The plugin of Reflex that hands the live connection to the scripts of the console."""

import json
from functools import partial
from pathlib import Path
from typing import Unpack

import reflex_base
from reflex_base.plugins import Plugin
from reflex_base.plugins.base import PreCompileContext

from tca_app.ui import routes

WEB = Path(reflex_base.__file__).parent / ".templates/web"
EARLY = Path(__file__).with_name("early_connection.js")
# Of scripts of Reflex: each text, and what takes its place.
_CHANGES = {
    "utils/state.js": {
        "import io from ": "import io, { WebSocket as WebSocketTransport } from ",
        "unsavedToken ??= generate": "unsavedToken ??= window.earlySocket?.token ?? generate",
        "let warmSocket = null;\n": "{early}let warmSocket = null;\n",
        "    warmSocket.io.open((error) => {\n      if (error) discardWarmSocket();\n    });\n": (
            "    openEarly(warmSocket, (error) => {\n      if (error) discardWarmSocket();\n    });\n"
        ),
        "  socket.current.auth = bootAuth(true);\n": (
            "  socket.current.auth = bootAuth(true);\n"
            "  window.liveConnection = { socket: socket.current, setErrors: setConnectErrors };\n"
            '  window.dispatchEvent(new Event("live-connection"));\n'
        ),
        "checkVisibility);\n  socket.current.connect();\n": (
            "checkVisibility);\n  if (socket.current.start) socket.current.start();\n  else socket.current.connect();\n"
        ),
        "  const normalized = normalizeEvents(events);\n": (
            "  const normalized = normalizeEvents(events);\n"
            '  window.dispatchEvent(new CustomEvent("queued-events", { detail: normalized }));\n'
        ),
        '    socket.emit("event", encodeFormDataArgs(routed_event));\n': (
            '    socket.emit("event", encodeFormDataArgs(routed_event));\n'
            '    window.dispatchEvent(new Event("sent-event"));\n'
        ),
    },
    # A transition gives way every 5 ms, so that a page that nobody can use yet is drawn again and again meanwhile, and
    # one that is left asks for the data of the next only after it was painted.
    "app/entry.client.js": {
        "startTransition(() => {\n  hydrateRoot(document, createElement(HydratedRouter));\n});": (
            "hydrateRoot(document, createElement(HydratedRouter, { useTransitions: false }));"
        ),
    },
}


class LiveSocket(Plugin):
    """Lets assets/console see what a page sends, and whether the server answers, and connects before React mounts.

    Reflex believes that a connection is open until the browser closes it, which takes minutes when the network drops
    packets.
    """

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        for name in _CHANGES:
            context["add_modify_task"](name, partial(_from_reflex, name))


def _from_reflex(name: str, _script: str) -> str:
    """Returns the changed script of Reflex. What is in the folder of an earlier build may have other changes."""
    return changed(name, (WEB / name).read_text(), _CHANGES[name])


def changed(name: str, script: str, changes: dict[str, str]) -> str:
    """Returns the script of Reflex with the changes. Raises ValueError if it has another form."""
    for old, new in changes.items():
        if script.count(old) != 1:
            raise ValueError(f"{name} has another form: {old.strip()}")
        script = script.replace(old, new.replace("{early}", _early_connection()))
    return script


def _early_connection() -> str:
    """Returns the script, with the parameters of routes: `{"/users/": "person_id"}`."""
    paths = [path for path in vars(routes).values() if isinstance(path, str) and path.endswith("]")]
    parameters = dict(path.removesuffix("]").split("[") for path in paths)
    return f"const PARAMETERS = {json.dumps(parameters)};\n{EARLY.read_text()}\n"
