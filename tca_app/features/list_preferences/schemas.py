"""Schemas of how a person sees a list."""

from typing import Annotated

from pydantic import Field

from tca_app.core.schema import InputModel, ReadModel

ColumnKey = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")]


class ListPreferenceUpdate(InputModel):
    """The hidden columns of a list, by their keys, and whether its rows are compact."""

    hidden: Annotated[list[ColumnKey], Field(max_length=20)]
    is_compact: bool


class ListPreferenceRead(ReadModel):
    hidden: list[str] = []
    is_compact: bool = False
