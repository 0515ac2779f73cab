"""Finds every name of a person: the present ones, and those of the past that the event log and others still have."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.personal_data.scrubbing import Person

# (what it is, the value): an address, a name, or the name at a sign-in provider.
_NAMES = text(
    """
    SELECT 'email' AS kind, value FROM users, unnest(ARRAY[email, pending_email]) AS value WHERE id = :id
    UNION SELECT 'name', value FROM users, unnest(ARRAY[username, full_name]) AS value WHERE id = :id
    UNION SELECT 'email', email FROM one_time_tokens WHERE user_id = :id
    UNION SELECT 'email', email FROM invitations WHERE accepted_by_id = :id
    UNION SELECT provider, name FROM identities WHERE user_id = :id
    UNION SELECT CASE field.key WHEN 'email' THEN 'email' ELSE 'name' END, field.value #>> '{}'
      FROM events, LATERAL (
        SELECT * FROM jsonb_each(data -> 'before') UNION ALL SELECT * FROM jsonb_each(data -> 'after')
      ) AS field
      WHERE subject_type = 'user' AND subject_id = :id AND field.key IN ('email', 'username', 'full_name')
    UNION SELECT 'name', subject_name FROM events WHERE subject_type = 'user' AND subject_id = :id
    UNION SELECT 'name', actor_name FROM events
      WHERE actor_id = :id AND actor_type = 'user' AND data -> 'acting_for_id' IS NULL
    """
)
_INVITATIONS = text(
    """
    SELECT id FROM invitations WHERE accepted_by_id = :id OR lower(email) = ANY(:emails)
    UNION SELECT subject_id FROM events WHERE actor_id = :id AND type = 'invitation_accepted'
    """
)

# A name that somebody or something else has too, alone or as a part of its own. People choose what they are called, and
# nobody may choose what is then taken out of the records of others.
_SHARED = text(
    """
    SELECT phrase FROM unnest(CAST(:phrases AS text[])) AS phrase WHERE
      EXISTS (SELECT FROM users WHERE id <> :id AND strpos(lower(full_name), phrase) > 0)
      OR EXISTS (SELECT FROM projects WHERE strpos(lower(name), phrase) > 0)
      OR EXISTS (SELECT FROM groups WHERE strpos(lower(name), phrase) > 0)
    """
)


async def find_person(session: AsyncSession, user_id: int) -> Person:
    """Returns the person with all their names, before the account loses them."""
    rows = [(kind, value) for kind, value in await session.execute(_NAMES, {"id": user_id}) if value]
    emails = frozenset(value.lower() for kind, value in rows if kind == "email" or (kind != "name" and "@" in value))
    invitations = await session.execute(_INVITATIONS, {"id": user_id, "emails": sorted(emails)})
    names = frozenset(value for kind, value in rows if kind != "email")
    phrases = sorted({name.lower() for name in names if len(name.split()) > 1})
    shared = await session.execute(_SHARED, {"id": user_id, "phrases": phrases})
    return Person(
        user_id,
        emails=emails,
        names=names,
        shared=frozenset(shared.scalars()),
        logins=frozenset(value.lower() for kind, value in rows if kind == "github"),
        invitations=frozenset(invitations.scalars()),
    )
