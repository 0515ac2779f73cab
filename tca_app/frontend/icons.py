"""The plugin of Reflex that puts the icons into one script."""

from typing import Unpack

from reflex_base.plugins import Plugin
from reflex_base.plugins.base import PreCompileContext

CONFIG = "vite.config.js"
_GROUPS = "groups: ["
_ICONS = '{ test: /lucide-react/, name: "icons", minShareCount: 2 },'


class OneScriptOfIcons(Plugin):
    """Puts the icons that several pages show into one script.

    Vite makes a script of each: a page would ask for twenty files of 1 kB, six at a time.
    """

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        context["add_modify_task"](CONFIG, with_icons)


def with_icons(config: str) -> str:
    """Returns Vite's settings with the script of icons. Raises ValueError if Reflex writes them otherwise."""
    if _GROUPS not in config:
        raise ValueError(f"{CONFIG} has no groups of scripts")
    return config if _ICONS in config else config.replace(_GROUPS, f"{_GROUPS}{_ICONS}", 1)
