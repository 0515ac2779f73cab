"""Schemas of how a person sees a list."""

from typing import Annotated

from pydantic import Field

from tca_app.core.schema import InputModel, ReadModel

MAX_COLUMN_KEY = 120  # some are names of environments
MAX_HIDDEN = 100
ColumnKey = Annotated[str, Field(max_length=MAX_COLUMN_KEY, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ListPreferenceUpdate(InputModel):
    """The hidden columns of a list, by their keys, and whether its rows are compact."""

    hidden: Annotated[list[ColumnKey], Field(max_length=MAX_HIDDEN)]
    is_compact: bool


class ListPreferenceRead(ReadModel):
    hidden: list[str] = []
    is_compact: bool = False
