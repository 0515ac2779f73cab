"""A button with a menu."""

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex_base.constants import MemoizationMode


class MenuOnDemand(rx.Component):
    """The component of assets/console/menu-on-demand.js."""

    library = "$/public/console/menu-on-demand.js"
    tag = "MenuOnDemand"

    _memoization_mode = MemoizationMode(recursive=False)


def menu(button: Callable[[], rx.Component], *items: Any, **content: Any) -> rx.Component:
    """`button()` is called twice: for the button that is drawn at first, and for that of the menu.

    The menu is made when it is first opened.
    """
    return MenuOnDemand.create(
        button(), rx.menu.root(rx.menu.trigger(button()), rx.menu.content(*items, **{"align": "end"} | content))
    )
