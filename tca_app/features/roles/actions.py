"""What each role may do, in plain words, generated from the policies of projects and users."""

from collections.abc import Iterable
from dataclasses import dataclass

from tca_app.features.projects import policy as projects
from tca_app.features.users import policy as users

# A sentence for each action of the policies. A test fails for an action without one.
SENTENCES = {
    "projects.list": "See the list of their projects",
    "projects.create": "Create a project, and own it",
    "projects.bulk": "Change several of their projects at once",
    "deployments.list": "See the deployments of their projects",
    "health.list": "See the health of their projects and of the console",
    "projects.read": "See the project",
    "projects.update": "Change the description, repository, mark and status",
    "projects.rename": "Change the name and the slug",
    "projects.archive": "Archive the project and bring it back",
    "projects.transfer": "Transfer the project to a new owner",
    "projects.delete": "Move the project to the trash",
    "projects.restore": "Restore the project from the trash",
    "members.list": "See the members",
    "members.write": "Add, change and remove viewers and deployers, people and groups",
    "members.grant_maintainer": "Add, change and remove maintainers, people and groups",
    "webhooks.manage": "Manage the webhooks of the project",
    "environments.read": "See environments and freeze windows",
    "environments.write": "Change environments and freeze windows",
    "deployments.read": "See deployments with their logs",
    "deployments.write": "Report deployments, cancel them and roll back",
    "deployments.decide": "Approve and refuse deployments to protected environments, and deploy there without approval",
    "comments.write": "Comment on deployments, and change and delete their own comments",
    "comments.moderate": "Delete comments of others",
    "hooks.write": "Connect a GitHub repository",
    "slack.manage": "Connect a Slack channel",
    "tokens.manage": "Manage the API tokens of the project",
    "ci_trusts.manage": "Choose which CI jobs get tokens of the project",
    "health.note": "Open, update and acknowledge incidents",
    "health.manage": "Change, pause and publish health checks, and plan maintenance",
    "users.directory": "Find people by name",
    "users.list": "See all users",
    "users.create": "Create users",
    "users.read": "See the profile of a user",
    "users.update": "Change the profile of a user",
    "users.delete": "Move users to the trash",
    "users.restore": "Restore users from the trash",
    "users.bulk": "Change several users at once",
    "users.read_factors": "See the second factors of a user",
    "users.reset_factors": "Reset the second factors of a user",
    "users.export": "Export what is stored about a user",
    "users.erase": "Erase the personal data of a user",
    "users.read_picture": "See the pictures of people",
    "users.set_picture": "Upload a picture",
    "users.remove_picture": "Remove the picture of a user",
    "users.act_as": "Act as a user for half an hour, under both names",
}
ROLES = tuple(sorted(projects.RANK, key=lambda role: projects.RANK[role]))


@dataclass(frozen=True, slots=True)
class ProjectAction:
    """An action in a project, the lowest role that may do it, and whether each of `ROLES` may."""

    sentence: str
    lowest: str
    allowed: tuple[bool, ...]


def actions() -> set[str]:
    """Returns every action of the policies."""
    return {*projects.RULES, *projects.ANYBODY, *users.RULES}


def project_actions() -> list[ProjectAction]:
    """Returns the actions in a project, those of the lowest role first."""
    ranks = projects.RANK
    return [
        ProjectAction(SENTENCES[name], lowest, tuple(ranks[role] >= ranks[lowest] for role in ROLES))
        for name, lowest in sorted(projects.RULES.items(), key=lambda rule: ranks[rule[1]])
    ]


def everybody_may() -> list[str]:
    """Returns what everybody who is signed in may do."""
    open_to_all = (name for name, allowed in users.RULES.items() if users.ANYBODY in allowed)
    own = (f"{SENTENCES[name]}: their own" for name, allowed in users.RULES.items() if users.SELF in allowed)
    return [*_sentences(name for name in SENTENCES if name in projects.ANYBODY), *_sentences(open_to_all), *own]


def administrators_may() -> list[str]:
    """Returns what only administrators may do with users."""
    return _sentences(name for name, allowed in users.RULES.items() if users.SUPERUSER in allowed)


def _sentences(names: Iterable[str]) -> list[str]:
    return [SENTENCES[name] for name in names]
