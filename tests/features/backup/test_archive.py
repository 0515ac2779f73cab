"""A backup that was changed, cut off or encrypted with another key is refused before anything is touched."""

import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tca_app.core.security import file_encryption
from tca_app.core.security.file_encryption import Damaged, DecryptingReader, EncryptingWriter
from tca_app.features.backup import archive
from tca_app.features.backup.archive import DAMAGED, Archive, write_archive
from tca_app.features.backup.errors import BackupError
from tca_app.features.backup.schemas import Manifest
from tca_app.server import restore
from tca_app.server.restore import restore_backup

KEY, OTHER_KEY = "k" * 40, "o" * 40
DUMP = [bytes([number]) * 700 for number in range(20)]
MANIFEST = Manifest(
    version="0.2.0", revision="1000", postgres="18", created_at=datetime(2026, 1, 31, tzinfo=UTC), secret_check="00"
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts and chunks, so that there are several."""
    monkeypatch.setattr(archive, "PART_BYTES", 5000)
    monkeypatch.setattr(archive, "READ_BYTES", 1024)
    monkeypatch.setattr(file_encryption, "CHUNK_BYTES", 4096)


def _archive(key: str = "", manifest: Manifest = MANIFEST) -> bytes:
    file = io.BytesIO()
    write_archive(file, key, manifest, DUMP)
    return file.getvalue()


def _check(data: bytes, key: str = "") -> Manifest:
    return Archive(io.BytesIO(data), key).check()


@pytest.mark.parametrize("key", ["", KEY])
def test_what_was_written_is_read(key: str) -> None:
    read = Archive(io.BytesIO(_archive(key)), key)
    assert read.check().dump_bytes == sum(map(len, DUMP))
    assert b"".join(read.dump()) == b"".join(DUMP)


def test_tar_reads_one_that_is_not_encrypted(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(_archive())) as tar:
        tar.extractall(tmp_path, filter="data")
    assert b"".join(path.read_bytes() for path in sorted(tmp_path.glob("database.dump.*"))) == b"".join(DUMP)
    assert Manifest.model_validate_json((tmp_path / "manifest.json").read_text()).revision == "1000"


def test_an_encrypted_one_shows_nothing() -> None:
    data = _archive(KEY)
    assert b"database.dump" not in data
    assert b"1000" not in data
    assert DUMP[5] not in data


def _flip(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


SEALED = 4096 + 16
HEADER = file_encryption.HEADER_BYTES


@pytest.mark.parametrize(
    "damage",
    [
        _flip(HEADER),
        _flip(HEADER + SEALED + 7),
        _flip(-1),
        lambda data: data[: HEADER + SEALED],
        lambda data: data[: HEADER + SEALED + 100],
        lambda data: data[:HEADER],
        lambda data: data[:20],
        lambda data: data + b"\0",
        lambda data: data[:HEADER] + data[HEADER + SEALED : HEADER + 2 * SEALED] + data[HEADER:],
        lambda data: data[: HEADER + SEALED] + data[HEADER + 2 * SEALED :],
    ],
    ids=["first", "second", "end", "chunk", "within", "header", "half a header", "more", "order", "gap"],
)
def test_damage_of_an_encrypted_one_is_found(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BackupError, match=DAMAGED):
        _check(damage(_archive(KEY)), KEY)


@pytest.mark.parametrize(
    "damage",
    [
        _flip(3),
        _flip(700),
        lambda data: data.replace(b'"dump_bytes": 14000', b'"dump_bytes": 14001'),
        lambda data: data.replace(b"manifest.json", b"manifest.jsoo"),
        lambda data: data[:6000],
        lambda _: b"",
        lambda _: b"not a backup" * 1000,
    ],
    ids=["header", "dump", "manifest", "name", "cut", "empty", "other"],
)
def test_damage_of_one_that_is_not_encrypted_is_found(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BackupError, match=DAMAGED):
        _check(damage(_archive()))


def test_a_wrong_and_a_missing_key_are_named() -> None:
    with pytest.raises(BackupError, match="BACKUP_KEY is not the key"):
        _check(_archive(KEY), OTHER_KEY)
    with pytest.raises(BackupError, match="set BACKUP_KEY"):
        _check(_archive(KEY))


def test_chunks_of_one_file_do_not_fit_into_another() -> None:
    first, second = _archive(KEY), _archive(KEY)
    with pytest.raises(BackupError, match=DAMAGED):
        _check(first[: HEADER + SEALED] + second[HEADER + SEALED :], KEY)


def test_memory_is_bounded() -> None:
    """However much is written, at most one chunk waits."""
    out = io.BytesIO()
    writer = EncryptingWriter(out, KEY)
    for _ in range(100):
        writer.write(b"x" * 1000)
        assert len(writer._pending) <= 4096
    writer.finish()
    out.seek(0)
    reader = DecryptingReader(out, KEY)
    assert b"".join(iter(lambda: reader.read(999), b"")) == b"x" * 100_000
    with pytest.raises(Damaged):
        DecryptingReader(io.BytesIO(b"x" * 100), KEY)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: _flip(700)(_archive()), DAMAGED),
        (lambda: _archive(KEY), "set BACKUP_KEY"),
        (
            lambda: _archive(manifest=MANIFEST.model_copy(update={"revision": "209901010000"})),
            "newer than this version",
        ),
        (
            lambda: _archive(manifest=MANIFEST.model_copy(update={"format": 2})),
            "a format that this version cannot read",
        ),
    ],
    ids=["damaged", "key", "schema", "format"],
)
def test_it_is_refused_before_the_database_is_touched(
    make: Callable[[], bytes], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(restore, "RestoreTarget")
    monkeypatch.delattr(restore, "migrate")
    (tmp_path / "backup.tar").write_bytes(make())
    with pytest.raises(BackupError, match=line) as refusal:
        restore_backup(tmp_path / "backup.tar", replace=True, ask=None)
    assert "\n" not in str(refusal.value)
