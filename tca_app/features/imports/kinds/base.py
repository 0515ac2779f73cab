"""What an import of one kind of rows knows: its columns, what a row would do, and how to do it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import AppError
from tca_app.core.language.messages import _
from tca_app.core.schema import in_words
from tca_app.features.imports.parsing import Record
from tca_app.features.imports.schemas import Action, Existing, NewUsers

_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of an import."""

    existing: Existing
    new_users: NewUsers
    project_id: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """What happens with a row. `row_id` is the row that exists, `values` what is created or changed."""

    record: Record
    action: Action
    error: str = ""
    row_id: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def refused(cls, record: Record, reasons: Sequence[str]) -> "Planned":
        return cls(record, "error", " ".join(reasons))


class Faults:
    """All that is wrong with a row, so that one correction mends it: `with faults:` goes on after a refusal."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def add(self, reason: str) -> None:
        if reason not in self.reasons:
            self.reasons.append(reason)

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, AppError):
            return False
        self.add(reason_of(error))
        return True

    def refuse(self, planned: Planned) -> Planned:
        """Returns the planned row or, when something is wrong with it, its refusal."""
        return Planned.refused(planned.record, self.reasons) if self.reasons else planned


class ImportKind(Protocol):
    """One kind of import."""

    columns: tuple[str, ...]
    read_only: tuple[str, ...]  # columns of the export that an import ignores
    template: tuple[dict[str, str], ...]  # the rows of the file to start from

    def keys_of(self, values: dict[str, str]) -> list[tuple[str, str]]:
        """Returns what only one row of a file may have: (column, value)."""

    async def plan(
        self, session: AsyncSession, actor: Actor, options: Options, records: Sequence[Record]
    ) -> list[Planned]:
        """Returns what would happen with these rows, in their order."""

    async def prepare(self, session: AsyncSession, actor: Actor, options: Options) -> None:
        """Takes the locks of a batch, or refuses the whole import."""

    async def apply(self, session: AsyncSession, actor: Actor, options: Options, planned: Planned) -> None:
        """Creates or changes the row by the service of its feature. Raises an AppError, which is the row's."""


def validated(schema: type[BaseModel], values: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """Returns the values as the schema stores them, or as they are after adding the reason of each wrong field."""
    try:
        return schema.model_validate(values).model_dump(include=set(values))
    except ValidationError as error:
        for fault in error.errors():
            faults.add(f"{'.'.join(map(str, fault['loc']))}: {in_words(fault)}")
        return values


def flag(values: dict[str, Any], name: str, faults: Faults) -> None:
    """Replaces the text of a column by true or false. An empty cell is as good as none."""
    text = values.pop(name, "").lower()
    if text and text not in _WORDS:
        faults.add(_("{name}: Use true or false.", name=name))
    elif text:
        values[name] = _WORDS[text]


def reason_of(error: AppError) -> str:
    """Returns what a refused row says: the message of each field, or that of the whole."""
    fields = [f"{fault.name}: {fault.detail}" for fault in error.errors if not fault.name.isdigit()]
    return " ".join(fields) or error.detail
