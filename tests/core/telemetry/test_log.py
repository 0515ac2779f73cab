"""A log line is one printable line, whatever callers send."""

import logging
from typing import Literal

import httpx
import pytest
import structlog
from sqlalchemy import text

from tca_app.core.database.session import reading, transaction
from tca_app.core.telemetry.log import MAX_TRACE
from tca_app.core.telemetry.redaction import MAX_TEXT
from tca_app.core.telemetry.sampling import MAX_OF_A_LIBRARY
from tests.logs import lines_of, written_log

log = structlog.get_logger("tests")
FORMS: tuple[Literal["console", "json"], ...] = ("console", "json")
# A terminal escape, its one-character form, the end of a line in all ways, the bell, and what reorders text.
UNPRINTABLE = [
    "\x1b[2J",
    "\x9b2J",
    "\r",
    "\n",
    "\x85",
    "\u2028",
    "\x07",
    "\x7f",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\ud800",
]


def is_harmless(written: str) -> bool:
    return all(line.isprintable() for line in written.split("\n"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bad", UNPRINTABLE, ids=ascii)
def test_no_field_of_a_line_moves_the_cursor(form: Literal["console", "json"], bad: str) -> None:
    with written_log(form) as text:
        log.info("request", path=f"/api/{bad}x", nested={bad: [bad]}, error=ValueError(bad))
        log.warning(f"event {bad}")
        logging.getLogger("reflex").warning("unknown event %s", bad)
    assert is_harmless(text.getvalue())
    assert text.getvalue().count("\n") == 3
    assert text.getvalue().count("/api/") == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bad", UNPRINTABLE, ids=ascii)
def test_a_traceback_cannot_be_taken_for_other_lines(form: Literal["console", "json"], bad: str) -> None:
    with written_log(form) as text:
        try:
            raise ValueError(f"{bad}2026-01-01 [info] forged")
        except ValueError:
            log.exception("failed")
    assert is_harmless(text.getvalue())
    assert not any(line.startswith("2026-01-01") for line in text.getvalue().splitlines())
    assert "forged" in text.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_what_is_long_is_cut(form: Literal["console", "json"]) -> None:
    with written_log(form) as text:
        log.info("request", path="x" * 1_000_000, nested=["y" * 1_000_000])
        try:
            raise ValueError("z" * 1_000_000)
        except ValueError:
            log.exception("failed")
    written = text.getvalue()
    assert written.count("x") <= MAX_TEXT + 10
    assert written.count("y") <= MAX_TEXT + 10
    assert written.count("z") <= MAX_TRACE


def test_a_cut_never_leaves_a_part_of_a_secret() -> None:
    token = "eyJhbGciOiJI.eyJzdWIi.c2lnbmF0dXJl"
    for before in range(MAX_TEXT - 60, MAX_TEXT + 20):
        with written_log("json") as text:
            log.info("x", said="-" * (before - 1) + " " + token + "-" * 5_000)
        said = lines_of(text)[0]["said"]
        assert "eyJ" not in said
        assert len(said) <= MAX_TEXT


@pytest.mark.parametrize("form", FORMS)
async def test_a_path_cannot_drive_a_terminal(api: httpx.AsyncClient, form: Literal["console", "json"]) -> None:
    with written_log(form) as text:
        await api.get("/api/%1b%5d0%3bowned%07%c2%9b2J%0d%0a2026%e2%80%ae")
    assert is_harmless(text.getvalue())
    assert text.getvalue().count("\n") == 1
    assert r"\x1b]0;owned" in text.getvalue()


async def test_a_path_of_broken_characters_is_logged(api: httpx.AsyncClient) -> None:
    with written_log("json") as text:
        await api.get("/api/%ed%a0%80%ff")
    assert lines_of(text)[0]["event"] == "request"


def test_a_library_that_warns_without_end_is_cut_short() -> None:
    """Reflex warns of every connection without a token, and everybody may open one."""
    with written_log("json") as text:
        for number in range(100):
            logging.getLogger("reflex.app").warning("No token provided in connection for session %s", number)
            logging.getLogger("elsewhere").warning("something else")
        logging.getLogger("reflex.app").error("an error")
        logging.getLogger("reflex.app").warning("another line")
    events = [line["event"] for line in lines_of(text)]
    assert sum(event.startswith("No token") for event in events) == MAX_OF_A_LIBRARY
    assert events.count("something else") == 100
    assert events[-2:] == ["an error", "another line"]


async def test_debug_logs_statements_without_their_parameters() -> None:
    find = text("SELECT id FROM users WHERE email = :email")
    with written_log(debug=True) as written:
        log.debug("looked_up")
        for session in (reading(), transaction()):
            async with session as open_session:
                await open_session.execute(find, {"email": "ada@example.com"})
    assert [line["level"] for line in lines_of(written) if line["event"] == "looked_up"] == ["debug"]
    assert written.getvalue().count("SELECT id FROM users WHERE email = ") == 2
    assert "ada@example.com" not in written.getvalue()


async def test_without_debug_no_statement_is_logged() -> None:
    with written_log() as written:
        log.debug("looked_up")
        async with reading() as session:
            await session.execute(text("SELECT 1"))
    assert written.getvalue() == ""
