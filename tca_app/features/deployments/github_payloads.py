"""What is read of GitHub's payloads; they have much more, and get new fields at any time."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationError

from tca_app.core.errors import FieldFault, Invalid
from tca_app.core.schema import in_words

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]+")


def _one_line(text: str) -> str:
    """Theirs may hold what our own fields refuse: shown as a blank."""
    return _UNSEEN.sub(" ", text).strip()


def _in_range(value: datetime) -> datetime:
    if not 1970 <= value.year < 9999:
        raise ValueError("must be in a year from 1970 to 9998")
    return value


Line = Annotated[str, Field(max_length=100_000), AfterValidator(_one_line)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{7,64}$")]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of GitHub as it came: the signature covers the bytes of the body."""

    id: str
    event: str
    signature: str
    body: bytes


class _Commit(BaseModel):
    id: Sha
    timestamp: Moment


class PushPayload(BaseModel):
    commits: Annotated[list[_Commit], Field(max_length=2048)] = []
    head_commit: _Commit | None = None

    def all_commits(self) -> list[_Commit]:
        return [*self.commits, *([self.head_commit] if self.head_commit else [])]


class _Creator(BaseModel):
    login: Line = ""


class _Deployment(BaseModel):
    id: Annotated[int, Field(ge=1)]
    sha: Sha
    ref: Line
    environment: Line
    description: Line | None = None
    creator: _Creator = _Creator()
    payload: object = None
    created_at: Moment | None = None

    @property
    def version(self) -> str:
        """What the workflow put under `version`, else the branch or tag."""
        given = self.payload.get("version") if isinstance(self.payload, dict) else None
        return (_one_line(given) if isinstance(given, str) else "")[:100] or self.ref[:100] or self.sha[:12]


class StatusPayload(BaseModel):
    """Of `deployment_status`: the state that the deployment is in since `created_at`."""

    state: Line
    description: Line = ""
    created_at: Moment | None = None


class DeploymentPayload(BaseModel):
    """Of `deployment`, and of `deployment_status`, which has the state too."""

    deployment: _Deployment
    deployment_status: StatusPayload | None = None


SHAPES: dict[str, type[PushPayload] | type[DeploymentPayload]] = {
    "push": PushPayload,
    "deployment": DeploymentPayload,
    "deployment_status": DeploymentPayload,
}


def read_payload(delivery: Delivery) -> PushPayload | DeploymentPayload | None:
    """None for an event that nothing is done about. Raises Invalid."""
    shape = SHAPES.get(delivery.event)
    if shape is None:
        return None
    try:
        return shape.model_validate_json(delivery.body)
    except ValidationError as error:
        faults = [
            FieldFault("".join(f"/{part}" for part in fault["loc"])[:200], in_words(fault))
            for fault in error.errors()[:10]
        ]
        raise Invalid("This is not what GitHub sends.", errors=faults) from error
