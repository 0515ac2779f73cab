"""The validation of the arguments that a browser sends to an event handler."""

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from tca_app.core.errors import BadRequest
from tca_app.core.language.messages import N_, _
from tca_app.core.region.formats import number
from tca_app.core.telemetry.sampling import SampledLog

sampled = SampledLog(__name__)
MAX_TEXT = 10_000
MAX_DEPTH = 6
MAX_ITEMS = 2_000
NOT_UNDERSTOOD = N_("The page sent an invalid request. Reload the page and try again.")


class Arguments:
    """The argument validator of one handler, built from its annotations at the first call."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self.signature = inspect.signature(fn)
        self.takes_nothing = len(self.signature.parameters) == 1
        self.adapters: dict[str, TypeAdapter[Any]] | None = None

    def of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Returns the validated values, by name. Raises BadRequest."""
        if self.takes_nothing and not args and not kwargs:
            return {}
        if self.adapters is None:
            self.adapters = self._make()
        try:
            given = self.signature.bind(None, *args, **kwargs).arguments
            given = dict(list(given.items())[1:])  # all but self
            for value in given.values():
                refuse_wild(value)
            return {name: self.adapters[name].validate_python(value) for name, value in given.items()}
        except (TypeError, ValidationError) as error:
            where = error.errors(include_input=False)[0]["loc"] if isinstance(error, ValidationError) else ()
            sampled.warning("ui.bad_arguments", handler=self.fn.__qualname__, where=where)
            raise BadRequest(_(NOT_UNDERSTOOD)) from None

    def _make(self) -> dict[str, TypeAdapter[Any]]:
        hints = get_type_hints(self.fn, include_extras=True)
        names = list(self.signature.parameters)[1:]
        missing = [name for name in names if name not in hints]
        if missing:
            raise TypeError(f"{self.fn.__qualname__}: annotate {', '.join(missing)}")
        return {name: _strict(hints[name]) for name in names}


def _strict(hint: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(hint, config=ConfigDict(strict=True))
    except PydanticUserError:  # models and TypedDicts have their own settings
        return TypeAdapter(hint)


def refuse_wild(value: Any, depth: int = 0) -> None:
    """Raises BadRequest for values that no form of the console can send."""
    if depth > MAX_DEPTH:
        raise BadRequest(_(NOT_UNDERSTOOD))
    if isinstance(value, str):
        _refuse_text(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadRequest(_("This number is not valid."))
    elif isinstance(value, int):
        if abs(value) >= 2**63:
            raise BadRequest(_("A number is too large."))
    elif isinstance(value, Mapping | list | tuple):
        if len(value) > MAX_ITEMS:
            raise BadRequest(_(NOT_UNDERSTOOD))
        for part in (*value.keys(), *value.values()) if isinstance(value, Mapping) else value:
            refuse_wild(part, depth + 1)


def _refuse_text(value: str) -> None:
    if len(value) > MAX_TEXT:
        raise BadRequest(_("A text is longer than {max} characters.", max=number(MAX_TEXT)))
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise BadRequest(_("A text contains characters that cannot be stored."))


@functools.cache
def arguments_of(fn: Callable[..., Any]) -> Arguments:
    return Arguments(fn)
