"""Numbers by day, kept by the events."""

from datetime import date

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from tca_app.models.base import TableModel


class DailyMetric(TableModel, table=True):
    """How much of `name` there was on a day (UTC); `dimension` tells kinds of it apart, empty for the whole."""

    __tablename__ = "daily_metrics"

    day: date = Field(primary_key=True)
    name: str = Field(primary_key=True, sa_type=Text)
    dimension: str = Field(primary_key=True, sa_type=Text, sa_column_kwargs={"server_default": ""})
    value: int = Field(sa_type=BigInteger)
