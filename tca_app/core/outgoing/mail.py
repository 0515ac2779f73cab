"""Sends mail by SMTP when SMTP_URL is set; in development each mail is otherwise a readable file in `DATA_DIR/mail`.

A mail may be sent twice when a worker dies between sending and committing. Its Message-ID is the same then, so that
receivers drop the duplicate.
"""

import os
import re
import ssl
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr, localtime, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import structlog

from tca_app.config.settings import get_settings
from tca_app.core.jobs.queue import PermanentFailure, Unreachable
from tca_app.core.telemetry.log import request_id_var
from tca_app.core.telemetry.tracing import client_span

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
# Control characters and Unicode line ends: a name must not start another header.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Short ASCII words, none of which looks like an encoded word (RFC 2047): header text that needs no encoding.
_PLAIN = re.compile(r"^(?!.*=\?)[!-~]{1,70}(?: [!-~]{1,70})*")
MAX_LINE_BYTES = 998  # RFC 5321, 4.5.3.1.6
# Not EmailMessage: when it folds a header it decodes what looks like an encoded word, line breaks included (before
# Python 3.11.10 and 3.12.5, CVE-2024-6923), and drops the quotes of long names (before 3.11.12 and 3.12.9).
_POLICY = compat32.clone(linesep="\r\n", cte_type="8bit")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person. `key` is the same at every attempt, and the Message-ID derives from it.

    With `unsubscribe_url` mail programs offer to unsubscribe in one click (RFC 8058): they POST to it.
    """

    key: str
    to: str
    name: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str = ""


async def send(mail: Mail) -> None:
    """Send a mail. Raises PermanentFailure when the server rejects it or mail is off; other errors are retried."""
    message = compose(mail)
    if not get_settings().has_mail:
        raise PermanentFailure("mail is off (SMTP_URL=off)")
    url = get_settings().smtp_url.get_secret_value()
    if not url:
        path = _write(mail.key, message)
        log.info("mail.written", path=str(path), subject=mail.subject)
        return
    try:
        sender = parseaddr(get_settings().mail_from)[1]
        server = _server(url)
        with client_span("SMTP", {"server.address": server["hostname"], "server.port": server["port"]}):
            await aiosmtplib.send(message, sender=sender, recipients=[mail.to], timeout=TIMEOUT_S, **server)
    except aiosmtplib.SMTPRecipientsRefused as error:
        refused = error.recipients[0]
        raise _named(refused.code, refused.message) from error
    except aiosmtplib.SMTPResponseException as error:
        raise _named(error.code, error.message) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailServerUnreachable(f"the mail server cannot be reached ({type(error).__name__})") from error
    log.info("mail.sent", message_id=message["Message-ID"])


class MailRefused(Unreachable):
    """The server rejected the mail temporarily (RFC 5321, 4.2.1: codes from 400 to 499)."""


class MailServerUnreachable(Unreachable):
    """The mail server does not answer, or not with valid SMTP."""


def _named(code: int, answer: str) -> Exception:
    words = f"the mail server answered {code} {answer}"
    return PermanentFailure(words) if 500 <= code < 600 else MailRefused(words)


def compose(mail: Mail) -> MIMEMultipart:
    """Build the message with text and HTML. Names and subjects are encoded so that they show exactly as they are."""
    sender_name, sender = parseaddr(get_settings().mail_from)
    message = MIMEMultipart("alternative", policy=_POLICY)
    message["From"] = _mailbox("From", sender_name, sender)
    message["To"] = _mailbox("To", mail.name, mail.to)
    message["Subject"] = _encoded("Subject", mail.subject)
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{mail.key}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if request_id := request_id_var.get():
        message["X-Request-Id"] = _encoded("X-Request-Id", request_id)
    message.attach(_part(mail.text, "plain"))
    message.attach(_part(mail.html, "html"))
    return message


def _mailbox(header: str, name: str, address: str) -> str:
    """Return `Name <address>`. An ASCII name is quoted where necessary."""
    encoded = _encoded(header, name)
    return formataddr((encoded, address)) if _PLAIN.fullmatch(encoded) else f"{encoded} <{address}>".strip()


def _encoded(header: str, text: str) -> str:
    """Encode text for a header as ASCII, without its line breaks. Text that looks like an encoded word is encoded."""
    line = _BREAKS.sub(" ", text).strip()
    return line if _PLAIN.fullmatch(line) else Header(line, "utf-8", header_name=header).encode()


def _part(text: str, subtype: str) -> MIMEText:
    """Build a part, unencoded unless its lines are too long for SMTP."""
    charset = Charset("utf-8")
    is_long = any(len(line.encode()) > MAX_LINE_BYTES for line in text.splitlines())
    charset.body_encoding = QP if is_long else None  # type: ignore[assignment]  # the stubs leave out None
    return MIMEText(text, subtype, charset, policy=_POLICY)  # type: ignore[arg-type]  # nor a Charset


def _write(key: str, message: MIMEMultipart) -> Path:
    """Write the file atomically, so that a reader of the folder never sees half a mail."""
    folder = get_settings().data_dir / "mail"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{key}.eml"
    draft = path.with_suffix(f".{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(message.as_bytes())
    draft.replace(path)
    return path


def _server(url: str) -> dict[str, Any]:
    """Return the arguments of aiosmtplib for `smtp://user:password@host:port?starttls=required`, or `smtps://`.

    `starttls` is `required` or `never`; when omitted, STARTTLS is used if the server offers it.
    """
    parts = urlsplit(url)
    starttls = parse_qs(parts.query).get("starttls", [""])[0]
    use_tls = parts.scheme == "smtps"
    return {
        "hostname": parts.hostname,
        "port": parts.port or (465 if use_tls else 587),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": use_tls,
        "start_tls": False if use_tls else {"required": True, "never": False}.get(starttls),
        "tls_context": ssl.create_default_context(),
    }
