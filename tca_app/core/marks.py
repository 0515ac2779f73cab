"""The mark of a project: a colour, and one emoji instead of the letter."""

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from tca_app.core.language.messages import N_
from tca_app.core.schema import null_is_empty

Color = Literal["", "red", "amber", "olive", "green", "teal", "blue", "purple", "pink"]
COLORS: tuple[str, ...] = get_args(Color)[1:]
# A pictogram, with a variation selector or a skin tone; some are joined to one. Or the two letters of a flag.
_PICTOGRAM = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    "\ufe0f?[\U0001f3fb-\U0001f3ff]?"
)
_EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTOGRAM}(?:\u200d{_PICTOGRAM}){{0,4}}")


def _one_emoji(value: str) -> str:
    value = value.strip()
    if value and not _EMOJI.fullmatch(value):
        raise ValueError(N_("Enter one emoji or leave this empty."))
    return value


_Emoji = Annotated[str, Field(max_length=16, examples=["\U0001f680"]), AfterValidator(_one_emoji)]
Emoji = Annotated[_Emoji, BeforeValidator(null_is_empty, json_schema_input_type=_Emoji | None)]
