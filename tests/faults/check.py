"""Checks what must hold after the load, when every job is done, whatever was killed."""

from collections import Counter

from tca_app.core.events.log import CATALOGUE, NEEDED
from tca_app.server import worker
from tests.faults.load import Acks
from tests.processes import Cluster
from tests.sinks import MailSink

assert worker.CONSUMERS  # their import fills the catalogue


def nothing_is_missing(cluster: Cluster, acks: Acks, sink: MailSink) -> int:
    """Every acknowledged write has its row and its effects, each once. Returns how many mails came twice."""
    _rows(cluster, acks)
    _events(cluster, acks)
    _effects(cluster)
    _notifications(cluster)
    assert "mended" not in cluster.command("recount")
    assert "intact" in cluster.command("verify-log")
    return _mails(cluster, sink)


def _rows(cluster: Cluster, acks: Acks) -> None:
    """Each acknowledged write has its row, once."""
    users = Counter(cluster.sql("SELECT id, username FROM users"))
    projects = Counter(cluster.sql("SELECT id FROM projects"))
    members = Counter(cluster.sql("SELECT project_id, user_id FROM project_members"))
    assert [row for row in acks.of("user") if users[row["id"], row["username"]] != 1] == []
    assert [row for row in acks.of("project") if projects[row["id"],] != 1] == []
    assert [row for row in acks.of("member") if members[row["project_id"], row["user_id"]] != 1] == []


def _events(cluster: Cluster, acks: Acks) -> None:
    """Each acknowledged write has its event, once."""
    rows = cluster.sql("SELECT type, subject_id, data #>> '{after,name}', data ->> 'user_id' FROM events")
    logged = Counter((type_, subject) for type_, subject, _, _ in rows)
    named = Counter((subject, name) for type_, subject, name, _ in rows if type_ == "project_updated")
    joined = Counter((subject, int(user)) for type_, subject, _, user in rows if type_ == "member_added")
    assert [row for row in acks.of("user") if logged["user_created", row["id"]] != 1] == []
    assert [row for row in acks.of("project") if logged["project_created", row["id"]] != 1] == []
    assert [row for row in acks.of("member") if joined[row["project_id"], row["user_id"]] != 1] == []
    assert [row for row in acks.of("update") if named[row["id"], row["name"]] != 1] == []


def _effects(cluster: Cluster) -> None:
    """Every consumer dealt with every event, acknowledged or not, once. There is no webhook, so nothing is for them."""
    events = cluster.sql("SELECT id, type FROM events")
    needed = [
        (event_id, name) for event_id, type_ in events for name in CATALOGUE[type_].consumers if name not in NEEDED
    ]
    wanted = Counter((name, event_id) for event_id, name in needed)
    assert Counter(cluster.sql("SELECT consumer, event_id FROM event_effects")) == wanted


def _notifications(cluster: Cluster) -> None:
    """Who was added to a team has one line about it."""
    wanted = "SELECT (data ->> 'user_id')::bigint, id FROM events WHERE type = 'member_added'"
    found = "SELECT user_id, event_id FROM notifications WHERE kind = 'member_added'"
    assert Counter(cluster.sql(found)) == Counter(cluster.sql(wanted))


def _mails(cluster: Cluster, sink: MailSink) -> int:
    statement = """
        SELECT uuid::text || '.' || CASE type WHEN 'member_added' THEN data ->> 'user_id' ELSE subject_id::text END
        FROM events WHERE type IN ('user_created', 'member_added')
    """
    wanted = {f"<{key}@localhost>" for (key,) in cluster.sql(statement)}
    assert wanted - set(sink.got) == set()
    # Administrators may have been notified that the console was degraded, which it is under a long load with kills.
    alerts = {uuid for (uuid,) in cluster.sql("SELECT uuid::text FROM events WHERE subject_type = 'health_check'")}
    others = [key for key in sink.got if key not in wanted]
    assert [key for key in others if key.removeprefix("<").partition(".")[0] not in alerts] == []
    return len(sink.got) - len(others) - len(wanted)


def streams_have_all(cluster: Cluster) -> None:
    """Every event is in the stream of its subject type; readers recognise duplicates by their uuid."""
    with cluster.redis() as client:
        kinds = [kind for (kind,) in cluster.sql("SELECT DISTINCT subject_type FROM events")]
        found = {fields[b"uuid"].decode() for kind in kinds for _, fields in client.xrange(f"{kind}_events")}
    assert found == {uuid for (uuid,) in cluster.sql("SELECT uuid::text FROM events")}
