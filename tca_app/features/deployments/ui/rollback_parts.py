"""The texts of the confirmation of a rollback: from which version to which, and what happens then."""

import reflex as rx

from tca_app.features.deployments.commits.ui.parts import commit_list
from tca_app.features.deployments.ui.components import outside_link
from tca_app.features.deployments.ui.detail_rows import Plan
from tca_app.ui.components.basic import link
from tca_app.ui.components.text import t
from tca_app.ui.long_text import cut_in_middle


def rollback_title(plan: Plan) -> rx.Component:
    from_version, to_version = cut_in_middle(plan["from_version"]), cut_in_middle(plan["to_version"])
    return rx.el.span(
        t(
            "Roll {environment} back from {from_version} to {to_version}?",
            environment=plan["environment"],
            from_version=from_version,
            to_version=to_version,
        )
    )


def rollback_text(plan: Plan) -> rx.Component:
    created = rx.fragment(
        t("This creates a new deployment of {to_version}", to_version=link(plan["to_version"], to=plan["to_url"]))
    )
    return rx.cond(
        plan["needs_approval"],
        rx.el.span(t("{created}. It needs approval by a maintainer before it starts.", created=created)),
        rx.el.span(t("{created}. No approval needed.", created=created)),
    )


def rollback_changes(plan: Plan) -> rx.Component:
    """The commits that the rollback takes back, where they are known, and the comparison of the repository."""
    url = plan["compare_url"]
    return rx.fragment(
        commit_list(rx.el.span(t("{undone} will be undone", undone=plan["undone"])), plan["commits"]),
        rx.cond(url != "", rx.el.p(outside_link(url, t("Compare commits")))),
    )
