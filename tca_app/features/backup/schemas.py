"""What a backup says about itself."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

FORMAT = 1


class Manifest(BaseModel):
    """The manifest of a backup. `secret_check` is a value encrypted with SECRET_KEY; it does not reveal the key."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    version: str = Field(max_length=50)
    revision: str = Field(max_length=50)
    postgres: str = Field(max_length=50)
    created_at: datetime
    rows: dict[str, int] = {}
    secret_check: str = Field(max_length=500)
    dump_bytes: int = 0
    dump_sha256: str = Field(default="", max_length=64)


class BackupsRead(BaseModel):
    """When a scheduled backup last succeeded and failed, and the size of the last good one."""

    succeeded_at: datetime | None
    failed_at: datetime | None
    bytes: int | None
