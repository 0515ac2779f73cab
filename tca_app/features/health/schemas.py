"""How the parts of the console are, for `/health` and the dashboard."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

Status = Literal["ok", "degraded", "down"]


class Check(BaseModel):
    status: Status
    latency_ms: float | None = Field(default=None, description="Milliseconds that the check took.")
    detail: str = ""


class HealthRead(BaseModel):
    status: Status
    version: str
    checks: dict[str, Check]
    as_of: datetime


class Live(BaseModel):
    status: Literal["ok"] = "ok"
