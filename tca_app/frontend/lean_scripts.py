"""The plugin of Reflex that makes the scripts of a page few and small."""

from typing import Unpack

from reflex_base.plugins import Plugin
from reflex_base.plugins.base import PreCompileContext

VITE, ROOT = "vite.config.js", "app/root.jsx"
_GROUPS = "groups: ["
_ICONS = '{ test: /lucide-react/, name: "icons", minShareCount: 2 },'
_ALL_OF_RADIX = '"@radix-ui/themes": () => import("@radix-ui/themes"),'


class LeanScripts(Plugin):
    """Puts the icons that several pages show into one script, and leaves out the components that no page shows.

    Vite makes a script of each icon: a page would ask for twenty files of 1 kB, six at a time. Reflex imports all of
    Radix for components that the server sends while a page is open, which the console never does.
    """

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        context["add_modify_task"](VITE, with_icons)
        context["add_modify_task"](ROOT, without_all_of_radix)


def with_icons(config: str) -> str:
    """Returns Vite's settings with the script of icons. Raises ValueError if Reflex writes them otherwise."""
    if _GROUPS not in config:
        raise ValueError(f"{VITE} has no groups of scripts")
    return config if _ICONS in config else config.replace(_GROUPS, f"{_GROUPS}{_ICONS}", 1)


def without_all_of_radix(root: str) -> str:
    """Returns the root of the pages without the import of all of Radix. Raises ValueError if there is none."""
    if _ALL_OF_RADIX not in root:
        raise ValueError(f"{ROOT} does not import all of Radix")
    return root.replace(_ALL_OF_RADIX, "", 1)
