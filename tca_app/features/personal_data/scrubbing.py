"""What an erasure takes out of events and of the copies that were made of them.

If an event refers to the person by id, all their names are replaced; if it refers to another account, none.
Elsewhere only what can mean nobody else: an email address, or a full name of several words that nobody and nothing else
has. A username such as "deploy" is an ordinary word.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tca_app.core.events.log import RecordedEvent

GONE = "erased"
MIN_NAME = 3  # replacing a shorter one would damage ordinary text
ACTING = " (acting as "
# Fields of events by which a person is named, each with the id that says who it is.
NAMED_BY = {"user_name": "user_id", "to_name": "to_id", "owner": "owner_id", "acting_for": "acting_for_id"}
OWN_FIELDS = ("email", "username", "full_name", "pending_email")  # in `before` and `after` of an account
# Fields that people fill in, or that name someone. Every other field of an event is in KEPT_FIELDS.
TEXT_FIELDS = frozenset(
    {
        *NAMED_BY,
        *OWN_FIELDS,
        "body",
        "description",
        "device",
        "freeze_reason",
        "group_name",
        "name",
        "note",
        "reason",
        "reporter",
        "subject_name",
        "title",
        "trust",
        "why",
    }
)
# Ids, times, versions and words of the console itself. They lose addresses and full names, but no usernames.
_KEPT = (
    "language "
    "created changed failed "
    "asked_by_id commit_sha deployed_version digest ends_at environment erasure events expires_at expires_on from_id "
    "group_id incident_id kind lasted left old_ends_at old_id outcome owner_id project_slug provider ref repository "
    "role rollback_of_id run_id sessions source starts_at status to_id trust_id undone_id undone_version until user_id "
    "older_than removal severity was_in_trash window days author_id comment_id is_public"
)
KEPT_FIELDS = frozenset(_KEPT.split())


def label_of(user_id: int) -> str:
    """Returns the name of an erased user."""
    return f"Erased user {user_id}"


def pattern_of(words: Iterable[str]) -> str:
    """Returns a regular expression for whole words, for Python and PostgreSQL; it matches nothing without words."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)" if longest_first else r"(?!)"


@dataclass(frozen=True)
class Person:
    """All names of a person, present and past. `logins` are those at GitHub, which reports deployments under them.

    `invitations` are the ids of those that they got. `shared` are the names, in lower case, that others have too.
    Without names only what an id refers to is erased.
    """

    id: int
    emails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    invitations: frozenset[int] = frozenset()

    @property
    def label(self) -> str:
        return label_of(self.id)

    @cached_property
    def phrases(self) -> frozenset[str]:
        """Returns what can mean nobody else."""
        return self.emails | {name for name in self.names if len(name.split()) > 1 and name.lower() not in self.shared}

    @cached_property
    def _phrases(self) -> re.Pattern[str]:
        return re.compile(pattern_of(self.phrases), re.IGNORECASE)

    @cached_property
    def _names(self) -> re.Pattern[str]:
        words = {name for name in self.names if len(name) >= MIN_NAME} | self.emails
        return re.compile(pattern_of(words), re.IGNORECASE)

    def scrub(self, value: Any, field: str = "", *, is_named: bool = False) -> Any:  # noqa: ANN401  JSON
        """Returns a value of JSON without the person. `is_named`: it is about them, so usernames mean them too."""
        if isinstance(value, str):
            found = self._names if is_named and field in TEXT_FIELDS else self._phrases
            return found.sub(self.label, value)
        if isinstance(value, dict):
            return {key: self.scrub(inner, key, is_named=is_named) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.scrub(inner, field, is_named=is_named) for inner in value]
        return value


def scrub_event(event: RecordedEvent, person: Person) -> RecordedEvent:
    """Returns the event without the person's data. It is equal to `event` when there was none."""
    data = _data(event, person)
    return replace(
        event,
        subject_name=_subject_name(event, person),
        actor_name=_actor_name(event, data, person),
        data=data,
        ip="" if _is_by(event, person) or (_is_about(event, person) and event.actor_id is None) else event.ip,
    )


def _is_by(event: RecordedEvent, person: Person) -> bool:
    return event.actor_id == person.id


def _is_about(event: RecordedEvent, person: Person) -> bool:
    return event.subject_type == "user" and event.subject_id == person.id


def _is_invitation(event: RecordedEvent, person: Person) -> bool:
    return event.subject_type == "invitation" and event.subject_id in person.invitations


def _data(event: RecordedEvent, person: Person) -> dict[str, Any]:
    named = [name for name, by in NAMED_BY.items() if name in event.data and event.data.get(by) == person.id]
    is_own = _is_by(event, person) or _is_about(event, person)
    data: dict[str, Any] = person.scrub(event.data, is_named=is_own or bool(named) or _is_invitation(event, person))
    data |= {name: event.data[name] for name, by in NAMED_BY.items() if name in event.data and event.data.get(by)}
    data |= dict.fromkeys(named, person.label)
    if str(data.get("reporter", "")).lower() in person.logins:
        data["reporter"] = person.label
    if is_own and data.get("device"):
        data["device"] = GONE
    if _is_about(event, person):
        data |= {"name": GONE} if data.get("name") else {}  # what they call a second factor
        data |= {when: _own_fields(data[when]) for when in ("before", "after") if when in data}
    return data


def _own_fields(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: GONE if name in OWN_FIELDS and value else value for name, value in changes.items()}


def _subject_name(event: RecordedEvent, person: Person) -> str:
    if _is_about(event, person) or _is_invitation(event, person):
        return person.label
    if event.subject_type == "token" and event.data.get("owner_id") == person.id:
        return "API token"
    return event.subject_name if event.subject_type == "user" else str(person.scrub(event.subject_name))


def _actor_name(event: RecordedEvent, data: dict[str, Any], person: Person) -> str:
    acting = person.id in (event.actor_id, event.data.get("acting_for_id")) and "acting_for" in data
    name = person.label if _is_by(event, person) else event.actor_name
    if acting:
        return f"{name.partition(ACTING)[0]}{ACTING}{data['acting_for']})"
    is_somebody = event.actor_type == "user" and event.actor_id is not None  # another account with the same name
    return name if is_somebody else str(person.scrub(name))
