"""Lists and panels that are loaded: the reason of a failure in their place, with a button that tries again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import reflex as rx

from tca_app.core.errors import AppError
from tca_app.ui.components.placeholders import error_state
from tca_app.ui.handlers import unexpected_error


class LoadState(rx.State, mixin=True):
    """Mixin for a state with a handler `load`. List it before the state's base class.

    `load` reads within `_loading`, and the page wraps what it shows in `or_failure`.
    """

    failure: str = ""

    @contextmanager
    def _loading(self) -> Iterator[None]:
        """Keeps why reading failed, or nothing after it succeeded. An unexpected error is raised on, to be logged."""
        try:
            yield
        except AppError as error:
            self.failure = error.detail
        except Exception:
            self.failure = unexpected_error()
            raise
        else:
            self.failure = ""


def or_failure(state: Any, shown: rx.Component) -> rx.Component:
    """Shows why a LoadState could not be loaded, or else `shown`."""
    return rx.cond(state.failure != "", error_state(state.failure, state.load), shown)
