"""The page `/roles`: what each role may do. It is the same for everybody, so it needs no state."""

from collections.abc import Iterable
from typing import Any

import reflex as rx

from tca_app.features.roles.actions import (
    ROLES,
    ProjectAction,
    administrators_may,
    everybody_may,
    project_actions,
)
from tca_app.ui import routes
from tca_app.ui.components.basic import page_header, panel
from tca_app.ui.components.roles import ROLE_LABELS
from tca_app.ui.components.text import t
from tca_app.ui.handlers import PERMISSIONS
from tca_app.ui.layout.pages import page
from tca_app.ui.table.parts import plain_table

# Permissions of whole pages, which only administrators have. A test fails for one without a sentence.
PERMISSION_SENTENCES = {
    "users.manage": t("Manage users and their sessions"),
    "groups.manage": t("Manage groups and their people"),
    "webhooks.manage": t("Manage the webhooks of the console"),
    "instance.manage": t("Change the instance settings"),
    "jobs.manage": t("See jobs, and run failed ones again"),
    "tokens.manage": t("See the API tokens of everybody, and revoke them"),
}
FOR_ALL = frozenset({"public", "signed_in", "second_factor.setup"})


@page(routes.ROLES, t("Roles"))
def roles_page() -> rx.Component:
    return rx.fragment(
        page_header(t("Roles"), t("What each role may do. The console enforces exactly these rules.")),
        rx.el.div(
            panel(t("In a project"), rx.el.div(_project_table(), class_name="roles"), flush=True),
            panel(t("Everybody who is signed in"), _sentences(everybody_may())),
            panel(
                t("Administrators"),
                rx.el.div(
                    rx.el.p(
                        t(
                            "Administrators may do everything that an owner may, in every project, but override a "
                            "freeze window only with a reason. They also may:"
                        )
                    ),
                    _sentences([*administrators_may(), *_page_sentences()]),
                    class_name="stack tight",
                ),
            ),
            class_name="stack",
        ),
    )


def _project_table() -> rx.Component:
    heads = [(t("Action"), ""), *((t(ROLE_LABELS[role]), "") for role in ROLES)]
    return plain_table(
        t("What each role may do in a project"), heads, rx.fragment(*map(_row, project_actions())), is_cards=False
    )


def _row(action: ProjectAction) -> rx.Component:
    role = t(ROLE_LABELS[action.lowest])
    words = role if action.lowest == ROLES[-1] else t("{role} and above", role=role)
    lowest = rx.el.div(words, class_name="cell-sub lowest")  # for the marks on a phone
    marks = (rx.el.td(_mark(is_allowed)) for is_allowed in action.allowed)
    return rx.el.tr(rx.el.th(t(action.sentence), lowest, scope="row"), *marks)


def _mark(is_allowed: bool) -> rx.Component:
    if is_allowed:
        return rx.icon("check", size=16, aria_label=t("Yes"))
    return rx.el.span("–", aria_label=t("No"), role="img", class_name="muted")


def _page_sentences() -> list[str]:
    return [PERMISSION_SENTENCES[name] for name in PERMISSIONS if name not in FOR_ALL]


def _sentence(text: Any) -> Any:
    """Returns a sentence of `roles.actions`, which says behind a colon that it is about one's own, or of this page."""
    if isinstance(text, rx.Var):
        return text
    sentence, colon, own = text.partition(": ")
    return rx.fragment(t(sentence), colon, t(own)) if own else t(sentence)


def _sentences(texts: Iterable[str]) -> rx.Component:
    return rx.el.ul(*(rx.el.li(_sentence(text)) for text in texts), class_name="plain-list")


PAGES = [roles_page]
