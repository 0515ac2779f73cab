"""Base types of all input: bounded strings, ids and numbers for bodies and queries.

The patterns also appear in the OpenAPI document, so clients can apply the same rules. NUL, other control characters and
bidirectional overrides are refused everywhere; orjson refuses lone surrogates.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from tca_app.core.language.messages import N_, _
from tca_app.core.region.formats import zone_names
from tca_app.core.urls import MAX_URL, check_url

MAX_SEARCH = 255  # the length of the longest searchable name, a version
MAX_ID = 2**53 - 1  # the largest integer that every JSON parser represents exactly (RFC 8259, section 6)
_REORDER = r"\u202a-\u202e\u2066-\u2069\ufeff"
_ONE_LINE = rf"[^\x00-\x1f\x7f-\x9f{_REORDER}]"
_TEXT = rf"[^\x00-\x08\x0b-\x1f\x7f-\x9f{_REORDER}]"
_INK = rf"[^\s\x00-\x1f\x7f-\x9f{_REORDER}]"
# The e-mail syntax of the HTML standard (https://html.spec.whatwg.org/#valid-e-mail-address), with at least one dot in
# the domain, and before the @ only single dots inside (RFC 5321): mail servers refuse others.
_EMAIL = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$"
)


_USERNAME = r"^[A-Za-z0-9]+$"
_FILLED = rf"^{_ONE_LINE}*{_INK}{_ONE_LINE}*$"
_COMMIT = r"^([0-9A-Fa-f]{7,40}|[0-9A-Fa-f]{64})?$"
_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
# RFC 3339 with an offset, in years that the database and Python can both represent with any offset.
_MOMENT = (
    r"^(19[7-9][0-9]|[2-8][0-9]{3})-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_MOMENT_PATTERN = re.compile(_MOMENT)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,25}")
_PATTERN_WORDS = {
    _EMAIL: N_("Enter an email address, such as ana@example.com."),
    _USERNAME: N_("Use only ASCII letters and digits."),
    _COMMIT: N_("Use 7 to 40 of the characters 0-9 and a-f, or all 64 of SHA-256."),
    _SLUG: N_("Use lower-case letters, digits and single hyphens between them."),
}


def in_words(fault: Mapping[str, Any]) -> str:
    """Return a pydantic error in plain words, the same in forms, over REST and in commands."""
    context, kind = fault.get("ctx", {}), fault["type"]
    if kind == "missing" or (kind in ("string_too_short", "too_short") and context.get("min_length") == 1):
        return _("Required.")
    if kind == "string_too_short":
        return _("Use at least {number} characters.", number=context["min_length"])
    if kind == "string_too_long":
        return _("Use at most {number} characters.", number=context["max_length"])
    if kind == "string_pattern_mismatch":
        return _(_PATTERN_WORDS.get(context.get("pattern", ""), N_("This contains characters that are not allowed.")))
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return _("Enter a whole number.")
    if kind == "greater_than_equal":
        return _("This is at least {number}.", number=context["ge"])
    if kind == "less_than_equal":
        return _("This is at most {number}.", number=context["le"])
    if kind == "extra_forbidden":
        return _("Unknown field.")
    if kind == "value_error":
        return _(str(context.get("error", fault["msg"])))
    return f"{fault['msg']}."


def _tidy(value: str) -> str:
    return unicodedata.normalize("NFC", value).strip()


def _digits(value: object) -> object:
    """Accept only ASCII digits in query and path numbers; pydantic alone would accept '1_0' and ' 1 '."""
    if isinstance(value, str) and not _WHOLE_NUMBER.fullmatch(value):
        raise ValueError("must be a whole number")
    return value


def _whole(value: object) -> object:
    """Accept 7.0 as an integer, as JSON Schema and JavaScript do."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _true_or_false(value: object) -> object:
    if isinstance(value, str) and value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value


def moment(value: object) -> object:
    """Parse a time from text. Pydantic alone would also accept a number of seconds, and a date without a time."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _MOMENT_PATTERN.fullmatch(value):
        raise ValueError(N_("Enter a time with its offset, such as 2026-05-04T09:30:00Z."))
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except ValueError as error:
        raise ValueError(N_("This time does not exist.")) from error


def null_is_empty(value: object) -> object:
    """The validator of an optional text, before its own."""
    return "" if value is None else value


def _email(value: str) -> str:
    """Fold the case, and bound what is before the @ as a whole (RFC 5321), which the pattern does part by part."""
    if value.index("@") > 64:
        raise ValueError(N_("Use at most 64 characters before the @."))
    return value.casefold()


def _known_zone(value: str) -> str:
    if value not in zone_names():
        raise ValueError(N_("Enter a time zone, such as Europe/Berlin or UTC."))
    return value


_Line100 = Annotated[str, Field(max_length=100, pattern=rf"^{_ONE_LINE}*$"), AfterValidator(_tidy)]
Name100 = Annotated[str, Field(min_length=1, max_length=100, pattern=_FILLED), AfterValidator(_tidy)]
_Line200 = Annotated[str, Field(max_length=200, pattern=rf"^{_ONE_LINE}*$"), AfterValidator(_tidy)]
_Line500 = Annotated[str, Field(max_length=500, pattern=rf"^{_ONE_LINE}*$"), AfterValidator(_tidy)]
Name255 = Annotated[str, Field(min_length=1, max_length=255, pattern=_FILLED), AfterValidator(_tidy)]
Name50 = Annotated[str, Field(min_length=1, max_length=50, pattern=_FILLED), AfterValidator(_tidy)]
Name60 = Annotated[str, Field(min_length=1, max_length=60, pattern=_FILLED), AfterValidator(_tidy)]
# An exact text, or the beginning of one followed by `*`.
Wildcard = Annotated[str, Field(min_length=1, max_length=255, pattern=rf"^[^*\x00-\x1f\x7f-\x9f{_REORDER}]+\*?$")]
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=_FILLED), AfterValidator(_tidy)]
_Text2000 = Annotated[str, Field(max_length=2000, pattern=rf"^{_TEXT}*$"), AfterValidator(_tidy)]
FilledText4000 = Annotated[
    str, Field(min_length=1, max_length=4000, pattern=rf"^{_TEXT}*{_INK}{_TEXT}*$"), AfterValidator(_tidy)
]
SearchText = Annotated[str, Field(max_length=MAX_SEARCH, pattern=rf"^{_ONE_LINE}*$"), AfterValidator(_tidy)]
Email = Annotated[
    str,
    Field(max_length=254, pattern=_EMAIL, json_schema_extra={"format": "email"}, examples=["ana@example.com"]),
    AfterValidator(_email),
]
Username = Annotated[str, Field(min_length=3, max_length=50, pattern=_USERNAME, examples=["ana"])]
Slug = Annotated[str, Field(min_length=1, max_length=100, pattern=_SLUG, examples=["billing-api"])]
# A full or abbreviated SHA-1, or a full SHA-256; "" means none. Stored in lower case, as Git writes it.
_Commit = Annotated[str, Field(pattern=_COMMIT, examples=["9f1c2ab"]), AfterValidator(str.lower)]
# "" means none. The pattern covers the part of the parser's rules that JSON Schema can express.
Url = Annotated[
    str,
    Field(
        max_length=MAX_URL,
        json_schema_extra={"format": "http-url", "pattern": rf"^([Hh][Tt][Tt][Pp][Ss]?://{_INK}+)?$"},
        examples=["https://git.example.com/billing"],
    ),
    AfterValidator(check_url),
]
# Optional text: many clients send null for empty, so null is accepted and documented.
Line100 = Annotated[_Line100, BeforeValidator(null_is_empty, json_schema_input_type=_Line100 | None)]
Line200 = Annotated[_Line200, BeforeValidator(null_is_empty, json_schema_input_type=_Line200 | None)]
Line500 = Annotated[_Line500, BeforeValidator(null_is_empty, json_schema_input_type=_Line500 | None)]
Text2000 = Annotated[_Text2000, BeforeValidator(null_is_empty, json_schema_input_type=_Text2000 | None)]
Commit = Annotated[_Commit, BeforeValidator(null_is_empty, json_schema_input_type=_Commit | None)]
HttpUrl = Annotated[Url, BeforeValidator(null_is_empty, json_schema_input_type=Url | None)]
GivenMoment = Annotated[
    str, Field(pattern=_MOMENT, json_schema_extra={"format": "date-time"}, examples=["2026-05-04T09:30:00Z"])
]
Moment = Annotated[AwareDatetime, BeforeValidator(moment, json_schema_input_type=GivenMoment)]
_Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Id = Annotated[_Id, BeforeValidator(_whole, json_schema_input_type=_Id)]
_Skip = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Limit = Annotated[int, Field(ge=1, le=100)]
UrlId = Annotated[_Id, BeforeValidator(_digits, json_schema_input_type=_Id)]
Skip = Annotated[_Skip, BeforeValidator(_digits, json_schema_input_type=_Skip)]
_Rank = Annotated[int, Field(ge=0, le=1_000)]
_LineNumber = Annotated[int, Field(ge=1, le=100_000)]
Rank = Annotated[_Rank, BeforeValidator(_whole, json_schema_input_type=_Rank)]
LineNumber = Annotated[_LineNumber, BeforeValidator(_whole, json_schema_input_type=_LineNumber)]
_ShortSkip = Annotated[int, Field(ge=0, le=10_000)]
_LongLimit = Annotated[int, Field(ge=1, le=1_000)]
_Count = Annotated[int, Field(ge=0, le=1_000_000)]
ShortSkip = Annotated[_ShortSkip, BeforeValidator(_digits, json_schema_input_type=_ShortSkip)]
LongLimit = Annotated[_LongLimit, BeforeValidator(_digits, json_schema_input_type=_LongLimit)]
Count = Annotated[_Count, BeforeValidator(_digits, json_schema_input_type=_Count)]
_WaitS = Annotated[int, Field(ge=0, le=60)]
WaitS = Annotated[_WaitS, BeforeValidator(_digits, json_schema_input_type=_WaitS)]
Limit = Annotated[_Limit, BeforeValidator(_digits, json_schema_input_type=_Limit)]
_Status = Annotated[int, Field(ge=100, le=599)]
HttpStatus = Annotated[_Status, BeforeValidator(_whole, json_schema_input_type=_Status)]
_ProbeTimeout = Annotated[int, Field(ge=1, le=10)]
ProbeTimeout = Annotated[_ProbeTimeout, BeforeValidator(_whole, json_schema_input_type=_ProbeTimeout)]
_ProbeInterval = Annotated[int, Field(ge=60, le=86_400)]
ProbeInterval = Annotated[_ProbeInterval, BeforeValidator(_whole, json_schema_input_type=_ProbeInterval)]
_Weight = Annotated[int, Field(ge=0, le=100)]
Weight = Annotated[_Weight, BeforeValidator(_whole, json_schema_input_type=_Weight)]
_ProbeLimit = Annotated[int, Field(ge=0, le=60)]
ProbeLimit = Annotated[_ProbeLimit, BeforeValidator(_whole, json_schema_input_type=_ProbeLimit)]
_SessionDays = Annotated[int, Field(ge=1, le=90)]
SessionDays = Annotated[_SessionDays, BeforeValidator(_whole, json_schema_input_type=_SessionDays)]
_IdleMinutes = Annotated[int, Field(ge=5, le=90 * 24 * 60)]
IdleMinutes = Annotated[_IdleMinutes, BeforeValidator(_whole, json_schema_input_type=_IdleMinutes)]
_PasswordLength = Annotated[int, Field(ge=8, le=64)]
PasswordLength = Annotated[_PasswordLength, BeforeValidator(_whole, json_schema_input_type=_PasswordLength)]
_GraceDays = Annotated[int, Field(ge=0, le=90)]
GraceDays = Annotated[_GraceDays, BeforeValidator(_whole, json_schema_input_type=_GraceDays)]
TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$", examples=["Europe/Berlin"]),
    AfterValidator(_known_zone),
]
Flag = Annotated[bool, BeforeValidator(_true_or_false, json_schema_input_type=bool)]


class InputModel(BaseModel):
    """Base class of request bodies: unknown fields are refused, and types are not coerced."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ReadModel(BaseModel):
    """Base class of responses: a named list of fields, never a table row."""

    model_config = ConfigDict(from_attributes=True)
