"""State of the form that creates or edits a project, and merges when someone else saved first."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Stale
from tca_app.core.language.messages import N_, _
from tca_app.features.projects import policy, service as projects
from tca_app.features.projects.listing.filters import STATUSES
from tca_app.features.projects.schemas import ProjectRead, ProjectUpdate
from tca_app.ui import routes
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import Events, handler

LABELS = {
    "name": "Name",
    "slug": "Slug",
    "description": "Description",
    "repository_url": N_("Repository URL"),
    "status": N_("Status"),
    "color": "Color",
    "emoji": N_("Emoji"),
}
COLOR_OPTIONS = (
    ("", N_("Automatic")),
    ("red", N_("Red")),
    ("amber", N_("Amber")),
    ("olive", N_("Olive")),
    ("green", N_("Green")),
    ("teal", N_("Teal")),
    ("blue", N_("Blue")),
    ("purple", N_("Purple")),
    ("pink", N_("Pink")),
)
NAME_LENGTH = 100


class ProjectForm(FormState, mixin=True):
    """The form of a project. The state that includes it provides `_create` and `_saved`."""

    status_options: list[list[str]] = []
    name_hint: str = ""  # a hint that another project has the name, which is allowed

    _draft_name: ClassVar = "project"

    async def _create(self, values: dict[str, str], form: dict[str, str]) -> ProjectRead:
        raise NotImplementedError

    def _saved(self) -> Events:
        """Returns the event that shows what was saved."""
        raise NotImplementedError

    def _require_shown(self, project_id: int) -> None:
        """Raises MovedOn when the page shows another project. A list always passes."""

    @handler("signed_in")
    async def open_edit(self, project_id: int) -> None:
        self._require_shown(project_id)
        actor = self._as_actor()
        async with reading() as session:
            project = await projects.get_project(session, actor, project_id)
        policy.require(actor, "projects.update", project.my_role)
        owns = policy.may(actor, "projects.archive", project.my_role)
        self.status_options = [[value, _(label)] for value, label in STATUSES if owns or value != "archived"]
        values, self.name_hint = _form_values(project, all_fields=owns), ""
        self._open_form("edit", values, row_id=project.id, version=project.version, name=project.name)

    @handler("signed_in", supersedes=True)
    async def look_for_name(self, name: str) -> None:
        """Shows a hint when another project that the viewer may see has this name."""
        async with reading() as session:
            found = await projects.find_same_name(session, self._as_actor(), name[:NAME_LENGTH], self.form_id)
        self.name_hint = (
            _("Another project has this name: {slug}, owned by {owner}.", slug=found.slug, owner=found.owner)
            if found
            else ""
        )

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            if self.form_mode == "create":
                project, done = await self._create(values, form), _("created")
                url = routes.project(project.id)
            else:
                try:
                    project, done, url = await self._update(values), _("saved"), ""
                except Stale as stale:
                    await self._merge_with_theirs(stale)
                    return
            self._close_form()
            self._toast(_("Project {name} {done}", name=project.name, done=done), url=url)
            yield self._saved()

    async def _update(self, values: dict[str, str]) -> ProjectRead:
        data = ProjectUpdate.model_validate(values)
        async with transaction() as session:
            return await projects.update_project(
                session, self._as_actor(), self.form_id, data, if_version=self.form_version
            )

    async def _merge_with_theirs(self, stale: Stale) -> None:
        async with reading() as session:
            project = await projects.get_project(session, self._as_actor(), self.form_id)
        theirs = {name: getattr(project, name) for name in self._form_base}
        self._ask_to_merge(theirs, stale, version=project.version, labels=LABELS)


def _form_values(project: ProjectRead, *, all_fields: bool) -> dict[str, str]:
    """Returns the fields that the viewer may change. Only an owner activates an archived project."""
    hidden = set() if all_fields else {"name", "slug"} | ({"status"} if project.status == "archived" else set())
    return {name: getattr(project, name) for name in LABELS if name not in hidden}
