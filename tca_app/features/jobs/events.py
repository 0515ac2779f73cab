"""Events of jobs: the actions of administrators."""

from tca_app.core.events.log import Event


class _JobEvent(Event):
    """`subject` is the job, named by its kind."""

    subject_type = "job"

    reason: str


class JobRetried(_JobEvent):
    type = "job_retried"
    title = "{actor} retried the job {subject}"


class JobDiscarded(_JobEvent):
    type = "job_discarded"
    title = "{actor} discarded the job {subject}"
