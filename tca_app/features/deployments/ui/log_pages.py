"""The log on the page of a deployment."""

import reflex as rx

from tca_app.features.deployments.ui.detail_state import DeploymentState
from tca_app.features.deployments.ui.log_state import LogState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link, panel
from tca_app.ui.components.text import t


def log_panel() -> rx.Component:
    """The log. The browser reads the lines itself (assets/console/log) when `data-lines` says that there are more."""
    log, deployment = LogState, DeploymentState.deployment
    is_of_this = log.log_of == deployment["id"]  # the log of the previous deployment is not shown
    is_deleted = is_of_this & log.is_deleted
    count, length = rx.cond(is_of_this & ~log.is_deleted, log.log_lines, 0), rx.cond(is_of_this, log.log_length, "")
    is_open = (deployment["status"] == "in_progress") | (deployment["status"] == "queued")
    url = f"{routes.API_DEPLOYMENTS}/{deployment['id']}/logs"
    search = rx.el.input(
        type="search",
        class_name="input",
        placeholder=t("Search the log"),
        aria_label=t("Search the log; Enter jumps to the next match"),
        auto_complete="off",
        max_length=100,
        custom_attrs={"data-log-search": ""},
    )
    tools = (
        rx.el.span(class_name="muted num", role="status", custom_attrs={"data-log-found": ""}),
        rx.el.span(search, class_name="log-search"),
        button(
            t("Follow"),
            kind="small",
            custom_attrs={"data-log-follow": ""},
            aria_pressed="true",
            hidden=~is_open,  # the log of an ended deployment opens at its end, and there is nothing to follow
        ),
        link(
            t("Download"),
            to=f"{url}/download",
            class_name="btn small",
            reload_document=True,
            custom_attrs={"download": ""},
        ),
    )
    return rx.el.div(
        panel(
            rx.el.span(t("Log {length}", length=rx.el.span(length, class_name="muted num log-length"))),
            rx.cond(
                count == 0,
                rx.el.p(
                    rx.cond(
                        is_deleted,
                        t("This log was deleted after its retention period."),
                        rx.cond(is_open, t("No log output yet."), t("No log output.")),
                    ),
                    class_name="panel-body muted",
                ),
                rx.el.div(
                    class_name="log", role="log", aria_label=t("Log"), tab_index=0, custom_attrs={"data-log-lines": ""}
                ),
            ),
            actions=(rx.cond(count > 0, rx.fragment(*tools)),),
            flush=True,
        ),
        class_name="log-panel",
        custom_attrs={"data-log": url, "data-lines": count.to(str)},
    )
