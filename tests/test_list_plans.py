"""Lists on a database without statistics: the rows of a page are chosen first and decorated after."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import close_db
from tca_app.features.activity import service as activity
from tca_app.features.activity.schemas import ActivityQuery
from tca_app.features.dashboard import service as dashboard
from tca_app.features.dashboard.schemas import StatsQuery
from tca_app.features.deployments import queries as deployments
from tca_app.features.deployments.attention.queries import read_attention
from tca_app.features.deployments.listing import export as deployment_file
from tca_app.features.deployments.listing.queries import list_deployments
from tca_app.features.deployments.listing.schemas import DeploymentExport, DeploymentQuery
from tca_app.features.deployments.listing.similar import find_similar as similar_deployments
from tca_app.features.deployments.matrix import queries
from tca_app.features.deployments.matrix.schemas import MatrixQuery
from tca_app.features.environments.search import find_similar as similar_environments
from tca_app.features.groups import listing as groups
from tca_app.features.health import listing as checks, summary
from tca_app.features.health.incidents import listing as incidents
from tca_app.features.health.incidents.schemas import IncidentQuery
from tca_app.features.health.maintenance import listing as maintenance
from tca_app.features.health.maintenance.schemas import MaintenanceQuery
from tca_app.features.health.schemas import CheckQuery
from tca_app.features.invitations import queries as invitations
from tca_app.features.invitations.schemas import InvitationQuery
from tca_app.features.jobs import listing as jobs
from tca_app.features.jobs.schemas import JobQuery
from tca_app.features.notifications import service as notifications
from tca_app.features.notifications.schemas import InboxQuery
from tca_app.features.projects.listing import export as project_file
from tca_app.features.projects.listing.members import list_members
from tca_app.features.projects.listing.queries import list_projects
from tca_app.features.projects.schemas import MemberQuery, ProjectFilter, ProjectQuery
from tca_app.features.projects.similar import find_similar as similar_projects
from tca_app.features.tokens.listing import list_all_tokens
from tca_app.features.tokens.schemas import TokenQuery
from tca_app.features.users import queries as users
from tca_app.features.users.schemas import UserQuery
from tca_app.features.users.similar import find_similar as similar_users
from tca_app.features.webhooks import deliveries
from tca_app.features.webhooks.schemas import DeliveryQuery
from tests.plans import buffers_of

PROJECTS, PEOPLE, MEMBERSHIPS = 4_000, 300, 3_000
LATE = 3_000
TEAM = 500  # a project with a large team, on none of the pages below
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
FILL = f"""
INSERT INTO users (id, email, username, full_name, hashed_password)
  SELECT n, 'p' || n || '@example.com', 'person' || n, 'Person ' || n, 'x' FROM generate_series(1, {PEOPLE}) AS n;
UPDATE users SET is_superuser = true WHERE id <= 2;
INSERT INTO projects (id, name, slug, owner_id)
  SELECT n, 'Project ' || n, 'project-' || n, 3 + n % {PEOPLE - 10} FROM generate_series(1, {PROJECTS}) AS n;
INSERT INTO project_members (project_id, user_id, role) SELECT id, owner_id, 'owner' FROM projects;
INSERT INTO project_members (project_id, user_id, role)
  SELECT n, viewer, 'viewer' FROM generate_series(1, {MEMBERSHIPS}) AS n, (VALUES (1), ({PEOPLE})) AS v (viewer)
  ON CONFLICT DO NOTHING;
INSERT INTO environments (id, project_id, name, rank) SELECT id, id, 'production', 0 FROM projects;
INSERT INTO deployments
    (project_id, environment_id, version, source, status, queued_at, started_at, finished_at, created_by_id)
  SELECT id, id, '1.0', 'api', 'succeeded', now(), now(), now(), 1 + id % {PEOPLE} FROM projects;
INSERT INTO deployments (project_id, environment_id, version, source, status, queued_at, created_by_id)
  SELECT id, id, '1.1', 'api', 'queued', now(), 1 + id % {PEOPLE} FROM projects;
INSERT INTO health_checks (id, key, kind, name, project_id, environment_id)
  SELECT id, 'check' || id, 'environment', 'Check ' || id, id, id FROM projects;
INSERT INTO incidents (check_id, opened_at, closed_at, reason)
  SELECT id, now() - interval '1 hour', now(), 'HTTP 500' FROM projects;
INSERT INTO incidents (project_id, title, opened_at, closed_at, reason, opened_by_id)
  SELECT id, 'Slow', now() - interval '1 hour', now(), '', 1 FROM projects;
INSERT INTO maintenance_windows (id, project_id, title, starts_at, ends_at, created_by_id)
  SELECT id, id, 'Upgrade', now() + id % 100 * interval '1 hour', now() + interval '9 days', 1 FROM projects;
INSERT INTO maintenance_checks (window_id, check_id) SELECT id, id FROM projects;
INSERT INTO procrastinate_jobs (id, queue_name, task_name, args, status, attempts)
  SELECT n, 'mail', 'send_mail', '{{}}', 'failed', 3 FROM generate_series(1, {PROJECTS}) AS n;
INSERT INTO job_failures (job_id, attempt, error)
  SELECT n, attempt, 'no answer' FROM generate_series(1, {PROJECTS}) AS n, generate_series(1, 3) AS attempt;
INSERT INTO events
    (uuid, type, version, subject_type, subject_id, subject_name, actor_type, actor_name, project_id, data, ip,
     request_id)
  SELECT gen_random_uuid(), 'project_updated', 1, 'project', id, name, 'system', 'System', id, '{{}}', '', ''
  FROM projects;
INSERT INTO notifications (user_id, event_id, kind, title, body, link)
  SELECT viewer, id, 'project_updated', 'x', '', '' FROM events, (VALUES (1), (2), ({PEOPLE})) AS v (viewer);
INSERT INTO project_members (project_id, user_id, role)
  SELECT {TEAM}, id, 'maintainer' FROM users WHERE id <= 100 ON CONFLICT DO NOTHING;
INSERT INTO invitations (email, project_id, role, invited_by_id, expires_at)
  SELECT 'i' || id || '@example.com', id, 'viewer', owner_id, now() + interval '1 day' FROM projects;
INSERT INTO api_tokens (user_id, project_id, name, prefix, token_hash, scopes, allowed_networks)
  SELECT owner_id, id, 'CI', 'tca_' || id, decode(md5(id::text), 'hex'), '{{read}}', '{{}}' FROM projects;
INSERT INTO webhooks (id, url, secret, event_types) VALUES (1, 'https://hooks.example.com', '', '{{}}');
INSERT INTO webhook_deliveries
    (webhook_id, message_id, event_type, attempt, status, url, request_headers, request_body)
  SELECT 1, 'msg_' || n, 'ping', 1, 'failed', '', '{{}}', '' FROM generate_series(1, {PROJECTS}) AS n;
"""
# What is typed inexactly into the command palette, for each kind of record.
SIMILAR: dict[str, Callable[[Any, Actor, str], Awaitable[object]]] = {
    "projects": similar_projects,
    "environments": similar_environments,
    "deployments": similar_deployments,
    "incidents": incidents.find_similar,
    "groups": groups.find_similar,
    "users": similar_users,
}
Read = Callable[[Any, Actor, int], Awaitable[object]]


async def _similar(
    find: Callable[[Any, Actor, str], Awaitable[object]], session: Any, who: Actor, _skip: int
) -> object:
    return await find(session, who, "p1 prn")


LISTS: dict[str, Read] = {
    "projects": lambda s, who, skip: list_projects(s, who, ProjectQuery(skip=skip, limit=25)),
    "projects by name": lambda s, who, skip: list_projects(s, who, ProjectQuery(skip=skip, limit=25, sort="name")),
    "users": lambda s, who, skip: users.list_users(s, who, UserQuery(skip=min(skip, PEOPLE - 25), limit=25)),
    "deployments": lambda s, who, skip: list_deployments(s, who, DeploymentQuery(skip=skip, limit=25)),
    "deployments of a file": lambda s, who, skip: deployment_file.read_deployments(
        s, who, DeploymentExport(), list(range(skip + 1, skip + 26))
    ),
    "projects of a file": lambda s, who, skip: project_file.read_projects(
        s, who, ProjectFilter(sort="name"), list(range(skip + 1, skip + 26))
    ),
    "open deployments": lambda s, who, skip: deployments.open_deployments(s, who, 10),
    "attention": lambda s, who, skip: read_attention(s, who, 5),
    "environments": lambda s, who, skip: queries.environment_matrix(s, who, MatrixQuery(skip=skip, limit=25)),
    "environments of a file": lambda s, who, skip: queries.read_environments(s, who, list(range(skip + 1, skip + 26))),
    "checks": lambda s, who, skip: checks.list_checks(s, who, CheckQuery(skip=skip, limit=25)),
    "health_summary": lambda s, who, skip: summary.health_summary(s, who, 6),
    "components of incidents": lambda s, who, skip: incidents.list_incidents(
        s, who, IncidentQuery(skip=skip, limit=25, sort="component")
    ),
    "incidents": lambda s, who, skip: incidents.list_incidents(s, who, IncidentQuery(skip=skip, limit=25)),
    "maintenance": lambda s, who, skip: maintenance.list_windows(s, who, MaintenanceQuery(skip=skip, limit=25)),
    "jobs": lambda s, who, skip: jobs.list_jobs(s, who, JobQuery(skip=skip, limit=25)),
    "tokens": lambda s, who, skip: list_all_tokens(s, who, TokenQuery(skip=skip, limit=25)),
    "team": lambda s, who, skip: list_members(s, who, PROJECTS, MemberQuery(skip=min(skip, PEOPLE - 25), limit=25)),
    "memberships": lambda s, who, skip: users.list_memberships(s, who, 3 if who.is_superuser else who.user_id),
    "notifications": lambda s, who, skip: notifications.list_notifications(s, who, InboxQuery(limit=25)),
    "deliveries": lambda s, who, skip: deliveries.list_deliveries(s, who, 1, DeliveryQuery(skip=skip, limit=25)),
    "activity": lambda s, who, skip: activity.list_activity(s, who, ActivityQuery(limit=25), for_reader=True),
    "invitations": lambda s, who, skip: invitations.list_invitations(s, who, InvitationQuery(skip=skip, limit=25)),
    **{f"similar {name}": partial(_similar, find) for name, find in SIMILAR.items()},
    "incidents of a text": lambda s, who, skip: incidents.list_incidents(
        s, who, IncidentQuery(skip=skip, limit=25, search="check")
    ),
    "dashboard": lambda s, who, skip: dashboard.stats(s, who, StatsQuery()),
}


@pytest.fixture(scope="module")
async def unanalysed() -> AsyncIterator[None]:
    """A database of its own, filled, of whose tables the planner knows nothing."""
    own = get_settings().database_url.get_secret_value()
    name = psycopg.conninfo.conninfo_to_dict(own)["dbname"]
    with psycopg.connect(own.replace(f"/{name}?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}_unanalysed WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}_unanalysed TEMPLATE tca")
    url = own.replace(f"/{name}?", f"/{name}_unanalysed?")
    with psycopg.connect(url, autocommit=True) as connection:
        for (table,) in connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall():
            connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        connection.execute(FILL)
    await close_db()
    os.environ["DATABASE_URL"] = url
    get_settings.cache_clear()
    yield
    await close_db()
    os.environ["DATABASE_URL"] = own
    get_settings.cache_clear()


MANY, NONE = Actor(1, "many", "Admin of many", True), Actor(2, "none", "Admin of none", True)
MEMBER = Actor(PEOPLE, "member", "Member of many", False)
FOR_ADMINS = ("similar users", "users", "jobs", "tokens", "deliveries", "team", "invitations")
# A member's deployments and incidents are read by the index of each of their projects or checks, so these do grow with
# their memberships.
BY_PROJECT = (
    *("deployments", "open deployments", "attention", "activity", "dashboard"),
    *("similar deployments", "similar incidents"),
)
MOST = 1_200  # pages; a lookup for each of the rows that are counted, sorted or skipped would be ten times as many


async def _cost_of(name: str, who: Actor, skip: int) -> int:
    return await buffers_of(lambda session: LISTS[name](session, who, skip))


@pytest.mark.parametrize("skip", [0, LATE])
@pytest.mark.parametrize("name", LISTS)
async def test_the_memberships_of_an_administrator_cost_a_list_nothing(unanalysed: None, name: str, skip: int) -> None:
    of_none, of_many = [await _cost_of(name, who, skip) for who in (NONE, MANY)]
    assert of_none < MOST
    assert of_many <= of_none * 1.1 + 10


@pytest.mark.parametrize("name", [name for name in LISTS if name not in (*FOR_ADMINS, *BY_PROJECT)])
async def test_a_late_page_of_a_member_costs_as_much_as_the_first(unanalysed: None, name: str) -> None:
    first, late = [await _cost_of(name, MEMBER, skip) for skip in (0, MEMBERSHIPS - 50)]
    assert first < MOST
    assert late <= first * 1.25 + 10
