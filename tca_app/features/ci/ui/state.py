"""State of the trusted issuers in a project's settings."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar, TypedDict, TypeVar

from pydantic import BaseModel, ValidationError

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import AppError, FieldError, Forbidden, Invalid, NotFound, Stale
from tca_app.core.language.messages import N_, _
from tca_app.core.schema import in_words
from tca_app.features.ci import service as trusts
from tca_app.features.ci.schemas import GITHUB, GITLAB, NAMING, TrustCreate, TrustQuery, TrustRead, TrustUpdate
from tca_app.features.idempotency import service as idempotency
from tca_app.ui import routes
from tca_app.ui.forms.removal import RemovalState
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.url import query_param, record_id

T = TypeVar("T", bound=BaseModel)
# The issuer of each preset, and the claim that names the repository there.
PRESETS = {"github": (GITHUB, "repository"), "gitlab": (GITLAB, "project_path"), "other": ("", "repository")}
LABELS = {
    "name": "Name",
    "preset": N_("CI service"),
    "issuer": N_("Issuer URL"),
    "repository": N_("Repository"),
    "ref": N_("Branch or tag"),
    "environment": N_("Environment"),
    "others": N_("Other claims"),
}
CLAIMS = ("ref", "environment")  # that have a field of their own, like the repository


class TrustRow(TypedDict):
    """A trusted issuer in the list. `issuer` is the name of its preset or its host; times are ISO 8601, or ""."""

    id: int
    name: str
    issuer: str
    claims: list[str]
    last_used_at: str


class TrustsState(RemovalState, FormState, OrderState, RecordState, SessionState):
    """State of the list, and the actions on a trusted issuer. `audience` is what jobs ask their issuer for."""

    rows: list[TrustRow] = []
    phase: str = ""  # "" not known yet or not allowed, "list", "failed"
    failure: str = ""
    project_id: int = 0
    audience: str = ""

    _record_fields: ClassVar = ("tab",)
    _order: ClassVar = Order.of("sort_trusts", TrustQuery)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the trusted issuers, only while the settings are open."""
        if self._enter_record():
            self._hide_left_form()
            self.removed_id = 0
        self.rows, self.phase = [], ""
        self.project_id = record_id(self.router_data, routes.PROJECTS)
        if query_param(self.router_data, "tab") != "settings":
            return
        self._watch(TrustsState.refresh, f"project:{self.project_id}")
        await self._read_trusts()

    @handler("signed_in", supersedes=True)
    async def refresh(self) -> None:
        """Reloads the list. A dialog stays open."""
        if query_param(self.router_data, "tab") == "settings":
            await self._read_trusts()

    async def _read_trusts(self) -> None:
        query = TrustQuery.model_validate({"sort": self._sorted()})
        try:
            async with reading() as session:
                found = await trusts.list_trusts(session, self._as_actor(), self.project_id, query)
        except (Forbidden, NotFound):
            self.rows, self.phase = [], ""  # the page reports a missing project itself
            return
        except AppError as error:
            self.rows, self.phase, self.failure = [], "failed", error.detail
            return
        self.rows, self.phase, self.audience = [_row(trust) for trust in found], "list", get_settings().public_url

    def _opener_scope(self) -> list[int]:
        return [record_id(self.router_data, routes.PROJECTS)]

    @handler("signed_in")
    async def open_create(self, project_id: int) -> None:
        self._require_record(project_id, self.project_id)
        self._open_form("create", _form_values("", "github", "", {}))

    @handler("signed_in")
    async def open_edit(self, project_id: int, trust_id: int) -> None:
        self._require_record(project_id, self.project_id)
        trust = await self._read(trust_id)
        self._open_form("edit", _values_of(trust), row_id=trust.id, version=trust.version, name=trust.name)

    async def _read(self, trust_id: int) -> TrustRead:
        async with reading() as session:
            found = await trusts.list_trusts(session, self._as_actor(), self.project_id)
        for trust in found:
            if trust.id == trust_id:
                return trust
        raise NotFound

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            given = _given(values)
            if self.form_mode == "create":
                saved = await self._create(_checked(TrustCreate, given))
            else:
                try:
                    saved = await self._update(_checked(TrustUpdate, given))
                except Stale as stale:
                    trust = await self._read(self.form_id)
                    self._ask_to_merge(_values_of(trust), stale, version=trust.version, labels=LABELS)
                    return
            self._close_form()
            self._toast(_("{name} saved", name=saved.name))
            yield TrustsState.refresh

    async def _create(self, data: TrustCreate) -> TrustRead:
        actor, project_id = self._as_actor(), self.project_id
        async with transaction() as session:
            return await idempotency.once(
                session,
                actor,
                self.form_key,
                f"ui create ci trust {project_id} {data.model_dump_json()}",
                TrustRead,
                lambda: trusts.create_trust(session, actor, project_id, data),
                lambda _: trusts.list_trusts(session, actor, project_id),
            )

    async def _update(self, data: TrustUpdate) -> TrustRead:
        async with transaction() as session:
            return await trusts.update_trust(
                session, self._as_actor(), self.project_id, self.form_id, data, self.form_version
            )

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        """Shows the errors. Claims have several fields in this form."""
        fields = {"claims": "repository", PRESETS["gitlab"][1]: "repository"}
        if faults.get("claims") == "Required.":  # the field is not: another claim may name the repository
            faults = {**faults, "claims": _("Name the repository here or in other claims.")}
        super()._show_faults({self._field(fields.get(name, name)): text for name, text in faults.items()}, detail)

    def _field(self, name: str) -> str:
        return name if name in self.form_values else "others"

    @handler("signed_in")
    async def ask_remove(self, project_id: int, trust_id: int) -> None:
        self._require_record(project_id, self.project_id)
        found = next((row for row in self.rows if row["id"] == trust_id), None)
        if found is not None:
            self._ask_to_remove(trust_id, found["name"])

    @handler("signed_in")
    async def remove(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        self._require_url()

        async def act(session: Session, actor: Actor, trust_id: int) -> None:
            await trusts.delete_trust(session, actor, self.project_id, trust_id)

        done = _("{removed_name} removed", removed_name=self.removed_name)
        async for update in self._remove_row(act, done, TrustsState.refresh):
            yield update


def _checked(schema: type[T], given: dict[str, Any]) -> T:
    """Returns the schema. Raises Invalid with the name of a claim rather than of all claims."""
    try:
        return schema(**given)
    except ValidationError as error:
        faults = [FieldError("/" + "/".join(map(str, fault["loc"])), in_words(fault)) for fault in error.errors()]
        raise Invalid(errors=faults) from None


def _row(trust: TrustRead) -> TrustRow:
    names = {GITHUB: _("GitHub Actions"), GITLAB: "GitLab"}
    return TrustRow(
        id=trust.id,
        name=trust.name,
        issuer=names.get(trust.issuer, trust.issuer.removeprefix("https://")),
        claims=[f"{name}: {value}" for name, value in sorted(trust.claims.items(), key=_naming_first)],
        last_used_at=trust.last_used_at.isoformat() if trust.last_used_at else "",
    )


def _naming_first(claim: tuple[str, str]) -> tuple[bool, str]:
    return claim[0] not in NAMING, claim[0]


def _preset_of(trust: TrustRead) -> str:
    if trust.issuer == GITHUB:
        return "github"
    return "gitlab" if PRESETS["gitlab"][1] in trust.claims else "other"


def _values_of(trust: TrustRead) -> dict[str, str]:
    return _form_values(trust.name, _preset_of(trust), trust.issuer, trust.claims)


def _form_values(name: str, preset: str, issuer: str, claims: dict[str, str]) -> dict[str, str]:
    default, naming = PRESETS[preset]
    own = (naming, *CLAIMS)
    others = [f"{claim}={value}" for claim, value in sorted(claims.items()) if claim not in own]
    return {
        "name": name,
        "preset": preset,
        "issuer": "" if issuer == default else issuer,
        "repository": claims.get(naming, ""),
        **{claim: claims.get(claim, "") for claim in CLAIMS},
        "others": "\n".join(others),
    }


def _given(values: dict[str, str]) -> dict[str, Any]:
    """Returns the fields of the form as those of the schema. Raises Invalid for a line that is no claim."""
    default, naming = PRESETS.get(values["preset"], PRESETS["other"])
    fields = {naming: values["repository"]} | {claim: values[claim] for claim in CLAIMS}
    claims = {claim: value.strip() for claim, value in fields.items() if value.strip()}
    for line in filter(str.strip, values["others"].splitlines()):
        claim, separator, value = (part.strip() for part in line.partition("="))
        if not separator or claim in claims:
            raise Invalid.at("others", _("Write each claim once, on a line of its own, as name=value."))
        claims[claim] = value
    return {"name": values["name"], "issuer": values["issuer"].strip() or default, "claims": claims}
