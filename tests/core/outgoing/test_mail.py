"""Names and titles never become a header or markup of a mail."""

import re
from base64 import b64encode
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path
from string import Formatter
from uuid import uuid4

import pytest
from hypothesis import example, given, settings, strategies as st

from tca_app.config.settings import get_settings
from tca_app.core.events.log import RecordedEvent
from tca_app.core.outgoing.mail import Mail, compose, send
from tca_app.core.telemetry.log import request_id_var
from tca_app.features.notifications.kinds import KINDS
from tca_app.features.notifications.mails import WELCOME, Line, digest_for, mail_for
from tca_app.features.notifications.reader import Reader

HEADERS = ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]
HIDDEN = b"x\r\nBcc: evil@example.com\r\n\r\nClick here"
WORD = f"=?utf-8?b?{b64encode(HIDDEN).decode()}?="
LONG_WORD = f"{WORD} ".ljust(83, "y")
HOSTILE = [
    WORD,
    LONG_WORD,
    "=?utf-8?q?a=0D=0ABcc=3A_evil=40example=2Ecom?=",
    f"{WORD} {WORD}",
    f"Ana {WORD}",
    "=?iso-8859-1?q?=E9?=",
    "=?utf-8?b?",
    "Hi\r\nBcc: evil@example.com",
    "Hi\nX: y",
    "Hi\u2028Bcc: evil@example.com",
    "Hi\x85Bcc: evil@example.com",
    "a\x00b",
    'Smith, "J" ' + "q" * 83,
    "evil@example.com, Ana",
    "<evil@example.com>",
    "Ana\\",
    "x" * 3000,
    "Grüße " * 100,
    "\u00e9" * 2000,
    " ",
    "",
]


def headers_of(wire: bytes) -> list[tuple[str, str]]:
    """The headers as a strict reader finds them: ASCII, CRLF, nothing that is neither a header nor its continuation."""
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", wire)
    head, blank, _body = wire.partition(b"\r\n\r\n")
    assert blank
    found: list[tuple[str, str]] = []
    for line in head.decode("ascii").split("\r\n"):
        assert len(line) <= 998
        if line.startswith((" ", "\t")):
            assert line.strip()
            name, value = found.pop()
            found.append((name, f"{value}{line}"))
        else:
            match = re.fullmatch(r"([A-Za-z-]+): ?(.*)", line)
            assert match, line
            found.append((match[1], match[2]))
    return found


def shown(value: str) -> str:
    """What a mail program shows for a header."""
    return str(make_header(decode_header(value)))


def literal(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def check(mail: Mail) -> None:
    """Exactly our own headers, and both texts of others as they are."""
    wire = compose(mail).as_bytes()
    found = dict(headers_of(wire))
    assert sorted(name for name, _ in headers_of(wire)) == HEADERS
    assert shown(found["Subject"]) == literal(mail.subject)
    name, address = parseaddr(found["To"])
    assert (shown(name), address) == (literal(mail.name), mail.to)
    assert found["Message-ID"] == f"<{mail.key}@localhost>"
    message = message_from_bytes(wire, policy=policy.default)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def made(name: str, subject: str, to: str = "bo@example.com") -> Mail:
    return Mail(key="k1", to=to, name=name, subject=subject, text="Hello", html="<p>Hello</p>")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_or_subject_arrives_as_it_is_under_our_headers_alone(text: str) -> None:
    check(made(text, "Hi"))
    check(made("Bo", text))


PIECES = st.sampled_from([WORD, "=?", "?=", "=?utf-8?q?", "\r\n", "Bcc: evil@example.com", '"', "\\", ", ", "<", ">"])
TEXTS = st.lists(PIECES | st.text(st.characters(exclude_categories=["Cs"]), max_size=90), max_size=6).map("".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
@example(LONG_WORD, f"{LONG_WORD} added you to Billing as viewer")
def test_no_text_at_all_begins_another_header(name: str, subject: str) -> None:
    wire = compose(made(name, subject)).as_bytes()
    assert sorted(name for name, _ in headers_of(wire)) == HEADERS


def event_of(kind: str, text: str, subject_id: int = 7) -> RecordedEvent:
    """An event of this kind in which every word is `text`."""
    fields = {name for _, name, _, _ in Formatter().parse(KINDS[kind].title) if name}
    data = dict.fromkeys({*fields, KINDS[kind].says, "role"} - {""}, text) | {"after": {"email": text}}
    now = datetime.now(UTC)
    return RecordedEvent(1, uuid4(), now, kind, 1, "project", subject_id, text, 1, "user", 3, text, 7, data, "", "")


@pytest.mark.parametrize("text", [LONG_WORD, "Hi\r\nBcc: evil@example.com", "Grüße, " * 12])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_mail_has_exactly_our_headers(kind: str, text: str) -> None:
    reader = Reader(7 if kind == WELCOME else 8, "=?utf-8?q?=0D=0ABcc?=@example.com", "bob", text)
    check(mail_for(event_of(kind, text), reader))


def test_a_summary_has_exactly_our_headers() -> None:
    check(digest_for(Reader(8, "bo@example.com", "bob", LONG_WORD), date(2026, 1, 1), [Line(LONG_WORD, "")], 0))


def test_the_name_of_the_sender_and_the_request_id_are_literal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "mail_from", f'"{LONG_WORD}" <noreply@example.com>')
    mark = request_id_var.set(LONG_WORD)
    try:
        found = headers_of(compose(made("Bo", "Hi")).as_bytes())
    finally:
        request_id_var.reset(mark)
    assert sorted(name for name, _ in found) == sorted([*HEADERS, "X-Request-Id"])
    name, address = parseaddr(dict(found)["From"])
    assert (shown(name), address) == (LONG_WORD, "noreply@example.com")
    assert shown(dict(found)["X-Request-Id"]) == LONG_WORD


async def test_what_is_written_into_the_folder_has_the_same_headers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
    await send(made(LONG_WORD, LONG_WORD))
    found = headers_of((tmp_path / "mail" / "k1.eml").read_bytes())
    assert sorted(name for name, _ in found) == HEADERS
