"""Lists of commits: on the page of a deployment, and in the confirmation of a rollback."""

from typing import Any, TypedDict

import reflex as rx

from tca_app.core.language.messages import _, ngettext
from tca_app.features.deployments.commits.schemas import CommitRange, DeploymentCommits
from tca_app.ui.components.basic import relative_time
from tca_app.ui.components.faces import Face, avatar, face_of
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var


class CommitRow(TypedDict):
    """A commit in the list. `url` is "" where its page is not known."""

    sha: str
    message: str
    author: str
    face: Face
    url: str
    at: str


def rows_of(found: CommitRange) -> list[CommitRow]:
    return [
        CommitRow(
            sha=commit.sha[:7],
            message=commit.message or _("No message"),
            author=commit.author,
            face=face_of(commit.author),
            url=commit.url,
            at=commit.at.isoformat(),
        )
        for commit in found.commits
    ]


def count_of(found: CommitRange) -> str:
    """Returns how many commits there are, in words, or "" where none is known."""
    number = len(found.commits)
    if not number:
        return ""
    return (
        ngettext("More than {count} commit", "More than {count} commits", number)
        if found.is_truncated
        else ngettext("{count} commit", "{count} commits", number)
    )


def title_of(found: DeploymentCommits) -> str:
    """Returns the title of the commits of a deployment, or "" where none is known."""
    count = count_of(found)
    if not count:
        return ""
    return (
        _("{count_} undone since {before_version}", count_=count, before_version=found.before_version)
        if found.is_undone
        else _("{count_} since {before_version}", count_=count, before_version=found.before_version)
    )


def commit_list(title: Any, commits: Any, *, is_open: Any = False) -> rx.Component:
    """The commits below their `title`, which opens and closes the list."""
    return rx.cond(
        as_var(commits).length() > 0,
        rx.el.details(
            rx.el.summary(title),
            rx.el.ul(rx.foreach(as_var(commits).to(list[CommitRow]), _commit), aria_label=t("Commits"), tab_index=0),
            class_name="commits",
            open=is_open,
        ),
    )


def _commit(commit: CommitRow) -> rx.Component:
    sha = rx.cond(
        commit["url"] != "",
        rx.el.a(
            commit["sha"],
            href=commit["url"],
            target="_blank",
            rel="noopener noreferrer",
            class_name="link mono",
            aria_label=t("Commit {sha}", sha=commit["sha"]),
        ),
        rx.el.span(commit["sha"], class_name="mono muted"),
    )
    return rx.el.li(
        sha,
        rx.el.span(commit["message"], class_name="truncate grow", title=commit["message"]),
        rx.cond(
            commit["author"] != "",
            rx.el.span(
                avatar(commit["face"], "small"),
                rx.el.span(commit["author"], class_name="truncate", title=commit["author"]),
                class_name="muted person commit-author",
            ),
        ),
        rx.el.span(relative_time(commit["at"]), class_name="muted nowrap commit-time"),
        key=commit["sha"],
    )
