"""The page of jobs: the queues, and below them the jobs in one state."""

from typing import Any

import reflex as rx

from tca_app.features.jobs.ui.queues_state import Queue, QueuesState
from tca_app.features.jobs.ui.state import JobRow, JobsState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import page_header, panel, relative_time
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.view import data_table
from tca_app.ui.var import as_var

state = JobsState
queues = QueuesState


@page(routes.JOBS, t("Jobs"), permission="jobs.manage", on_load=(QueuesState.load, JobsState.load))
def jobs_page() -> rx.Component:
    return rx.fragment(
        page_header(t("Jobs"), t("Background work: email, notifications, daily aggregates and event streams.")),
        rx.el.div(
            _queues(),
            data_table(
                state,
                columns=_columns(),
                label=t("Jobs"),
                search_label=t("Search jobs by kind or reason"),
                row_name=lambda row: f"{row['kind']} {row['id']}",
                actions=[
                    RowAction(t("Retry"), lambda row: state.ask_rows("retry", [row["id"]]), shown=_is_dead),
                    RowAction(
                        t("Discard"), lambda row: state.ask_rows("discard", [row["id"]]), danger=True, shown=_is_dead
                    ),
                ],
                empty=empty_state(
                    t("No jobs here"),
                    t("Jobs that failed permanently are listed as dead, with the reason."),
                    icon="circle-check",
                ),
                tools=(download_link(routes.API_JOBS_EXPORT, state.export_query),),
            ),
            class_name="stack",
        ),
    )


def _is_dead(row: JobRow) -> Any:
    return row["state"] == "dead"


def _queues() -> rx.Component:
    heads = (
        (t("Queue"), "", "name"),
        (t("Waiting"), "right", "waiting"),
        (t("Running"), "right", "running"),
        (t("Retrying"), "right", "retrying"),
        (t("Dead"), "right", "dead"),
        (t("Lag"), "right", "lag_seconds"),
    )
    rows = rx.cond(
        as_var(queues.queues).length() > 0,
        plain_table(t("Queues"), heads, rx.foreach(queues.queues, _queue), order=queues),
        rx.el.div(skeleton_lines(4), class_name="panel-body"),
    )
    return panel(
        t("Queues"),
        or_failure(queues, rows),
        actions=(_workers(), download_link(routes.API_QUEUES_EXPORT, queues.sort_query)),
        flush=True,
    )


def _workers() -> rx.Component:
    """A badge for the workers. Without a running worker no job runs, which is an error."""
    return rx.cond(
        (as_var(queues.queues).length() > 0) & (queues.failure == ""),
        rx.cond(
            queues.workers > 0,
            badge(t("Workers are running"), "good", "circle-check"),
            badge(t("No worker is running"), "bad", "circle-x"),
        ),
    )


def _queue(queue: Queue) -> rx.Component:
    return rx.el.tr(
        rx.el.th(queue["name"], scope="row"),
        *(rx.el.td(_count(queue[name]), class_name="right num") for name in ("waiting", "running", "retrying")),
        rx.el.td(
            rx.cond(as_var(queue["dead"]).to(int) > 0, badge(queue["dead"], "bad", "circle-x"), _count(queue["dead"])),
            class_name="right num",
        ),
        rx.el.td(
            rx.cond(queue["is_late"], badge(queue["lag"], "warn", "clock-alert"), _lag(queue)),
            class_name="right num",
        ),
        key=as_var(queue["name"]).to(str),
    )


def _count(value: Any) -> rx.Component:
    """A number that is quiet when there is nothing to see."""
    return rx.el.span(value, class_name=rx.cond(as_var(value).to(int) == 0, "muted", ""))


def _lag(queue: Queue) -> rx.Component:
    return rx.el.span(queue["lag"], class_name=rx.cond(queue["has_lag"], "", "muted"))


def _columns() -> list[Column]:
    return [
        Column("kind", t("Job"), cell=_kind, sortable=True, wide=34),
        Column("reason", t("Last failure"), cell=_reason, sortable=True),
        Column("state", t("State"), cell=lambda row: job_badge(row["state"]), sortable=True, on_tablet=False),
        Column("queue", t("Queue"), sortable=True),
        Column("attempts", t("Attempts"), sortable=True, align_right=True),
        Column("failed_at", t("When"), cell=_when, sortable=True),
    ]


def job_badge(value: Any) -> rx.Component:
    return rx.match(
        value,
        ("dead", badge(t("Dead"), "bad", "circle-x")),
        ("retrying", badge(t("Retrying"), "warn", "rotate-cw")),
        ("running", badge(t("Running"), "info", "loader")),
        badge(t("Waiting"), "", "clock"),
    )


def _kind(row: JobRow) -> rx.Component:
    return rx.el.div(
        cut(row["kind"], "cell-title mono"),
        rx.el.div(row["args"], class_name="cell-sub mono truncate", title=row["args"]),
    )


def _reason(row: JobRow) -> rx.Component:
    return rx.cond(
        row["reason"] != "", rx.el.span(row["reason"], class_name="reason"), rx.el.span(t("None"), class_name="muted")
    )


def _when(row: JobRow) -> rx.Component:
    return rx.el.div(
        relative_time(row["failed_at"], ""),
        rx.cond(
            row["next_at"] != "",
            rx.el.div(t("Next {next_at}", next_at=relative_time(row["next_at"])), class_name="cell-sub"),
        ),
    )


PAGES = [jobs_page]
