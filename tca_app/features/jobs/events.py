"""Events of jobs: the actions of administrators."""

from tca_app.core.events.log import Event
from tca_app.core.language.messages import N_


class _JobEvent(Event):
    """`subject` is the job, named by its kind."""

    subject_type = "job"

    reason: str


class JobRetried(_JobEvent):
    type = "job_retried"
    title = N_("{actor} retried the job {subject}")


class JobDiscarded(_JobEvent):
    type = "job_discarded"
    title = N_("{actor} discarded the job {subject}")
