"""Forms in dialogs: errors at the field, one effect per click, and a merge when someone else saved first.

How a feature uses it (state.py, then pages.py):

    class UsersState(FormState, TableState, SessionState):
        @handler("users.manage")
        async def open_edit(self, user_id: int) -> None:
            async with reading() as session:
                user = await users.get_user(session, self._as_actor(), user_id)
            self._open_form("edit", _form_values(user), row_id=user.id, version=user.version)

        @handler("users.manage")
        async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
            values = self._begin_save(form)       # None: this form was already saved (a double click)
            if values is None:
                return
            yield                                 # paints the busy button
            with self._showing_errors():          # AppError and ValidationError go to the form, which stays open
                try:
                    async with transaction() as session:
                        await users.update_user(session, self._as_actor(), self.form_id, UserUpdate(**values),
                                                if_version=self.form_version)
                except Stale as stale:
                    async with reading() as session:
                        user = await users.get_user(session, self._as_actor(), self.form_id)
                    self._ask_to_merge(_form_values(user), stale, version=user.version, labels=LABELS)
                    return
                self._close_form()
                self._toast("Saved.")
                yield UsersState.load

    form_dialog(
        UsersState,
        title=rx.cond(UsersState.form_shows == "create", "New user", "Edit user"),
        submit=rx.cond(UsersState.form_shows == "create", "Create", "Save"),
        on_submit=UsersState.save,
        fields=[text_field(UsersState, "email", "Email", type_="email", required=True), ...],
    )

For a create, `self.form_key` is the idempotency key to hand to the service, should it take one. A state has one form;
a second form on the same page is a second state class.
"""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import Child, button, error_notice, select_box
from tca_app.ui.components.dialogs import CLOSES, DIALOG_TEXT, DIALOG_TITLE
from tca_app.ui.components.text import shown, t
from tca_app.ui.forms.drafts import draft_keeper, draft_note
from tca_app.ui.forms.state import MINE, SECRETS, THEIRS, Clash, FormState, draft_name
from tca_app.ui.record import browser_url
from tca_app.ui.var import as_var

__all__ = ["FormState", "check_field", "form_dialog", "form_error", "select_field", "text_field"]


def form_dialog(
    state: type[FormState],
    *,
    title: Any,
    submit: Any,
    on_submit: Any,
    fields: list[rx.Component],
    text: Any = "",
    blocked: rx.Var[bool] | bool = False,
    close: Any = t("Cancel"),
) -> rx.Component:
    """The dialog of a FormState: the fields, or the merge when someone else saved first.

    It is shown only on the page where it was opened. While it is `blocked` it cannot be submitted; a field says why.
    `close` is the button that closes it.
    """
    content = rx.cond(as_var(state.form_clashes).length() > 0, merge(state), rx.fragment(restored_note(state), *fields))
    dialog = rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(title, custom_attrs=DIALOG_TITLE),
            rx.dialog.description(text, custom_attrs=DIALOG_TEXT),
            rx.el.form(
                rx.el.input(type="hidden", name="nonce", value=state.form_nonce, read_only=True),
                form_error(state),
                content,
                rx.el.div(
                    button(close, on_click=state.close_form(False), disabled=state.form_busy, custom_attrs=CLOSES),
                    button(submit, kind="primary", type="submit", busy=state.form_busy, disabled=blocked),
                    class_name="dialog-foot",
                ),
                on_submit=on_submit,
                no_validate=True,
                class_name="dialog-form",
                custom_attrs=form_attributes(state),
            ),
            max_width="480px",
        ),
        open=(state.form_mode != "") & (state.form_url == browser_url(*state._record_fields)),
        on_open_change=state.close_form,
    )
    return rx.fragment(dialog, keeper_of(state))


def form_attributes(state: type[FormState]) -> dict[str, Any]:
    """The attributes of a form that assets/console reads: its nonce, how often it was sent, and its draft."""
    return {
        "data-once": state.form_nonce,
        "data-round": as_var(state.form_round).to(str),
        "data-draft": state.form_draft,
    }


def keeper_of(state: type[FormState]) -> rx.Component:
    """The element beside each form of a FormState that restores the browser's draft."""
    return draft_keeper(draft_name(state), state.form_ended, state.resume_form)


def restored_note(state: type[FormState]) -> rx.Component:
    """The note in each form of a FormState, shown when a draft was restored."""
    return draft_note(state.discard_draft())


def form_error(state: type[FormState]) -> rx.Component:
    """The error that belongs to no field."""
    return error_notice(state.form_error)


def text_field(
    state: type[FormState],
    name: str,
    label: str,
    *,
    type_: str = "text",
    required: bool = False,
    hint: Child = "",
    lines: int = 1,
    **props: Any,
) -> rx.Component:
    """A labelled field of a FormState, with its error linked to it for screen readers."""
    attributes = {
        "name": name,
        "class_name": "input",
        "default_value": state.form_values[name],
        "auto_complete": "off",
        "key": f"{name}-{state.form_nonce}",
        **described(state, name, hint),
        **props,
    }
    if name in SECRETS:
        attributes["custom_attrs"] = {**attributes["custom_attrs"], "data-secret": ""}  # never part of a draft
    if required:
        attributes["aria_required"] = True
    control = rx.el.textarea(rows=str(lines), **attributes) if lines > 1 else rx.el.input(type=type_, **attributes)
    return labelled(state, name, label, control, required=required, hint=hint)


def select_field(
    state: type[FormState], name: str, label: str, options: Any, *, hint: str = "", required: bool = True, **props: Any
) -> rx.Component:
    """A select field, otherwise like `text_field`. Options are (value, label), or a Reflex var of such pairs.

    It is for a few fixed values; what may be many, such as projects, is a `choice_field` (ui/forms/choices.py).
    """
    control = select_box(
        options_of(options),
        name=name,
        default_value=state.form_values[name],
        key=f"{name}-{state.form_nonce}",
        **described(state, name, hint),
        **props,
    )
    return labelled(state, name, label, control, required=required, hint=hint)


def options_of(options: Any) -> rx.Component:
    """The options of a select: (value, label), or a Reflex var of such pairs."""
    if isinstance(options, rx.Var):
        return rx.foreach(options, lambda option: rx.el.option(option[1], value=option[0]))
    return rx.fragment(*(rx.el.option(shown(text), value=value) for value, text in options))


def check_field(state: type[FormState], name: str, label: str, hint: str = "") -> rx.Component:
    """A checkbox. The form has "on" for it, or nothing. Open the form with "on" or ""."""
    return rx.el.div(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                name=name,
                class_name="checkbox",
                default_checked=state.form_values[name] == "on",
                key=f"{name}-{state.form_nonce}",
                **described(state, name, hint),
            ),
            rx.el.span(shown(label)),
            class_name="check",
        ),
        _below(state, name, hint),
        class_name="field",
    )


def labelled(
    state: type[FormState], name: str, label: str, control: rx.Component, *, required: bool, hint: str
) -> rx.Component:
    """A control with its label above, and its hint and error below."""
    optional = None if required else rx.el.span(t(" (optional)"), class_name="optional", aria_hidden="true")
    return rx.el.div(
        rx.el.label(shown(label), optional, html_for=f"field-{name}"),
        control,
        _below(state, name, hint),
        class_name="field",
    )


def described(state: type[FormState], name: str, hint: str) -> dict[str, Any]:
    """The attributes of a control that tie its hint and error to it."""
    ids = f"field-{name}-error" + (f" field-{name}-hint" if hint else "")
    # Not as a prop: Reflex makes a ref of each `id` and sends its value too, for a checkbox as a bool.
    return {
        "custom_attrs": {"id": f"field-{name}"},
        "aria_describedby": ids,
        "aria_invalid": as_var(state.form_errors).contains(name),
    }


def _below(state: type[FormState], name: str, hint: str) -> rx.Component:
    below = rx.el.span(hint, id=f"field-{name}-hint", class_name="hint") if hint else None
    if isinstance(hint, rx.Var):
        below = rx.cond(state.form_errors[name] == hint, None, below)  # an error that repeats it stands alone
    return rx.fragment(
        below,
        rx.el.span(state.form_errors[name], id=f"field-{name}-error", class_name="field-error", role="alert"),
    )


def merge(state: type[FormState]) -> rx.Component:
    """The merge, field by field: keep mine or take theirs. Theirs is the default."""
    return rx.fragment(
        rx.el.div(
            rx.cond(
                state.form_clash_by == "",
                t("You saved this in another tab. Choose what to keep. Nothing is saved until you do."),
                t(
                    "{form_clash_by} saved this while you were editing. Choose what to keep. Nothing is "
                    "saved until you do.",
                    form_clash_by=rx.el.strong(state.form_clash_by),
                ),
            ),
            class_name="notice warning",
            role="alert",
        ),
        rx.el.table(
            rx.el.thead(rx.el.tr(rx.el.th(t("Field")), rx.el.th(t("Keep mine")), rx.el.th(t("Take theirs")))),
            rx.el.tbody(rx.foreach(state.form_clashes, _clash_row)),
            class_name="merge",
        ),
    )


def _clash_row(clash: Clash) -> rx.Component:
    def choice(which: str, value: str) -> rx.Component:
        return rx.el.label(
            rx.el.input(
                type="radio",
                name=f"keep.{clash['field']}",
                value=which,
                default_checked=which == THEIRS,
                aria_label=t("{label}: keep mine", label=clash["label"])
                if which == MINE
                else t("{label}: take theirs", label=clash["label"]),
            ),
            rx.cond(value != "", value, rx.el.span(t("(empty)"), class_name="muted")),
        )

    mine, theirs = choice(MINE, clash["mine"]), choice(THEIRS, clash["theirs"])
    return rx.el.tr(rx.el.th(clash["label"], scope="row"), rx.el.td(mine), rx.el.td(theirs))
