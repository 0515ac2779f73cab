"""The language of a browser: the one that was chosen in it, or the first of its own that the console has."""

from tca_app.core.language.messages import ENGLISH, LANGUAGES
from tca_app.core.security.tokens import cookie_in

COOKIE = "language"
COOKIE_DAYS = 365
MAX_ACCEPTED = 20  # languages of a header; browsers send less than ten


def browser_language(cookies: str, accepted: str) -> str:
    """Returns the language for these two headers of a browser, Cookie and Accept-Language."""
    chosen = cookie_in(cookies, COOKIE)
    return chosen if chosen in LANGUAGES else accepted_language(accepted)


def accepted_language(accepted: str) -> str:
    """Returns the language that the browser prefers, of those that there are: "de-AT" is German."""
    best, weight = ENGLISH, 0.0
    for entry in accepted.split(",")[:MAX_ACCEPTED]:
        name, _, parameter = entry.partition(";")
        name = name.strip().lower().partition("-")[0]
        preferred = _weight(parameter)
        if name in LANGUAGES and preferred > weight:
            best, weight = name, preferred
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.replace(" ", "").partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value[:5])
    except ValueError:
        return 0.0
