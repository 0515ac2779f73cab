"""Describes the device of a session in words, from its User-Agent header."""

from tca_app.core.language.messages import N_, _

MAX_TEXT = 500
# The first match counts: Edge names Chrome too, and nearly every browser names Safari.
PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", N_("Chrome (headless)")),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
    ("python", N_("Python script")),
    ("Go-http-client", N_("Go program")),
    ("PostmanRuntime", "Postman"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def device_words(user_agent: str) -> str:
    """ "Firefox on Windows" or "curl"; for an unknown program the start of its User-Agent."""
    program = _first(PROGRAMS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if not program:
        return user_agent[:60] or _("Unknown device")
    return _("{program} on {system}", program=_(program), system=system) if system else _(program)


def _first(words: tuple[tuple[str, str], ...], text: str) -> str:
    folded = text[:MAX_TEXT].casefold()
    return next((name for mark, name in words if mark.casefold() in folded), "")
