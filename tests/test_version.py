"""The version is defined in one place and shown where people look for it."""

import re
import tomllib
from pathlib import Path

import httpx

from tca_app.config.settings import VERSION
from tca_app.ui.layout.help_menu import footer, help_menu

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def test_the_latest_release_in_the_changelog_is_the_version() -> None:
    assert re.findall(r"^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$", CHANGELOG.read_text(), re.MULTILINE)[0] == VERSION


async def test_the_api_and_its_document_name_the_version(api: httpx.AsyncClient) -> None:
    assert (await api.get("/api")).json()["version"] == VERSION
    assert (await api.get("/openapi.json")).json()["info"]["version"] == VERSION


def test_the_help_menu_and_the_footer_show_the_version() -> None:
    assert VERSION in str(help_menu())
    assert VERSION in str(footer())


def test_the_client_has_the_version_of_the_console() -> None:
    client = tomllib.loads((CHANGELOG.parent / "clients" / "python" / "pyproject.toml").read_text())
    assert client["project"]["version"] == VERSION


def test_the_files_that_name_an_image_name_that_of_this_version() -> None:
    """They cannot read the version, so a release changes them with it."""
    root = CHANGELOG.parent
    for name in ("deploy/compose.yaml", "deploy/compose.trial.yaml", "deploy/kubernetes/base/kustomization.yaml"):
        tags = re.findall(r"(?:tca-infraforge:|newTag: )([\w.-]+)", (root / name).read_text())
        assert set(tags) == {VERSION}, name
