"""The providers at which people may sign in, as the settings name them."""

from dataclasses import dataclass
from types import ModuleType
from typing import TypedDict
from urllib.parse import urlencode

from tca_app.config.settings import get_settings
from tca_app.core.errors import NotFound
from tca_app.features.auth.oauth import github, oidc
from tca_app.features.auth.oauth.identity import Intent, may_open_later
from tca_app.features.auth.oauth.schemas import ProviderKey

CLIENTS: dict[ProviderKey, ModuleType] = {"github": github, "oidc": oidc}


class StartLink(TypedDict):
    """A link that begins a sign-in, for a page."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured provider."""

    key: ProviderKey
    label: str
    issuer: str

    def link(self, intent: Intent, next_page: str = "") -> StartLink:
        """Returns the link that leads there. Absolute: the sign-in comes back to PUBLIC_URL, to its cookies."""
        query = {"intent": intent} | ({"next": next_page} if may_open_later(next_page) else {})
        return StartLink(
            label=self.label,
            url=f"{get_settings().public_url}/api/auth/oauth/{self.key}/start?{urlencode(query)}",
        )

    @property
    def invitation_link(self) -> StartLink:
        """Where the page of an invitation posts its token to."""
        return StartLink(label=self.label, url=f"/api/auth/oauth/{self.key}/invitation")


def providers() -> list[Provider]:
    settings = get_settings()
    found = []
    if settings.has_github:
        found.append(Provider("github", github.LABEL, github.ISSUER))
    if settings.has_oidc:
        found.append(Provider("oidc", settings.oidc_label, settings.oidc_issuer))
    return found


def find_provider(key: ProviderKey) -> Provider:
    """Raises NotFound for a provider that the settings do not name."""
    for provider in providers():
        if provider.key == key:
            return provider
    raise NotFound


def label_of(key: str) -> str:
    """Returns the name of a provider, also of one that the settings do not name any more."""
    return github.LABEL if key == "github" else get_settings().oidc_label
