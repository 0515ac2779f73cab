"""The look of the console: the Radix theme, the stylesheet, and the head of every page."""

import hashlib
from pathlib import Path

import reflex as rx
from reflex_base.config import get_config
from reflex_base.constants import CompileContext, Reflex
from reflex_base.environment import environment

ASSETS = Path(__file__).resolve().parents[2] / "assets"
MISSING_FILES = Path(__file__).with_name("missing_files.js")
EARLY_SOCKET = Path(__file__).with_name("early_socket.js")
STYLESHEETS = ["/icons.css", "/console.css"]
# Over plain http, and in old browsers, there are none. Said before the first paint, so that nothing moves.
NO_PASSKEYS = 'if (!window.PublicKeyCredential) document.documentElement.dataset.noPasskeys = "";'
# Filled by assets/console/drafts/leaving.js. The window calls its listeners in the order in which they were added, also
# those of the capture phase; React Router and Reflex must not see what a form with typed text prevents.
FIRST_LISTENERS = (
    "window.firstListeners = {};"
    'for (const name of ["popstate", "beforeunload"]) addEventListener(name, (event) => firstListeners[name]?.(event));'
)
# The palettes that console.css and the theme use. The build drops palettes that no Python source names.
PALETTES = ("indigo", "slate", "green", "amber", "red")


def radix_theme() -> rx.Component:
    """The theme for `RadixThemesPlugin(theme=radix_theme())` in rxconfig.py. It follows the system's mode."""
    return rx.theme(accent_color=PALETTES[0], gray_color=PALETTES[1], radius="medium", panel_background="solid")


def _api_port() -> dict[str, str]:
    """Returns the port of the API, which the scripts call: under `reflex run` it is a separate port."""
    if environment.REFLEX_COMPILE_CONTEXT.get() is CompileContext.EXPORT:
        return {}
    return {"data-api-port": str(get_config().backend_port)}


def _of_one_port() -> list[rx.Component]:
    """The live connection and the manifest, which the API serves: under `reflex run` it is at another port."""
    if environment.REFLEX_COMPILE_CONTEXT.get() is not CompileContext.EXPORT:
        return []
    return [
        rx.el.script(EARLY_SOCKET.read_text().replace("VERSION", Reflex.VERSION)),
        rx.el.link(rel="manifest", href="/manifest.webmanifest"),
    ]


def head_components() -> list[rx.Component]:
    """The head for `rx.App(head_components=...)`. The script's URL has a hash of all its modules."""
    scripts = b"".join(path.read_bytes() for path in sorted(ASSETS.glob("console/**/*.js")))
    version = hashlib.sha256(scripts).hexdigest()[:12]
    return [
        rx.el.script(MISSING_FILES.read_text()),
        rx.el.script(NO_PASSKEYS),
        rx.el.script(FIRST_LISTENERS),
        rx.el.link(rel="icon", href="/favicon.ico", sizes="32x32"),
        rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml"),
        rx.el.link(rel="apple-touch-icon", href="/apple-touch-icon.png"),
        *_of_one_port(),
        rx.el.meta(name="color-scheme", content="light dark"),
        rx.el.meta(name="robots", content="noindex"),
        rx.el.script(src=f"/console/main.js?v={version}", type="module", custom_attrs=_api_port()),
    ]
