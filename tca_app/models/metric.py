"""Daily metrics, updated by the analytics consumer."""

from datetime import date

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from tca_app.models.base import TableModel


class DailyMetric(TableModel, table=True):
    """The value of metric `name` on a day (UTC). `dimension` distinguishes kinds; it is empty for the total."""

    __tablename__ = "daily_metrics"

    day: date = Field(primary_key=True)
    name: str = Field(primary_key=True, sa_type=Text)
    dimension: str = Field(primary_key=True, sa_type=Text, sa_column_kwargs={"server_default": ""})
    value: int = Field(sa_type=BigInteger)
