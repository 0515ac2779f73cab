"""The results of checks in words. The database has them in English; pages show them in the language of the viewer."""

from typing import NamedTuple

from tca_app.core.language.stored import Plural, stored, stored_plural

TIMED_OUT = stored("no response within {seconds} s")
CHECK_FAILED = stored("the check itself failed ({error})")
UNEXPECTED_STATUS = stored("HTTP {status}, expected {expected}")

POSTGRES_UNREACHABLE = stored("PostgreSQL is unreachable ({error})")
REDIS_UNREACHABLE = stored("Redis is unreachable ({error}); running without it")
REDIS_REFUSED = stored("Redis refuses the user or password of REDIS_URL")
VERSION = stored("version {version}")
RESPONDS = stored("responds")
NO_SCHEMA = stored("cannot read the version of the schema")
REVISION = stored("revision {revision}")
NEWER_REVISION = stored("revision {revision}, newer than that of this version ({own})")
DISK = stored("{share}% of {size} GiB free")

NO_QUEUES = stored("cannot read the queues ({error})")
NO_QUEUE = stored("cannot read the queue ({error})")
NO_WORKER = stored_plural("no worker is running; {count} job waits", "no worker is running; {count} jobs wait")
JOBS = stored("{waiting} waiting, {dead} dead, {lag}")
BEHIND = stored("{seconds} s behind")
NO_LAG = stored("no lag")
EMPTY = stored("queue empty")

NO_MAIL = stored("SMTP_URL is off: no mail is sent")
NO_BACKUPS = stored("no backup is scheduled: set BACKUP_DIR")
BACKUPS_UNREADABLE = stored("cannot read the backups ({error})")
LAST_BACKUP = stored("last backup at {time} UTC")
NO_BACKUP_YET = stored("no backup yet")
BACKUP_FAILED = stored("failed at {time} UTC, see the log; {last}")
NO_EXPORT = stored("events are not exported: EVENT_EXPORT_TARGET is not set")
EVENTS_UNREADABLE = stored("cannot read the events that wait ({error})")
EVENTS = stored_plural("{count} event waits, {lag}", "{count} events wait, {lag}")


class QueueWords(NamedTuple):
    """What a check says of a queue, with the number of its jobs."""

    waiting: Plural
    failed: Plural


MAILS = QueueWords(
    stored_plural("{count} mail waits, {lag}", "{count} mails wait, {lag}"),
    stored_plural("{count} mail failed and will be retried", "{count} mails failed and will be retried"),
)
ENTRIES = QueueWords(
    stored_plural("{count} entry waits, {lag}", "{count} entries wait, {lag}"),
    stored_plural("{count} entry failed and will be retried", "{count} entries failed and will be retried"),
)

# Why another server could not be asked: what core.outgoing raises.
stored("{name} cannot be reached ({error})")
stored("{name} gave no answer within {total_s} seconds")
stored("{host} cannot be found")
stored("{host} has no address")
stored("This address is not on the public Internet.")
stored("its certificate is not valid")

# What the demo says.
stored("certificate verify failed: certificate has expired")
stored("the host cannot be found")
DEMO_PAUSED = stored("Paused: this host of the demo does not exist")
