"""The lines of the table by project or group, searched and sorted, for the page and its file."""

from collections.abc import Callable, Sequence

from tca_app.features.dora.schemas import DoraUnit, DoraUnitsQuery

_ORDERS: dict[str, Callable[[DoraUnit], float | str | None]] = {
    "name": lambda unit: unit.name.casefold(),
    "finished": lambda unit: unit.finished,
    "frequency": lambda unit: unit.deployments_per_day,
    "lead_time": lambda unit: unit.lead_time_s,
    "failure_rate": lambda unit: unit.change_failure_rate,
    "restore": lambda unit: unit.time_to_restore_s,
}


def chosen_units(units: Sequence[DoraUnit], query: DoraUnitsQuery) -> list[DoraUnit]:
    """Returns those that the search finds, in order. Those without the figure are last in both directions."""
    text, key = query.search.casefold(), _ORDERS[query.sort.removeprefix("-")]
    found = [unit for unit in units if text in unit.name.casefold() or text in unit.slug]
    measured = [unit for unit in found if key(unit) is not None]
    measured.sort(key=lambda unit: (key(unit), unit.id), reverse=query.sort.startswith("-"))
    return [*measured, *(unit for unit in found if key(unit) is None)]
