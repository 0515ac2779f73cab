"""State of the page of the DORA metrics: what counts stands in the URL."""

from dataclasses import replace
from functools import partial
from typing import ClassVar
from urllib.parse import urlencode

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facets
from tca_app.core.language.messages import _
from tca_app.features.dora import service as dora
from tca_app.features.dora.filters import DORA, switched
from tca_app.features.dora.schemas import WEEKS, DoraPeriod, DoraQuery, DoraRead, DoraUnit, DoraUnitsQuery
from tca_app.features.dora.ui.rows import Metric, UnitRow, metrics_of, unit_row
from tca_app.features.dora.units import chosen_units
from tca_app.features.environments.tiers import TIER_LABELS
from tca_app.ui import routes
from tca_app.ui.components.day_zoom import ZoomState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.state import TableQuery, TableState
from tca_app.ui.url import page_url, printable, values_of


class DoraState(ZoomState, TableState, SessionState):
    rows: list[UnitRow] = []
    metrics: list[Metric] = []
    weeks: str = ""  # "" for 12, which is not in the URL
    by: str = ""  # "group", or "" for projects
    scope: str = ""
    _spec: ClassVar = DORA
    _zooms_to_weeks: ClassVar = True

    def _query(self) -> TableQuery:
        query = TableQuery.of(self._spec, page_url(self.router_data))
        return replace(query, filters={**query.filters, **switched(values_of(page_url(self.router_data)))})

    def _filter_query(self) -> TableQuery:
        return self._query()

    def _asked(self, query: TableQuery) -> DoraUnitsQuery:
        weeks = int(query.filters["weeks"] or WEEKS[0])
        chosen, zoom = query.chosen, self._zoomed_days(7 * weeks)
        return DoraUnitsQuery.model_validate(
            {
                "weeks": len(zoom) // 7 if zoom else weeks,
                "until": zoom.until if zoom else None,
                "by": query.filters["by"] or "project",
                "tier": chosen["tier"],
                "environment": [printable(name) for name in chosen["environment"]],
                "project_id": chosen["project"],
                "group_id": chosen["group"],
                "search": printable(query.search),
                "sort": query.sort,
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[UnitRow], int, bool]:
        asked = self._asked(query)
        found = await dora.read_dora(session, actor, asked.figures)
        metrics, scope = metrics_of(found, partial(_week_url, asked)), _scope(asked, found)
        weeks, by = query.filters["weeks"], query.filters["by"]
        if (self.metrics, self.scope, self.weeks, self.by) != (metrics, scope, weeks, by):
            self.metrics, self.scope, self.weeks, self.by = metrics, scope, weeks, by
        self._offer_export(asked)
        units = chosen_units(found.units, asked)
        page = units[query.skip : query.skip + query.limit]
        return [unit_row(unit, _unit_url(asked, found, unit)) for unit in page], len(units), False

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await dora.count_values(session, actor, self._asked(query).figures, key, printable(search))

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await dora.names_of(session, actor, key, ids)

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        self._watch(DoraState.load, "stats", "projects", "groups")
        return await self._load()


def _scope(asked: DoraQuery, found: DoraRead) -> str:
    """Returns which environments count, in words."""
    tiers = ", ".join(_(TIER_LABELS[tier]) for tier in found.tiers)
    if asked.environment:
        named = ", ".join(asked.environment)
        return _("Environments: {named}{tiers}.", named=named, tiers=f" ({tiers})" if asked.tier else "")
    return _("Environments with the tier {tiers}.", tiers=tiers)


def _deployments(asked: DoraQuery, first: object, last: object, projects: list[int], status: str = "completed") -> str:
    values = {"status": [status], "project": projects, "environment": asked.environment, "group": asked.group_id}
    days = {"tier": [] if asked.environment and not asked.tier else asked.tiers, "ended_since": first}
    return f"{routes.DEPLOYMENTS}?{urlencode({**values, **days, 'ended_until': last}, doseq=True)}"


def _week_url(asked: DoraQuery, week: DoraPeriod, status: str) -> str:
    """Returns the URL of the deployments of a week."""
    return _deployments(asked, week.since, week.until, asked.project_id, status)


def _unit_url(asked: DoraQuery, found: DoraRead, unit: DoraUnit) -> str:
    if found.by == "project":
        return _deployments(asked, found.total.since, found.total.until, [unit.id])
    days = {"from": found.total.since, "to": found.total.until} if asked.until else {"weeks": asked.weeks}
    kept = {**days, "tier": asked.tier, "environment": asked.environment, "group": unit.id}
    return f"{routes.DORA}?{urlencode(kept, doseq=True)}"
