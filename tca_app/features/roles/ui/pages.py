"""The page `/roles`: what each role may do. It is the same for everybody, so it needs no state."""

from collections.abc import Iterable

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
from tca_app.ui.handlers import PERMISSIONS
from tca_app.ui.layout.pages import page
from tca_app.ui.table.parts import plain_table

# Permissions of whole pages, which only administrators have. A test fails for one without a sentence.
PERMISSION_SENTENCES = {
    "users.manage": "Manage users and their sessions",
    "groups.manage": "Manage groups and their people",
    "webhooks.manage": "Manage the webhooks of the console",
    "instance.manage": "Change the instance settings",
    "jobs.manage": "See jobs, and run failed ones again",
    "tokens.manage": "See the API tokens of everybody, and revoke them",
}
FOR_ALL = frozenset({"public", "signed_in", "second_factor.setup"})


@page(routes.ROLES, "Roles")
def roles_page() -> rx.Component:
    return rx.fragment(
        page_header("Roles", "What each role may do. The console enforces exactly these rules."),
        rx.el.div(
            panel("In a project", rx.el.div(_project_table(), class_name="roles"), flush=True),
            panel("Everybody who is signed in", _sentences(everybody_may())),
            panel(
                "Administrators",
                rx.el.div(
                    rx.el.p(
                        "Administrators may do everything that an owner may, in every project, but override a freeze "
                        "window only with a reason. They also may:"
                    ),
                    _sentences([*administrators_may(), *_page_sentences()]),
                    class_name="stack tight",
                ),
            ),
            class_name="stack",
        ),
    )


def _project_table() -> rx.Component:
    heads = [("Action", ""), *((role.capitalize(), "") for role in ROLES)]
    return plain_table(
        "What each role may do in a project", heads, rx.fragment(*map(_row, project_actions())), is_cards=False
    )


def _row(action: ProjectAction) -> rx.Component:
    above = "" if action.lowest == ROLES[-1] else " and above"
    lowest = rx.el.div(f"{action.lowest.capitalize()}{above}", class_name="cell-sub lowest")  # for the marks on a phone
    marks = (rx.el.td(_mark(is_allowed)) for is_allowed in action.allowed)
    return rx.el.tr(rx.el.th(action.sentence, lowest, scope="row"), *marks)


def _mark(is_allowed: bool) -> rx.Component:
    if is_allowed:
        return rx.icon("check", size=16, aria_label="Yes")
    return rx.el.span("–", aria_label="No", role="img", class_name="muted")


def _page_sentences() -> list[str]:
    return [PERMISSION_SENTENCES[name] for name in PERMISSIONS if name not in FOR_ALL]


def _sentences(texts: Iterable[str]) -> rx.Component:
    return rx.el.ul(*(rx.el.li(text) for text in texts), class_name="plain-list")


PAGES = [roles_page]
