"""Says in words what a session runs on, from the text that the program sent about itself."""

MAX_TEXT = 500
# The first that is found counts: an Edge names Chrome too, and nearly all of them name Safari.
PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Chrome (headless)"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
    ("python", "Python script"),
    ("Go-http-client", "Go program"),
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
    """ "Firefox on Windows", "curl"; for a stranger the start of its own words."""
    program = _first(PROGRAMS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if not program:
        return user_agent[:60] or "Unknown device"
    return f"{program} on {system}" if system else program


def _first(words: tuple[tuple[str, str], ...], text: str) -> str:
    folded = text[:MAX_TEXT].casefold()
    return next((name for mark, name in words if mark.casefold() in folded), "")
