"""The page of jobs: the queues, and below them the jobs in one state."""

from typing import Any

import reflex as rx

from tca_app.features.jobs.ui.state import JobRow, JobsState, Queue
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import page_header, panel, relative_time
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.view import data_table
from tca_app.ui.var import as_var

state = JobsState


@page(routes.JOBS, "Jobs", permission="jobs.manage", on_load=(JobsState.load,))
def jobs_page() -> rx.Component:
    return rx.fragment(
        page_header("Jobs", "Background work: email, notifications, daily aggregates and event streams."),
        rx.el.div(
            _queues(),
            data_table(
                state,
                columns=_columns(),
                label="Jobs",
                search_label="Search jobs by kind or reason",
                row_name=lambda row: f"{row['kind']} {row['id']}",
                actions=[
                    RowAction("Retry", lambda row: state.ask_rows("retry", [row["id"]]), shown=_is_dead),
                    RowAction(
                        "Discard", lambda row: state.ask_rows("discard", [row["id"]]), danger=True, shown=_is_dead
                    ),
                ],
                empty=empty_state(
                    "No jobs here",
                    "Jobs that failed permanently are listed as dead, with the reason.",
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
    numbers = ("Waiting", "Running", "Retrying", "Dead", "Lag")
    heads = (("Queue", ""), *((label, "right") for label in numbers))
    return panel(
        "Queues",
        rx.cond(
            as_var(state.queues).length() > 0,
            plain_table("Queues", heads, rx.foreach(state.queues, _queue)),
            rx.el.div(skeleton_lines(4), class_name="panel-body"),
        ),
        actions=(_workers(),),
        flush=True,
    )


def _workers() -> rx.Component:
    """A badge for the workers. Without a running worker no job runs, which is an error."""
    return rx.cond(
        as_var(state.queues).length() > 0,
        rx.cond(
            state.workers > 0,
            badge("Workers are running", "good", "circle-check"),
            badge("No worker is running", "bad", "circle-x"),
        ),
    )


def _queue(queue: Queue) -> rx.Component:
    return rx.el.tr(
        rx.el.th(queue["name"], scope="row"),
        *(rx.el.td(queue[name], class_name="right num") for name in ("waiting", "running", "retrying")),
        rx.el.td(
            rx.cond(as_var(queue["dead"]).to(int) > 0, badge(queue["dead"], "bad", "circle-x"), queue["dead"]),
            class_name="right num",
        ),
        rx.el.td(
            rx.cond(queue["is_late"], badge(queue["lag"], "warn", "clock-alert"), queue["lag"]), class_name="right num"
        ),
        key=as_var(queue["name"]).to(str),
    )


def _columns() -> list[Column]:
    return [
        Column("kind", "Job", cell=_kind, sortable=True, wide=34),
        Column("reason", "Last failure", cell=_reason, sortable=True),
        Column("state", "State", cell=lambda row: job_badge(row["state"]), sortable=True, on_tablet=False),
        Column("queue", "Queue", sortable=True),
        Column("attempts", "Attempts", sortable=True, align_right=True),
        Column("failed_at", "When", cell=_when, sortable=True),
    ]


def job_badge(value: Any) -> rx.Component:
    return rx.match(
        value,
        ("dead", badge("Dead", "bad", "circle-x")),
        ("retrying", badge("Retrying", "warn", "rotate-cw")),
        ("running", badge("Running", "info", "loader")),
        badge("Waiting", "", "clock"),
    )


def _kind(row: JobRow) -> rx.Component:
    return rx.el.div(
        cut(row["kind"], "cell-title mono"),
        rx.el.div(row["args"], class_name="cell-sub mono truncate", title=row["args"]),
    )


def _reason(row: JobRow) -> rx.Component:
    return rx.cond(
        row["reason"] != "", rx.el.span(row["reason"], class_name="reason"), rx.el.span("None", class_name="muted")
    )


def _when(row: JobRow) -> rx.Component:
    return rx.el.div(
        relative_time(row["failed_at"], ""),
        rx.cond(row["next_at"] != "", rx.el.div("Next ", relative_time(row["next_at"]), class_name="cell-sub")),
    )


PAGES = [jobs_page]
