"""The parts of GitHub's payloads that are used. GitHub sends more fields, and adds new ones at any time."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError

from tca_app.core.errors import FieldError, Invalid
from tca_app.core.schema import in_words
from tca_app.core.urls import link_of
from tca_app.features.deployments.commits.schemas import first_line
from tca_app.features.deployments.schemas import MAX_VERSION

MAX_AUTHOR = 100
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]+")


def _one_line(text: str) -> str:
    """Replaces characters that the console's own fields refuse by spaces."""
    return _INVISIBLE.sub(" ", text).strip()


def _in_range(value: datetime) -> datetime:
    if not 1970 <= value.year < 9999:
        raise ValueError("must be in a year from 1970 to 9998")
    return value


def _link(value: object) -> str:
    """Returns the link, or "" for one that cannot be shown, which is no reason to refuse the report."""
    return link_of(value.strip()) if isinstance(value, str) else ""


def _zero_is_empty(value: object) -> object:
    """Returns "" for the hash of zeros, which GitHub sends where there is no commit."""
    return "" if isinstance(value, str) and not value.strip("0") else _or_empty(value)


def _or_empty(value: object) -> object:
    return "" if value is None else value


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
Line = Annotated[str, Field(max_length=100_000), BeforeValidator(_or_empty), AfterValidator(_one_line)]
Sha = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{7,64}$"), AfterValidator(str.lower)]
Before = Annotated[
    str, Field(pattern=r"^([0-9A-Fa-f]{40,64})?$"), BeforeValidator(_zero_is_empty), AfterValidator(str.lower)
]
FirstLine = Annotated[Line, BeforeValidator(first_line)]
Link = Annotated[str, BeforeValidator(_link)]
GithubId = Annotated[int, Field(ge=1, lt=2**63)]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of GitHub as received: the signature covers the bytes of the body. `id` may be ""."""

    id: str
    event: str
    signature: str
    body: bytes | bytearray


class Repository(BaseModel):
    """A repository. Its `id` survives a rename or a transfer to another owner."""

    id: GithubId
    full_name: Line


class PingPayload(BaseModel):
    """The payload of a ping. The webhook of an organization pings without a repository."""

    repository: Repository | None = None


class _Author(BaseModel):
    name: Line = ""


class _Commit(BaseModel):
    id: Sha
    timestamp: Moment
    message: FirstLine = ""
    author: _Author | None = None
    url: Link = ""

    @property
    def author_name(self) -> str:
        return self.author.name[:MAX_AUTHOR].strip() if self.author else ""


class PushPayload(BaseModel):
    """The payload of a push. `before` is where the branch was, "" for a new one."""

    repository: Repository
    ref: Line = ""
    before: Before = ""
    forced: bool = False
    commits: Annotated[list[_Commit], Field(max_length=2048)] = []
    head_commit: _Commit | None = None

    @property
    def since(self) -> str:
        """Returns the commit that the first one of `commits` follows, or "" after a rewrite of the branch."""
        return "" if self.forced else self.before

    def all_commits(self) -> list[_Commit]:
        return [*self.commits, *([self.head_commit] if self.head_commit else [])]


class _Creator(BaseModel):
    login: Line = ""


class _Deployment(BaseModel):
    id: GithubId
    sha: Sha
    ref: Line
    environment: Line
    description: Line = ""
    creator: _Creator | None = None
    payload: object = None
    created_at: Moment | None = None

    @property
    def reporter(self) -> str:
        return self.creator.login if self.creator else ""

    @property
    def version(self) -> str:
        """Returns `version` of the workflow's payload, else the branch or tag."""
        version = _as_object(self.payload).get("version")
        named = _one_line(version) if isinstance(version, str) else ""
        return named[:MAX_VERSION] or self.ref[:MAX_VERSION] or self.sha[:12]


def _as_object(payload: object) -> dict[str, Any]:
    """Returns the payload as an object. GitHub passes on an object or any text, which may be JSON."""
    if isinstance(payload, str):
        try:
            payload = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return {}
    return payload if isinstance(payload, dict) else {}


class StatusPayload(BaseModel):
    """The state of the deployment since `created_at`. `target_url` is the older name of `log_url`."""

    state: Line
    description: Line = ""
    created_at: Moment | None = None
    log_url: Link = ""
    target_url: Link = ""
    environment_url: Link = ""


class _WorkflowRun(BaseModel):
    html_url: Link = ""


class DeploymentPayload(BaseModel):
    """The payload of `deployment`, and of `deployment_status`, which also has the state."""

    repository: Repository
    deployment: _Deployment
    deployment_status: StatusPayload | None = None
    workflow_run: _WorkflowRun | None = None

    @property
    def links(self) -> dict[str, str]:
        """Returns the links of this delivery, by column."""
        status = self.deployment_status or StatusPayload(state="")
        links = {
            "ci_url": self.workflow_run.html_url if self.workflow_run else "",
            "log_url": status.log_url or status.target_url,
            "environment_url": status.environment_url,
        }
        return {name: url for name, url in links.items() if url}


Payload = PingPayload | PushPayload | DeploymentPayload
SCHEMAS: dict[str, type[Payload]] = {
    "ping": PingPayload,
    "push": PushPayload,
    "deployment": DeploymentPayload,
    "deployment_status": DeploymentPayload,
}


def read_payload(delivery: Delivery) -> Payload | None:
    """Parses a payload. Returns None for an event that is not recorded. Raises Invalid."""
    schema = SCHEMAS.get(delivery.event)
    if schema is None:
        return None
    try:
        return schema.model_validate_json(delivery.body)
    except ValidationError as error:
        faults = [
            FieldError("".join(f"/{part}" for part in fault["loc"])[:200], in_words(fault))
            for fault in error.errors()[:10]
        ]
        raise Invalid("This is not a valid GitHub payload.", errors=faults) from error
