"""People choose their names, so an erasure must not be a way to change what the console says about others."""

from dataclasses import replace

from sqlalchemy import text

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.core.events.log import emit
from tca_app.features.personal_data import erasure
from tca_app.features.projects import service as projects, team
from tca_app.features.projects.events import ProjectUpdated
from tca_app.features.projects.schemas import ProjectUpdate, TeamMember
from tca_app.features.users import service as users
from tca_app.features.users.events import UserUpdated
from tca_app.features.users.schemas import UserUpdate
from tests.factories import make_admin, make_project, make_user, run, signed_in


async def events_of(kind: str) -> list[tuple[str, str, str | None]]:
    async with reading() as session:
        columns = "subject_name, actor_name, data ->> 'user_name'"
        rows = await session.execute(text(f"SELECT {columns} FROM events WHERE type = '{kind}' ORDER BY id"))
        return [tuple(row) for row in rows]


async def erase_as(full_name: str) -> Actor:
    """The attack: somebody takes a name of their choice and erases themselves."""
    (mallory, _) = await signed_in(await make_user("mallory"))
    await run(users.update_user, mallory, mallory.user_id, UserUpdate(full_name=full_name))
    await run(erasure.erase_user, mallory, mallory.user_id)
    return mallory


async def test_whoever_takes_the_name_of_somebody_erases_none_of_their_traces() -> None:
    ana, bob = await make_admin("ana"), await make_user("bob", full_name="Bob Builder")
    await run(users.update_user, ana, ana.user_id, UserUpdate(full_name="Ana Lopez"))
    ana = replace(ana, full_name="Ana Lopez")
    project_id = await make_project(ana, "Ledger")
    await run(team.add_member, ana, project_id, TeamMember(user_id=bob.user_id, role="viewer"))
    await run(projects.update_project, ana, project_id, ProjectUpdate(description="Ask Ana Lopez or Bob Builder"))
    for name in ("Ana Lopez", "Bob Builder"):
        await erase_as(name)
    assert await events_of("member_added") == [("Ledger", "Ana Lopez", "Bob Builder")]
    assert (await run(projects.get_project, ana, project_id)).description == "Ask Ana Lopez or Bob Builder"


async def test_not_even_when_nobody_has_the_name_any_longer() -> None:
    """Where an event says by id who it was, it was not the one who is erased."""
    boss, ana = await make_admin("boss"), await make_user("ana", full_name="Ana Lopez")
    await run(emit, replace(ana, full_name="Ana Lopez"), UserUpdated(subject_id=ana.user_id, subject_name="Ana Lopez"))
    await run(users.update_user, boss, ana.user_id, UserUpdate(full_name="Ana Moreno"))
    await erase_as("Ana Lopez")
    assert (await events_of("user_updated"))[0] == ("Ana Lopez", "Ana Lopez", None)


async def test_whoever_is_called_like_a_project_takes_no_name_from_it() -> None:
    boss = await make_admin("boss")
    project_id = await make_project(boss, "Card Payments API")
    await run(emit, boss, ProjectUpdated(subject_id=project_id, subject_name="Card Payments API"))
    await erase_as("Card Payments")
    assert await events_of("project_updated") == [("Card Payments API", "Boss", None)]
