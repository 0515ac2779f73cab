"""Two-factor authentication in the settings."""

import reflex as rx

from tca_app.features.factors.service import LAST_IS_REQUIRED
from tca_app.features.factors.ui.form_state import FactorFormState
from tca_app.features.factors.ui.state import CODES, QR_CODE, SECRET, FactorRow, FactorsState
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, error_notice, relative_time, setting
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.placeholders import error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_dialog, text_field
from tca_app.ui.forms.passkeys import passkey_form
from tca_app.ui.forms.plain_field import plain_field
from tca_app.ui.var import as_var

state = FactorsState
form = FactorFormState
ABOUT = t("An app or a passkey that confirms your sign-in after the password.")


def two_factor_panels() -> rx.Component:
    return rx.el.div(
        rx.cond(state.required_from != "", _requirement()),
        two_factor_setup(),
        class_name="stack",
    )


def two_factor_setup() -> rx.Component:
    """The second factors alone, for a page that says itself why one is required."""
    return rx.el.div(
        _recovery_codes_once(),
        _setup(),
        passkey_form("create", state.passkey_options, state.add_passkey),
        rx.cond(
            state.load_error != "",
            error_state(state.load_error, state.load),
            rx.cond(state.is_loaded, _panels(), setting(t("Second factors"), ABOUT, skeleton_lines(3))),
        ),
        _form(),
        _confirmation(),
        class_name="stack",
    )


def _panels() -> rx.Component:
    has_some = as_var(state.factors).length() > 0
    return rx.fragment(
        setting(
            t("Second factors"),
            ABOUT,
            rx.cond(has_some, rx.el.ul(rx.foreach(state.factors, _factor), class_name="rows"), _none()),
            actions=(
                button(t("Add authenticator app"), kind="small", icon="smartphone", on_click=form.open_totp()),
                rx.el.div(
                    button(t("Add passkey"), kind="small", icon="key-round", on_click=form.open_passkey()),
                    custom_attrs={"data-needs-passkeys": ""},
                ),
            ),
        ),
        rx.cond(has_some, _recovery_codes()),
    )


def _requirement() -> rx.Component:
    return rx.el.p(
        t(
            "Your organization requires a second factor. Add one before your time ends {required_from}. "
            "After that you can do nothing else here.",
            required_from=relative_time(state.required_from),
        ),
        class_name="notice warning",
    )


def _none() -> rx.Component:
    return rx.el.p(
        t("Your password alone signs you in. With a second factor, a stolen password is not enough."),
        class_name="muted",
    )


def _factor(row: FactorRow) -> rx.Component:
    return rx.el.li(
        factor_words(row),
        button(t("Rename"), kind="small", on_click=form.open_rename(row["id"])),
        button(t("Remove"), kind="small danger-quiet", on_click=state.ask_remove(row["id"])),
        class_name="row",
    )


def factor_words(row: FactorRow) -> rx.Component:
    """The name and kind of a factor, and when it was added and used."""
    return rx.el.div(
        rx.el.strong(row["name"]),
        " ",
        rx.cond(row["kind"] == "totp", badge(t("App"), "", "smartphone"), badge(t("Passkey"), "", "key-round")),
        rx.el.div(
            t(
                "Added {created_at}, last used {last_used_at}",
                created_at=relative_time(row["created_at"]),
                last_used_at=relative_time(row["last_used_at"], "never"),
            ),
            class_name="cell-sub",
        ),
        class_name="grow",
    )


def _recovery_codes() -> rx.Component:
    return setting(
        t("Recovery codes"),
        t("Each signs you in once, without your second factor."),
        rx.el.p(
            rx.cond(
                state.codes_left > 0,
                rx.fragment(t("{codes_left} of 10 codes are unused.", codes_left=rx.el.strong(state.codes_left))),
                t("No code is left."),
            ),
        ),
        actions=(button(t("Generate new codes"), kind="small", icon="refresh-cw", on_click=state.ask_renew()),),
    )


def _setup() -> rx.Component:
    """The new authenticator app. Always in the page, so that its secret passes through no state."""
    return rx.el.section(
        rx.el.h2(t("Add {setup_name}", setup_name=rx.el.strong(state.setup_name))),
        rx.el.p(
            t("Scan the QR code with your authenticator app, or enter the key. Then enter the code that it shows.")
        ),
        rx.el.div(
            rx.el.output(id=QR_CODE, hidden=True, custom_attrs={"data-image": "totp-qr-image"}),
            rx.el.img(custom_attrs={"id": "totp-qr-image"}, alt=t("QR code for your authenticator app")),
            class_name="qr-code",
        ),
        rx.el.div(
            rx.el.label(t("Key"), html_for=SECRET),
            rx.el.div(
                _shown_once(rx.el.input, SECRET, t("Key")),
                _copy_button(SECRET),
                class_name="row secret-row",
            ),
            class_name="field",
        ),
        rx.el.form(
            plain_field(
                "code",
                t("Code"),
                state.setup_error,
                id_="totp-code",
                auto_complete="one-time-code",
                input_mode="numeric",
                max_length=10,
            ),
            rx.el.div(
                button(t("Confirm"), kind="primary", type="submit", busy=state.is_acting),
                button(t("Cancel"), on_click=state.cancel_setup(), disabled=state.is_acting),
                class_name="row",
            ),
            on_submit=state.confirm_setup,
            no_validate=True,
            class_name="stack tight",
            key=as_var(state.setup_id).to(str),
        ),
        class_name="notice secret",
        aria_label=t("New authenticator app"),
        hidden=state.setup_id == 0,
    )


def _recovery_codes_once() -> rx.Component:
    """New recovery codes, shown once. Always in the page too."""
    return rx.el.section(
        rx.el.h2(t("Your recovery codes")),
        rx.el.p(t("Save them now: they are not shown again. Each signs you in once when you lose your second factor.")),
        _shown_once(rx.el.textarea, CODES, t("Recovery codes"), rows="10"),
        rx.el.div(
            _copy_button(CODES),
            button(
                t("Download"),
                icon="download",
                custom_attrs={"data-action": "download", "data-from": CODES, "data-file": "recovery-codes.txt"},
            ),
            button(t("I saved them"), on_click=state.hide_codes()),
            class_name="row",
        ),
        class_name="notice secret",
        aria_label=t("New recovery codes"),
        hidden=~state.are_codes_shown,
    )


def _shown_once(control: object, field: str, label: str, **props: object) -> rx.Component:
    return control(  # type: ignore[operator]
        id=field,
        class_name="input mono grow",
        read_only=True,
        aria_label=label,
        auto_complete="off",
        spell_check=False,
        **props,
    )


def _copy_button(field: str) -> rx.Component:
    return button(
        rx.el.span(t("Copy"), class_name="to-copy"),
        rx.el.span(t("Copied"), class_name="copied", role="status"),
        icon="copy",
        kind="primary",
        custom_attrs={"data-action": "copy", "data-from": field},
    )


def _form() -> rx.Component:
    titles = (("totp", t("Add authenticator app")), ("passkey", t("Add passkey")))
    is_new = form.form_shows != "edit"
    return form_dialog(
        form,
        title=rx.match(form.form_shows, *titles, t("Rename {form_name}", form_name=form.form_name)),
        submit=rx.cond(is_new, t("Continue"), t("Save")),
        on_submit=form.save,
        text=rx.cond(is_new, t("The name tells your devices apart."), ""),
        fields=[text_field(form, "name", t("Name"), required=True, max_length=50)],
    )


def _confirmation() -> rx.Component:
    last = t(
        "It is your last second factor: from then on your password alone signs you in. Recovery codes are deleted."
    )
    is_removal = state.asking == "remove"
    return confirm_dialog(
        open_=state.asking != "",
        title=rx.cond(
            is_removal, rx.fragment(t("Remove {name}?", name=state.asked["name"])), t("Generate new recovery codes?")
        ),
        text=rx.cond(
            is_removal,
            rx.cond(
                state.is_kept,
                t(LAST_IS_REQUIRED),
                rx.cond(
                    state.is_last, last, t("Signing in no longer works with it. Your other sessions are signed out.")
                ),
            ),
            t("The earlier codes stop working immediately."),
        ),
        confirm=rx.cond(is_removal, t("Remove factor"), t("Generate codes")),
        on_confirm=state.act,
        on_cancel=state.cancel_asking(),
        busy=state.is_acting,
        blocked=state.is_kept,
        body=error_notice(state.act_error),
    )
