"""What each role may do, in plain words, generated from the policies of projects and users."""

from collections.abc import Iterable
from dataclasses import dataclass

from tca_app.core.language.messages import N_
from tca_app.features.projects import policy as projects
from tca_app.features.users import policy as users

# A sentence for each action of the policies. A test fails for an action without one.
SENTENCES = {
    "projects.list": N_("See the list of their projects"),
    "projects.create": N_("Create a project, and own it"),
    "projects.bulk": N_("Change several of their projects at once"),
    "deployments.list": N_("See the deployments of their projects"),
    "health.list": N_("See the health of their projects and of the console"),
    "projects.read": N_("See the project"),
    "projects.update": N_("Change the description, repository, mark and status"),
    "projects.rename": N_("Change the name and the slug"),
    "projects.archive": N_("Archive the project and bring it back"),
    "projects.transfer": N_("Transfer the project to a new owner"),
    "projects.delete": N_("Move the project to the trash"),
    "projects.restore": N_("Restore the project from the trash"),
    "members.list": N_("See the members"),
    "members.write": N_("Add, change and remove viewers and deployers, people and groups"),
    "members.grant_maintainer": N_("Add, change and remove maintainers, people and groups"),
    "webhooks.manage": N_("Manage the webhooks of the project"),
    "environments.read": N_("See environments and freeze windows"),
    "environments.write": N_("Change environments and freeze windows"),
    "deployments.read": N_("See deployments with their logs"),
    "deployments.write": N_("Report deployments, cancel them and roll back"),
    "deployments.decide": N_(
        "Approve and refuse deployments to protected environments, and deploy there without approval"
    ),
    "comments.write": N_("Comment on deployments, and change and delete their own comments"),
    "comments.moderate": N_("Delete comments of others"),
    "hooks.write": N_("Connect a GitHub repository"),
    "slack.manage": N_("Connect a Slack channel"),
    "tokens.manage": N_("Manage the API tokens of the project"),
    "ci_trusts.manage": N_("Choose which CI jobs get tokens of the project"),
    "health.note": N_("Open, update and acknowledge incidents"),
    "health.manage": N_("Change, pause and publish health checks, and plan maintenance"),
    "users.directory": N_("Find people by name"),
    "users.list": N_("See all users"),
    "users.create": N_("Create users"),
    "users.read": N_("See the profile of a user"),
    "users.update": N_("Change the profile of a user"),
    "users.delete": N_("Move users to the trash"),
    "users.restore": N_("Restore users from the trash"),
    "users.bulk": N_("Change several users at once"),
    "users.read_factors": N_("See the second factors of a user"),
    "users.reset_factors": N_("Reset the second factors of a user"),
    "users.export": N_("Export what is stored about a user"),
    "users.erase": N_("Erase the personal data of a user"),
    "users.read_picture": N_("See the pictures of people"),
    "users.set_picture": N_("Upload a picture"),
    "users.remove_picture": N_("Remove the picture of a user"),
    "users.act_as": N_("Act as a user for half an hour, under both names"),
}
OWN = N_("their own")
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
    own = (f"{SENTENCES[name]}: {OWN}" for name, allowed in users.RULES.items() if users.SELF in allowed)
    return [*_sentences(name for name in SENTENCES if name in projects.ANYBODY), *_sentences(open_to_all), *own]


def administrators_may() -> list[str]:
    """Returns what only administrators may do with users."""
    return _sentences(name for name, allowed in users.RULES.items() if users.SUPERUSER in allowed)


def _sentences(names: Iterable[str]) -> list[str]:
    return [SENTENCES[name] for name in names]
