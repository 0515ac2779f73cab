"""A form about components: the project that it is about, and the components of that project to choose from."""

from collections.abc import Iterable
from typing import Any, TypedDict

import reflex as rx

from tca_app.core.language.messages import _
from tca_app.core.language.stored import name_text
from tca_app.features.health.components import Scopes
from tca_app.features.health.schemas import Component
from tca_app.ui.components.text import t
from tca_app.ui.forms.choices import choice_field
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.var import as_var

CONSOLE = ""  # the scope of administrators, with the components of every project
PREFIX = "check-"
COMPONENTS_ERROR = "field-check_ids-error"


class ComponentOption(TypedDict):
    """A component to choose. `field` is the name of its checkbox."""

    field: str
    name: str
    scope: str


class ScopedForm(FormState, mixin=True):
    """Mixin for a FormState with a scope and components. Its fields are `project_id`, `check_ids` and one for each."""

    scope: str = CONSOLE
    scope_options: list[list[str]] = []
    component_options: list[ComponentOption] = []

    @handler("signed_in")
    async def choose_scope(self, scope: str) -> None:
        """Shows the components of another project. The service checks what is chosen."""
        if any(option[0] == scope for option in self.scope_options):
            self.scope = scope

    def _offer(self, scopes: Scopes, scope: str | None = None, chosen: Iterable[Component] = ()) -> dict[str, str]:
        """Fills the options and returns the values of the fields. Without a `scope` it is the first one."""
        projects = [[str(number), name] for number, name in scopes.projects.items()]
        self.scope_options = [*([[CONSOLE, _("The console")]] if scopes.has_console else []), *projects]
        options = [
            ComponentOption(
                field=f"{PREFIX}{part.check_id}", name=name_text(part.name), scope=str(part.project_id or "")
            )
            for part in scopes.components
        ]
        affected = {f"{PREFIX}{part.check_id}": name_text(part.name) for part in chosen}
        known = {option["field"] for option in options}
        more = [
            ComponentOption(field=field, name=name, scope=scope or CONSOLE)
            for field, name in affected.items()
            if field not in known
        ]
        self.component_options = [*options, *more]
        first = self.scope_options[0][0] if self.scope_options else CONSOLE
        self.scope = first if scope is None else scope
        ticks = {option["field"]: "on" if option["field"] in affected else "" for option in self.component_options}
        return {"project_id": self.scope, "check_ids": ""} | ticks

    def _chosen(self, values: dict[str, str], scope: str) -> list[int]:
        """Returns the ids of the components of this scope that are ticked."""
        shown = {option["field"] for option in self.component_options if scope in (CONSOLE, option["scope"])}
        ticked = (name for name, value in values.items() if name in shown and value == "on")
        return [int(name.removeprefix(PREFIX)) for name in ticked]


def project_of(scope: str) -> int | None:
    """Returns the project of a scope, or None for the console."""
    return int(scope) if scope.isascii() and scope.isdigit() and len(scope) < 16 else None


def scope_field(state: Any, label: str) -> rx.Component:
    return choice_field(state, "project_id", label, state.scope_options, on_change=state.choose_scope)


def component_fields(state: Any, legend: str) -> rx.Component:
    """The checkboxes of the components of the scope."""
    return rx.el.fieldset(
        rx.el.legend(legend),
        rx.el.div(
            rx.foreach(
                state.component_options,
                lambda option: rx.cond(
                    (state.scope == CONSOLE) | (option["scope"] == state.scope), _component(state, option)
                ),
            ),
            class_name="component-options",
        ),
        rx.el.p(t("No health checks yet."), class_name="muted no-components"),
        rx.el.span(state.form_errors["check_ids"], id=COMPONENTS_ERROR, class_name="field-error", role="alert"),
        class_name="field",
    )


def _component(state: Any, option: ComponentOption) -> rx.Component:
    field = as_var(option["field"]).to(str)
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=field,
            class_name="checkbox",
            default_checked=as_var(state.form_values)[field] == "on",
            key=field + "-" + state.form_nonce,
            aria_invalid=as_var(state.form_errors).contains("check_ids"),
            aria_describedby=COMPONENTS_ERROR,
        ),
        rx.el.span(option["name"]),
        class_name="check",
    )
