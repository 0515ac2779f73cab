"""The plugin of Reflex that hands the live connection to the scripts of the console."""

from typing import Unpack

from reflex_base.plugins import Plugin
from reflex_base.plugins.base import PreCompileContext

STATE = "utils/state.js"
# Each line of Reflex, and what follows it.
_ADDITIONS = {
    "  socket.current.auth = bootAuth(true);\n": (
        "  window.liveConnection = { socket: socket.current, setErrors: setConnectErrors };\n"
        '  window.dispatchEvent(new Event("live-connection"));\n'
    ),
    "  const normalized = normalizeEvents(events);\n": (
        '  window.dispatchEvent(new CustomEvent("queued-events", { detail: normalized }));\n'
    ),
}


class LiveSocket(Plugin):
    """Lets assets/console see what a page sends, and whether the server answers.

    Reflex believes that a connection is open until the browser closes it, which takes minutes when the network drops
    packets.
    """

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        context["add_modify_task"](STATE, with_live_socket)


def with_live_socket(script: str) -> str:
    """Returns Reflex's event loop with the additions. Raises ValueError if it has another form."""
    for line, addition in _ADDITIONS.items():
        if script.count(line) != 1:
            raise ValueError(f"{STATE} has another form: {line.strip()}")
        if line + addition not in script:
            script = script.replace(line, line + addition)
    return script
