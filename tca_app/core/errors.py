"""AppError and its subclasses: services raise them, entry points turn them into a toast or problem+json."""

from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar

from tca_app.core.language.messages import N_, _, ngettext


@dataclass(frozen=True)
class FieldError:
    """An error of one field. `pointer` is a JSON pointer (RFC 6901) into the body, such as `/email`."""

    pointer: str
    detail: str

    @property
    def name(self) -> str:
        return self.pointer.rpartition("/")[2]


@dataclass(frozen=True)
class FieldChange:
    """The current value of a field, and who last changed its row."""

    field: str
    current: object
    changed_by: str
    changed_at: datetime


@dataclass
class AppError(Exception):
    """An error that is shown to people. `code` is stable and for programs; `detail` is one sentence."""

    detail: str = ""
    errors: list[FieldError] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    status = HTTPStatus.BAD_REQUEST
    code = "bad_request"
    default = N_("The request cannot be carried out.")
    values: ClassVar[dict[str, object]] = {}  # those of `default`
    keeps_changes = False  # True: the transaction commits anyway, e.g. to count the failed attempt

    def __post_init__(self) -> None:
        self.detail = self.detail or _(self.default, **self.values)
        super().__init__(self.detail)

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the problem beside those that all have."""
        return {}

    @property
    def field_details(self) -> dict[str, str]:
        """Field name to message, for a form."""
        return {error.name: error.detail for error in self.errors}


class BadRequest(AppError):
    """400: the request is malformed."""


class NotSignedIn(AppError):
    status = HTTPStatus.UNAUTHORIZED
    code = "not_signed_in"
    default = N_("Sign in to continue.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.headers.setdefault("WWW-Authenticate", "Bearer")


class BadCredentials(NotSignedIn):
    code = "bad_credentials"
    default = N_("Incorrect username or password.")
    keeps_changes = True


class TokenReused(NotSignedIn):
    """A refresh token was used after its rotation. The whole session is revoked (RFC 9700, 4.14)."""

    code = "token_reused"
    default = N_("This refresh token was used before. The session has ended; sign in again.")
    keeps_changes = True


class Forbidden(AppError):
    status = HTTPStatus.FORBIDDEN
    code = "forbidden"
    default = N_("You do not have permission to do this.")


class SessionRequired(Forbidden):
    """An API token was used for what only a signed-in person may do, such as changing a password or a token."""

    code = "session_required"
    default = N_("API tokens cannot do this. Sign in and try again.")


class ReauthenticationRequired(Forbidden):
    """The last proof of identity is more than ten minutes old."""

    code = "reauth_required"
    default = N_("Confirm your password, then try again.")


class NotWhileActing(Forbidden):
    """An administrator who acts as another user tried what only that user may do, such as changing the password."""

    code = "not_while_acting"
    default = N_("You cannot do this while you act as another user.")


class InsufficientScope(Forbidden):
    """An API token lacks the scope of the call (RFC 6750, 3.1)."""

    code = "insufficient_scope"
    default = N_("This API token lacks the required scope.")

    @classmethod
    def of(cls, scope: str) -> "InsufficientScope":
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        return cls(f"This needs an API token with the scope {scope}.", headers={"WWW-Authenticate": challenge})


class PasswordChangeRequired(Forbidden):
    """The caller's password was set by an administrator, and they have not changed it yet."""

    code = "password_change_required"
    default = N_("Change your password to continue.")


class SecondFactorSetupRequired(Forbidden):
    """The caller must have a second factor by now, and has none."""

    code = "second_factor_setup_required"
    default = N_("Your organization requires a second factor. Add one to your account to continue.")


class NotFound(AppError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    default = N_("Not found, or you do not have access.")


class Conflict(AppError):
    status = HTTPStatus.CONFLICT
    code = "conflict"
    default = N_("This conflicts with existing data.")


class Gone(AppError):
    """410: it was here, and will not come back."""

    status = HTTPStatus.GONE
    code = "gone"
    default = N_("This is no longer here.")


@dataclass
class Stale(AppError):
    """412: the caller's version is older than the row. `changes` lists each edited field that has another value now."""

    changes: list[FieldChange] = field(default_factory=list)
    changed_by: str = ""
    changed_by_id: int | None = None  # several people may have the same name

    status = HTTPStatus.PRECONDITION_FAILED
    code = "stale"
    default = N_("Someone else changed this after you opened it.")


class PayloadTooLarge(AppError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "payload_too_large"
    default = N_("The request body is too large.")

    @classmethod
    def above(cls, limit: int) -> "PayloadTooLarge":
        shown = f"{limit // 1024**2} MiB" if limit >= 1024**2 else f"{limit // 1024} KiB"
        return cls(_("The request body is larger than {size}.", size=shown))


class UriTooLong(AppError):
    status = HTTPStatus.REQUEST_URI_TOO_LONG
    code = "uri_too_long"
    default = N_("The path with its query is longer than 8 KiB.")


class HeadersTooLarge(AppError):
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    code = "headers_too_large"
    default = N_("The request headers are larger than 16 KiB in total. Clear the cookies of this site and try again.")


class UnsupportedMediaType(AppError):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    default = N_("Send the body as application/json.")


class Invalid(AppError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"
    default = N_("Some fields are invalid.")

    @classmethod
    def at(cls, name: str, detail: str) -> "Invalid":
        """Return the error for one invalid field of the body."""
        return cls(errors=[FieldError(f"/{name}", detail)])


class TooManyRequests(AppError):
    """429 with the wait in `Retry-After`."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    default = N_("Too many requests. Wait a moment and try again.")

    keeps_changes = True

    @classmethod
    def after(cls, seconds: float) -> "TooManyRequests":
        wait = max(1, int(seconds + 0.999))
        words = ngettext(
            "Too many attempts. Try again in {count} second.", "Too many attempts. Try again in {count} seconds.", wait
        )
        return cls(words, headers={"Retry-After": str(wait)})


class Unavailable(AppError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    default = N_("Part of the console is temporarily unavailable. Try again in a moment.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.headers.setdefault("Retry-After", "2")
