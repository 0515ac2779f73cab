"""Schemas of imports."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tca_app.core.schema import Id, InputModel, Line200, ReadModel
from tca_app.features.imports.parsing import MAX_BYTES

Kind = Literal["users", "projects", "members"]
State = Literal["preview", "running", "finished", "stopped", "failed"]
Existing = Literal["skip", "update"]
NewUsers = Literal["link", "invitation", "none"]
Action = Literal["new", "changed", "unchanged", "error"]
SHOWN_ROWS, SHOWN_ERRORS = 20, 100

_Existing = Annotated[Existing, Field(description="What happens to rows that exist already.")]
_NewUsers = Annotated[
    NewUsers,
    Field(
        description="What new users get. `link`: an account, and a mail with a link to choose a password. "
        "`invitation`: the usual invitation, with which they create their account. `none`: an account and no mail, for "
        "people who sign in at a provider."
    ),
]


class ImportCreate(InputModel):
    """A CSV file as base64, of at most 2 MB and 5,000 rows. With `dry_run` nothing is changed until it is started."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "users",
                    "file_name": "users.csv",
                    "content": "dXNlcm5hbWUsZW1haWwKYW5hLGFuYUBleGFtcGxlLmNvbQo=",
                    "dry_run": True,
                }
            ]
        }
    )

    kind: Kind
    project_id: Id | None = Field(default=None, description="Whose members these are. Only for them.")
    file_name: Line200 = ""
    content: Annotated[str, Field(min_length=1, max_length=(MAX_BYTES + 2) // 3 * 4, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
    existing: _Existing = "skip"
    new_users: _NewUsers = "link"
    dry_run: bool = False

    @model_validator(mode="after")
    def _project_of_members(self) -> "ImportCreate":
        if (self.kind == "members") != (self.project_id is not None):
            raise ValueError("Provide project_id for members, and only for them")
        return self


class ImportStart(InputModel):
    """Other choices than those of the upload, or none."""

    existing: Existing | None = None
    new_users: NewUsers | None = None


class ErrorQuery(BaseModel):
    """The rows with errors. A reason begins with its column, so that its order is that of the columns."""

    model_config = ConfigDict(extra="forbid")

    sort: Literal["line", "-line", "error", "-error"] = Field("line", description="Order of the rows with errors.")


class PreviewQuery(ErrorQuery, ImportStart):
    """A preview with these choices."""


class ImportRead(ReadModel):
    """An import. While its state is `preview`, the numbers say what it would do; nothing is changed yet.

    `total` rows are in the file and `done` are imported. Of these `created` were new, `changed` and `unchanged`
    existed, and `failed` are in the error file.
    """

    id: int
    kind: Kind
    state: State
    project_id: int | None
    file_name: str
    existing: Existing
    new_users: NewUsers
    columns: list[str]
    total: int
    done: int
    created: int
    changed: int
    unchanged: int
    failed: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class PlannedRow(ReadModel):
    """A row of the file: what the import does with it, and why not, with all that is wrong with it."""

    line: int
    action: Action
    cells: list[str]
    error: str


class ImportPreview(ReadModel):
    """What an import would do: its numbers, the first rows, and the first errors. Some columns are ignored."""

    created: int
    changed: int
    unchanged: int
    failed: int
    ignored: list[str]
    rows: list[PlannedRow]
    errors: list[PlannedRow]
