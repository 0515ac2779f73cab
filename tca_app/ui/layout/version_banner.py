"""The banner of a page that is of another build than its server, as an open tab is after an upgrade.

It is for builds that understand each other. When the states of the pages differ, Reflex reloads the page by itself.
"""

import reflex as rx

from tca_app.config.build_name import build_name
from tca_app.ui.components.basic import button
from tca_app.ui.components.text import t
from tca_app.ui.session import SessionState


def version_banner() -> rx.Component:
    """Asks for a reload. What is typed stays in its form until then, and is there again afterwards.

    assets/console/drafts/forms.js shows the second sentence while something is typed.
    """
    return rx.cond(
        (SessionState.build != "") & (SessionState.build != build_name()),
        rx.el.div(
            rx.el.span(
                t("A new version is ready.{kept}", kept=rx.el.span(t(" What you are typing is kept."), hidden=True)),
                custom_attrs={"data-new-version": ""},
            ),
            button(t("Reload"), kind="small", custom_attrs={"data-action": "reload"}),
            class_name="notice new-version",
            role="status",
        ),
    )
