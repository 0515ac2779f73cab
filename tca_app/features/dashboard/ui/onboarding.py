"""First steps: a checklist that an empty console shows instead of zeros."""

from typing import Any

import reflex as rx

from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, link, panel
from tca_app.ui.components.text import t

state = DashboardState


def first_steps() -> rx.Component:
    return panel(
        t("First steps"),
        rx.el.ol(
            rx.cond(
                state.sees_people,
                _step(
                    state.has_users,
                    "user-plus",
                    t("Invite people"),
                    t("Invite your team, or create accounts."),
                    routes.INVITATIONS,
                    "invitations",
                ),
            ),
            _step(
                state.has_projects,
                "folder-plus",
                t("Create a project"),
                t("Create a project and add its members."),
                routes.PROJECTS,
                "projects",
            ),
            _step(
                state.has_deployed,
                "rocket",
                t("Report a deployment"),
                t("Create one on a project's page, or report it from your CI:"),
                routes.DEPLOYMENTS,
                "deployments",
                _report(),
            ),
            class_name="lines steps",
        ),
        flush=True,
    )


def _step(is_done: Any, icon: str, title: str, text: str, url: str, where: str, *more: rx.Component) -> rx.Component:
    return rx.el.li(
        rx.icon(icon, size=16, aria_hidden="true", class_name="muted"),
        rx.el.div(
            rx.el.div(title, class_name="cell-title plain"),
            rx.cond(is_done, rx.fragment(), rx.el.div(text, class_name="cell-sub")),
        ),
        rx.cond(
            is_done,
            badge(t("Done"), "good", "circle-check"),
            link(t("Go to {where}", where=where), to=url, class_name="btn"),
        ),
        rx.cond(is_done, rx.fragment(), rx.fragment(*more)),
    )


def _report() -> rx.Component:
    """The command in a text field, because the button "Copy" copies from a field."""
    return rx.el.div(
        rx.el.textarea(
            custom_attrs={"id": "first-report"},
            value=state.first_report,
            read_only=True,
            rows="3",
            spell_check=False,
            class_name="code-block",
            aria_label=t("The line that reports a deployment"),
        ),
        rx.el.div(
            rx.el.span(_what_to_fill_in(), class_name="cell-sub grow"),
            rx.cond(
                state.first_project_url != "",
                link(t("New token"), to=state.first_project_url, class_name="btn"),
            ),
            button(
                rx.el.span(t("Copy"), class_name="to-copy"),
                rx.el.span(t("Copied"), class_name="copied", role="status"),
                icon="copy",
                custom_attrs={"data-action": "copy", "data-from": "first-report"},
            ),
            class_name="row",
        ),
        class_name="step-more",
    )


def _what_to_fill_in() -> rx.Component:
    """The newest project has its id in the command; without a project both are open."""
    settings = link(t("Settings"), to=f"{routes.SETTINGS}?tab=tokens", class_name="link")
    return rx.cond(
        state.first_project_url != "",
        t("TOKEN is an API token of the project."),
        rx.el.span(
            t("PROJECT is the id of a project. TOKEN is an API token: create one in {settings}.", settings=settings)
        ),
    )
