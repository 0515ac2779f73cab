"""Events of trusted issuers, and of the CI jobs that got a token. None of them contains a token."""

from tca_app.core.language.messages import N_
from tca_app.features.projects.events import ProjectEvent


class _TrustEvent(ProjectEvent):
    """`subject` is the project; `trust` the name of the trusted issuer."""

    trust_id: int
    trust: str


class CiTrustAdded(_TrustEvent):
    type = "ci_trust_added"
    title = N_("{actor} added the trusted issuer {trust} to {subject}")


class CiTrustChanged(_TrustEvent):
    type = "ci_trust_changed"
    title = N_("{actor} changed the trusted issuer {trust} of {subject}")


class CiTrustRemoved(_TrustEvent):
    type = "ci_trust_removed"
    title = N_("{actor} removed the trusted issuer {trust} of {subject}")


class CiJobAuthenticated(_TrustEvent):
    """A job exchanged its ID token. The claims name the job; a claim that the issuer does not make is empty."""

    type = "ci_job_authenticated"
    title = N_("{actor} exchanged its ID token for an API token of {subject}")

    repository: str
    ref: str
    environment: str
    run_id: str
