"""The page `/admin`: the settings of the whole console, for administrators."""

from typing import Any

import reflex as rx

from tca_app.core.language.messages import LANGUAGES
from tca_app.features.activity.ui.pages import feed
from tca_app.features.instance.ui.state import LABELS, HistoryState, InstanceState, LogoState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, error_notice, link, page_header, panel, relative_time, setting, tabs
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import in_sentence
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import (
    check_field,
    form_attributes,
    form_error,
    keeper_of,
    merge,
    restored_note,
    select_field,
    text_field,
)
from tca_app.ui.forms.image_dialog import image_dialog
from tca_app.ui.layout.brand import logo
from tca_app.ui.layout.pages import page
from tca_app.ui.table.parts import export_menu
from tca_app.ui.var import as_var

state = InstanceState
SIGN_UP = (
    ("nobody", t("No one: administrators create accounts")),
    ("invited", t("People with an invitation")),
    ("provider", t("People with an invitation, and everybody at their first sign-in at a provider")),
)
GENERAL = t("The name, time zone and language of this console.")
TWO_FACTOR = (("nobody", t("No one")), ("administrators", t("Administrators")), ("everybody", t("Everybody")))


@page(
    routes.ADMIN,
    t("Instance settings"),
    permission="instance.manage",
    on_load=(InstanceState.load, HistoryState.load),
)
def admin_page() -> rx.Component:
    return rx.fragment(
        page_header(
            t("Instance settings"),
            t("Settings for everyone on this console."),
            link(t("What each role may do"), to=routes.ROLES, class_name="btn"),
        ),
        tabs(
            (t("Settings"), routes.ADMIN, state.tab == "settings"),
            (t("History"), routes.ADMIN_HISTORY, state.tab == "history"),
            (t("Subscribers"), routes.SUBSCRIBERS, False),
        ),
        rx.match(state.tab, ("history", _history()), rx.el.div(_settings(), class_name="settings")),
    )


def _history() -> rx.Component:
    nothing = empty_state(t("No changes yet"), t("Changes of the instance settings appear here."), icon="history")
    export = export_menu(routes.API_ACTIVITY_EXPORT, "subject_type=instance")
    return panel(t("History"), feed(HistoryState, nothing=nothing), actions=(export,), flush=True)


def _settings() -> rx.Component:
    loading = setting(t("General"), GENERAL, or_failure(state, skeleton_lines(8)))
    return rx.fragment(rx.cond(state.form_mode != "", rx.fragment(_form(), _logo()), loading), keeper_of(state))


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.input(type="hidden", name="nonce", value=state.form_nonce, read_only=True),
        rx.el.div(form_error(state), restored_note(state), class_name="stack"),
        rx.cond(as_var(state.form_clashes).length() > 0, panel(t("Conflict"), merge(state)), _sections()),
        rx.el.div(
            rx.cond(
                state.changed_at != "",
                rx.el.span(
                    t(
                        "Last changed by {changed_by} {changed_at}",
                        changed_by=in_sentence(
                            state.changed_by_face,
                            rx.cond(state.changed_by != "", state.changed_by, t("a deleted user")),
                        ),
                        changed_at=relative_time(state.changed_at),
                    ),
                    class_name="muted grow",
                ),
            ),
            button(t("Save"), kind="primary", type="submit", busy=state.form_busy),
            class_name="row setting-foot",
        ),
        on_submit=state.save,
        no_validate=True,
        class_name="settings",
        custom_attrs=form_attributes(state),
    )


def _sections() -> rx.Component:
    return rx.fragment(
        setting(
            t("General"),
            GENERAL,
            rx.el.div(
                _text("app_name", max_length=50, required=True),
                _text(
                    "time_zone",
                    hint=t("Used for the public status page, and for people whose time zone is unknown."),
                    max_length=64,
                ),
                select_field(
                    state,
                    "language",
                    LABELS["language"],
                    tuple(LANGUAGES.items()),
                    hint=t("Used for mails to people who have not chosen one, and for Slack messages."),
                ),
                _check("status_public", t("Everybody sees the components that were chosen for it.")),
                class_name="stack",
            ),
            anchor="general",
        ),
        setting(
            t("Accounts"),
            t("Who may have an account, and how it is protected."),
            rx.el.div(
                select_field(
                    state, "sign_up", LABELS["sign_up"], SIGN_UP, hint=t("Administrators can always create users.")
                ),
                select_field(
                    state,
                    "two_factor_required",
                    LABELS["two_factor_required"],
                    TWO_FACTOR,
                    hint=t("After the days below, people without a second factor can only add one."),
                ),
                _number(
                    "two_factor_grace_days",
                    t("Counted for each person from the day the requirement starts."),
                    0,
                    90,
                ),
                class_name="stack",
            ),
            anchor="accounts",
        ),
        setting(
            t("Sessions and passwords"),
            t("How long people stay signed in, and which passwords they may choose."),
            rx.el.div(
                _number("session_days", t("1 to 90. Open sessions that are older end at once."), 1, 90),
                _number("session_idle_minutes", t("A browser session ends after this long without use."), 5, 129_600),
                _number("password_min_length", t("8 to 64. It applies to new passwords."), 8, 64),
                class_name="stack",
            ),
            anchor="sessions",
        ),
    )


def _or_fixed(name: str, control: rx.Component) -> rx.Component:
    """The field, or its value when the environment sets it."""
    return rx.cond(as_var(state.fixed).contains(name), _fixed(name), control)


def _fixed(name: str) -> rx.Component:
    value: Any = state.fixed_values[name]
    if name == "status_public":
        value = rx.cond(value == "on", t("On"), t("Off"))
    return rx.el.div(
        rx.el.label(t(LABELS[name]), html_for=f"fixed-{name}"),
        # Not as a prop: Reflex would send the value of an element with an `id` with the form.
        rx.el.input(
            custom_attrs={"id": f"fixed-{name}"}, value=value, class_name="input", read_only=True, disabled=True
        ),
        rx.el.span(t("Set by {fixed} in the environment.", fixed=rx.el.code(state.fixed[name])), class_name="hint"),
        class_name="field",
    )


def _text(name: str, **props: Any) -> rx.Component:
    return _or_fixed(name, text_field(state, name, LABELS[name], **{"required": True} | props))


def _number(name: str, hint: str, least: int, most: int) -> rx.Component:
    return _text(name, hint=hint, type_="number", min=least, max=most, input_mode="numeric")


def _check(name: str, hint: str) -> rx.Component:
    return _or_fixed(name, check_field(state, name, LABELS[name], hint))


def _logo() -> rx.Component:
    own = LogoState.logo_url != ""
    return rx.fragment(
        setting(
            t("Logo"),
            t("Shown in the sidebar, at sign-in and on the public status page."),
            rx.el.div(
                rx.el.span(logo(), class_name="logo-preview"),
                rx.cond(own, t("Your own image."), t("The logo that comes with the console.")),
                rx.el.span(class_name="grow"),
                rx.cond(own, button(t("Remove"), kind="small danger-quiet", on_click=LogoState.ask_remove)),
                button(t("Upload logo"), kind="small", icon="upload", on_click=LogoState.open_upload),
                class_name="row",
            ),
            anchor="logo",
        ),
        image_dialog(
            "logo",
            title=t("Upload logo"),
            text=t("A square PNG or WebP image of at most 64 kB."),
            url=routes.API_LOGO,
            types="image/png,image/webp",
            max_kb=64,
            state=LogoState,
        ),
        confirm_dialog(
            open_=LogoState.is_removing,
            title=t("Remove the logo?"),
            text=t("The image is deleted. Pages show the logo that comes with the console."),
            confirm=t("Remove logo"),
            on_confirm=LogoState.remove,
            on_cancel=LogoState.cancel_remove(),
            busy=LogoState.is_acting,
            body=error_notice(LogoState.remove_error),
        ),
    )


PAGES = [admin_page]
