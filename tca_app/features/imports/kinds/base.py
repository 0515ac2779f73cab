"""What an import of one kind of rows knows: its columns, what a row would do, and how to do it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import AppError, Invalid
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
    def refused(cls, record: Record, error: str) -> "Planned":
        return cls(record, "error", error)


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


def validated(schema: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values as the schema stores them. Raises Invalid with the reason of each field."""
    try:
        return schema.model_validate(values).model_dump(include=set(values))
    except ValidationError as error:
        words = [f"{'.'.join(map(str, fault['loc']))}: {in_words(fault)}" for fault in error.errors()]
        raise Invalid(" ".join(words)) from None


def flag(values: dict[str, Any], name: str) -> None:
    """Replaces the text of a column by true or false. An empty cell is as good as none. Raises Invalid."""
    text = values.pop(name, "").lower()
    if text and text not in _WORDS:
        raise Invalid(_("{name}: Use true or false.", name=name))
    if text:
        values[name] = _WORDS[text]


def reason_of(error: AppError) -> str:
    """Returns what a refused row says: the message of each field, or that of the whole."""
    fields = [f"{fault.name}: {fault.detail}" for fault in error.errors if not fault.name.isdigit()]
    return " ".join(fields) or error.detail
