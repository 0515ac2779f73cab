"""What a provider says about a person, what a sign-in needs to know while it is under way, and why one is refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tca_app.config.settings import get_settings
from tca_app.core.errors import Forbidden
from tca_app.core.language.messages import N_, _
from tca_app.core.security.tokens import keyed_tokens, new_token
from tca_app.core.urls import is_local_path
from tca_app.features.auth.oauth.schemas import ProviderKey

MARK_LENGTH = 8
Intent = Literal["sign_in", "link", "reauthenticate"]

REASONS = {
    "cancelled": N_("The sign-in was cancelled, or the provider refused it."),
    "expired": N_(
        "This sign-in took longer than 10 minutes, was used already, or began in another browser. Try again."
    ),
    "unavailable": N_("The provider cannot be reached. Try again in a moment."),
    "invalid": N_("The provider's answer could not be verified. Try again, or ask an administrator."),
    "not_a_member": N_("You are not a member of a GitHub organization that may sign in here."),
    "unverified_email": N_("The provider has not verified your email address. Verify it there, then try again."),
    "account_exists": N_(
        "There is an account with your email address. Sign in with your password, then link this way to "
        "sign in on the page Settings."
    ),
    "invited_account": N_(
        "The invited address has an account that this identity is not linked to. Sign in to it first."
    ),
    "invitation_ended": N_("This invitation can no longer be accepted."),
    "no_account": N_("You have no account here. Ask an administrator for one."),
    "inactive": N_("Your account is deactivated. Ask an administrator."),
    "taken": N_("That identity is linked to somebody else's account."),
    "linked_already": N_("Another identity of this provider is linked to your account. Unlink it first."),
    "not_signed_in": N_("Your session has ended. Sign in, then try again."),
    "acting": N_("You cannot do this while you act as another user."),
    "second_factor_setup": N_("Add a second factor first: your organization requires one."),
    "password_change": N_("Change your password first: an administrator set it."),
    "not_yours": N_("That identity is not the one that is linked to your account."),
    "not_proven": N_("The provider did not ask you to sign in again. Try again."),
    "needs_proof": N_("Confirm who you are, then link it again."),
    "too_many": N_("Too many attempts. Wait a minute and try again."),
    "failed": N_("That did not work. Try again in a moment."),
}


def may_open_later(page: str) -> bool:
    """Whether a sign-in may lead to this page: one of this site without a token in its URL, which proxies would log."""
    return is_local_path(page) and "token=" not in page


class SignInRefused(Forbidden):
    """A sign-in at a provider was refused. `reason` is a key of REASONS, the only thing that a URL names."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(_(REASONS[reason]))


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the provider knows them. `subject` never changes and is never given to anybody else.

    `email` is empty unless the provider verified it. `is_admin` is None when the provider does not decide that.
    `signed_in_at` is when they proved there who they are, which may be long ago; None when it does not say.
    """

    provider: ProviderKey
    issuer: str
    subject: str
    name: str
    email: str = ""
    username: str = ""
    full_name: str = ""
    is_admin: bool | None = None
    signed_in_at: datetime | None = None


def new_state() -> str:
    """Returns a random state. Its end tells which secret key was current, in case that changes during the sign-in."""
    name = new_token()
    return f"{name}.{keyed_tokens('oauth state', name)[0][:MARK_LENGTH]}"


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in under way. Both secrets together give the nonce and the verifier, so neither of them is stored."""

    provider: ProviderKey
    intent: Intent
    state: str
    browser: str  # the value of this browser's cookie

    @property
    def invitation(self) -> str:
        """The token of the invitation that this sign-in accepts, or ""."""
        return self.browser.partition(".")[2]

    @property
    def nonce(self) -> str:
        return self._derived("oauth nonce")

    @property
    def verifier(self) -> str:
        return self._derived("oauth verifier")

    def _derived(self, label: str) -> str:
        """Returns the token under the secret key that the state was marked with when the sign-in began."""
        name, _, given = self.state.rpartition(".")
        keys = zip(keyed_tokens("oauth state", name), keyed_tokens(label, self.state, self.browser), strict=True)
        tokens = {mark[:MARK_LENGTH]: token for mark, token in keys}
        return tokens.get(given) or keyed_tokens(label, self.state, self.browser)[0]

    @property
    def redirect_uri(self) -> str:
        return f"{get_settings().public_url}/api/auth/oauth/{self.provider}/callback"
