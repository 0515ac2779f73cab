"""The mails that the console wrote to disk, as a person reads them."""

import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import NamedTuple

import pytest

from tca_app.config.settings import get_settings
from tests.factories import do_jobs


class ReadMail(NamedTuple):
    """To whom a mail goes, its subject and its plain text."""

    to: str
    subject: str
    text: str

    @property
    def token(self) -> str:
        """The token of the link in it."""
        found = re.search(r"[?&]token=([\w.-]+)", self.text)
        assert found, self.text
        return found[1]


class Mailbox:
    """The folder of mails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> list[ReadMail]:
        """Return every mail, oldest first."""
        files = sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        messages = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        return [
            ReadMail(str(m["To"]), str(m["Subject"]), m.get_body(("plain",)).get_content())  # type: ignore[union-attr]
            for m in messages
        ]

    async def deliver(self) -> list[ReadMail]:
        """Do the waiting jobs, and return every mail."""
        await do_jobs()
        return self.read()


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mailbox:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
    return Mailbox(tmp_path / "mail")
