"""The plugin of Reflex that keeps a page as it is drawn when only its address changes."""

from typing import Unpack

from reflex.compiler import utils
from reflex_base.plugins import Plugin
from reflex_base.plugins.base import PreCompileContext

_EXPORT = "export default Component;"
_KEPT = 'import { memo } from "react";\nexport default memo(Component, () => true);'


class SteadyPages(Plugin):
    """Lets React Router draw a page again only when it is another page.

    It draws a page at every change of its address, which nothing on it reads: sorting a list or turning its page drew
    the whole page before the server was asked. The parts of a page draw themselves when their state changes, and a
    page has no parameters but those of React Router, which it does not use.
    """

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        for page in context["unevaluated_pages"]:
            context["add_modify_task"](utils.get_page_path(page.route), steady)


def steady(page: str) -> str:
    """Returns the script of a page that is drawn once. Raises ValueError if Reflex exports it otherwise."""
    if page.count(_EXPORT) != 1:
        raise ValueError("a page has another export")
    return page.replace(_EXPORT, _KEPT)
