"""How the viewer sees a list: which columns, and how high the rows are. It is kept for each person and list."""

from collections.abc import Sequence
from typing import Any, ClassVar

import reflex as rx

from tca_app.core.database.session import Session, transaction
from tca_app.core.errors import Invalid
from tca_app.core.language.messages import _
from tca_app.core.lists.query import TableSpec
from tca_app.features.list_preferences.schemas import MAX_HIDDEN, ListPreferenceUpdate
from tca_app.features.list_preferences.service import read_preference, save_preference
from tca_app.ui.components.basic import icon_button
from tca_app.ui.components.text import t
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionMixin
from tca_app.ui.var import as_var


class PreferenceState(SessionMixin, mixin=True):
    """Mixin of a table whose spec has a `name` and names the columns that may be hidden."""

    hidden_columns: list[str] = []
    is_compact: bool = False

    _knows_preference: bool = False
    _spec: ClassVar[TableSpec]

    async def _read_preference(self, session: Session) -> None:
        """Reads the preference with the first page; later this state knows it."""
        if self._spec.name and not self._knows_preference:
            found = await read_preference(session, self._as_actor(), self._spec.name)
            self.hidden_columns, self.is_compact, self._knows_preference = found.hidden, found.is_compact, True

    def _may_hide(self, key: str) -> bool:
        """Whether a column may be hidden. A list whose columns are data knows them itself."""
        return key in self._spec.optional

    def _on_columns(self) -> Events:
        """Returns what follows on another choice of columns. Nothing, where the browser hides them."""
        return None

    @handler("signed_in")
    async def show_column(self, key: str, is_shown: bool) -> Events:
        if not self._may_hide(key):
            raise Invalid(_("Unknown column."))
        others = [hidden for hidden in self.hidden_columns if hidden != key and self._may_hide(hidden)]
        await self._save_preference(others if is_shown else [*others, key], self.is_compact)
        return self._on_columns()

    @handler("signed_in")
    async def set_compact(self, is_compact: bool) -> None:
        await self._save_preference(list(self.hidden_columns), is_compact)

    async def _save_preference(self, hidden: list[str], is_compact: bool) -> None:
        if not self._spec.name:
            raise Invalid(_("This list cannot be changed."))
        if len(hidden) > MAX_HIDDEN:
            raise Invalid(_("At most {most} columns can be hidden. Show another one first.", most=MAX_HIDDEN))
        async with transaction() as session:
            data = ListPreferenceUpdate(hidden=hidden, is_compact=is_compact)
            await save_preference(session, self._as_actor(), self._spec.name, data)
        self.hidden_columns, self.is_compact = hidden, is_compact


def hidden_numbers(state: type[PreferenceState], keys: Sequence[str]) -> rx.Var[str]:
    """Returns "c2 c5": the numbers of the hidden columns, for the stylesheet. So no cell needs a mark of its own."""
    numbers = rx.Var.create({key: f"c{number}" for number, key in enumerate(keys, start=1) if key})
    hidden = as_var(state.hidden_columns)
    return rx.Var(
        f"(({hidden!s}) ?? []).map((key) => ({numbers!s})[key] ?? '').join(' ')",
        _var_type=str,
        _var_data=hidden._get_all_var_data(),
    ).to(str)


def view_menu(state: type[PreferenceState], labels: dict[str, str], more: rx.Component | None = None) -> rx.Component:
    """The menu that chooses columns and density. `more` are the lines of columns that are data."""
    return rx.popover.root(
        rx.popover.trigger(icon_button(t("Display options"), "sliders-horizontal", "hide-phone")),
        rx.popover.content(
            rx.el.div(
                *(
                    rx.el.button(
                        word,
                        type="button",
                        on_click=state.set_compact(is_compact),
                        aria_pressed=rx.cond(state.is_compact == is_compact, "true", "false"),
                    )
                    for word, is_compact in ((t("Comfortable"), False), (t("Compact"), True))
                ),
                role="group",
                aria_label=t("Density"),
                class_name="segments",
            ),
            rx.el.ul(
                *(column_line(state, key, label) for key, label in labels.items() if key in state._spec.optional), more
            ),
            align="end",
            class_name="filter-menu",
            aria_label=t("Display options"),
        ),
    )


def column_line(state: type[PreferenceState], key: Any, label: Any) -> rx.Component:
    is_shown = ~as_var(state.hidden_columns).to(list[str]).contains(key)
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="checkbox", class_name="checkbox", checked=is_shown, on_change=state.show_column(key, ~is_shown)
            ),
            rx.el.span(label, class_name="grow"),
        )
    )
