"""The archive of a backup: a tar of the dump in parts and, last, its manifest; encrypted with BACKUP_KEY if it is set.

The size of a dump is known only at its end, and a tar names it first. Parts of a fixed size let the dump go into the
archive as pg_dump writes it: nothing is written twice, and no plain dump touches the disk of an encrypted backup.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from pydantic import ValidationError

from tca_app.core.security.file_encryption import Damaged, DecryptingReader, EncryptingWriter, WrongKey, is_encrypted
from tca_app.features.backup.errors import BackupError
from tca_app.features.backup.schemas import FORMAT, Manifest

MANIFEST = "manifest.json"
PART = "database.dump.{:06}"
PART_BYTES = 4 * 2**20
READ_BYTES = 2**20
MAX_MANIFEST_BYTES = 64 * 1024
DAMAGED = "the backup is damaged: it was changed, or its end is missing"


def write_archive(file: BinaryIO, key: str, manifest: Manifest, dump: Iterable[bytes]) -> Manifest:
    """Write an archive with the dump, and return the manifest with its size and checksum."""
    out = EncryptingWriter(file, key) if key else file
    digest, size = hashlib.sha256(), 0
    with tarfile.open(fileobj=out, mode="w|", bufsize=READ_BYTES, format=tarfile.GNU_FORMAT) as tar:  # type: ignore[call-overload]
        for number, part in enumerate(_parts(dump), 1):
            digest.update(part)
            size += len(part)
            _add(tar, PART.format(number), part, manifest)
        manifest = manifest.model_copy(update={"dump_bytes": size, "dump_sha256": digest.hexdigest()})
        _add(tar, MANIFEST, manifest.model_dump_json(indent=1).encode(), manifest)
    if isinstance(out, EncryptingWriter):
        out.finish()
    return manifest


def _parts(dump: Iterable[bytes]) -> Iterator[bytes]:
    pending = bytearray()
    for data in dump:
        pending += data
        while len(pending) >= PART_BYTES:
            yield bytes(pending[:PART_BYTES])
            del pending[:PART_BYTES]
    if pending:
        yield bytes(pending)


def _add(tar: tarfile.TarFile, name: str, data: bytes, manifest: Manifest) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(data), 0o600, int(manifest.created_at.timestamp())
    tar.addfile(member, io.BytesIO(data))
    tar.members = []  # type: ignore[attr-defined]  # tarfile keeps every header


class Archive:
    """An archive to restore. It is read twice: once to check all of it, once to restore its dump."""

    def __init__(self, file: BinaryIO, key: str) -> None:
        self._file, self._key = file, key

    def check(self) -> Manifest:
        """Read the whole archive and return its manifest. Raises BackupError when it is damaged or the key is wrong."""
        digest, size, manifest = hashlib.sha256(), 0, b""
        for name, data in self._read():
            if name == MANIFEST:
                manifest += data
            else:
                digest.update(data)
                size += len(data)
        try:
            read = Manifest.model_validate_json(manifest)
        except ValidationError:
            raise BackupError(DAMAGED) from None
        if read.format > FORMAT:
            raise BackupError(
                f"the backup was made by version {read.version}, in a format that this version cannot read"
            )
        if (read.dump_bytes, read.dump_sha256) != (size, digest.hexdigest()):
            raise BackupError(DAMAGED)
        return read

    def dump(self) -> Iterator[bytes]:
        """Yield the dump. Raises BackupError when it is damaged."""
        return (data for name, data in self._read() if name != MANIFEST)

    def _read(self) -> Iterator[tuple[str, bytes]]:
        """Yield the content of the archive in pieces, with the name of their member."""
        try:
            source = self._opened()
            with tarfile.open(fileobj=source, mode="r|", bufsize=READ_BYTES) as tar:  # type: ignore[call-overload]
                yield from _members(tar)
            while source.read(READ_BYTES):  # only its end proves that an encrypted file is whole
                continue
        except WrongKey:
            raise BackupError("BACKUP_KEY is not the key of this backup") from None
        except (tarfile.TarError, Damaged, EOFError):
            raise BackupError(DAMAGED) from None

    def _opened(self) -> BinaryIO | DecryptingReader:
        self._file.seek(0)
        if not is_encrypted(self._file):
            return self._file
        if not self._key:
            raise BackupError("the backup is encrypted: set BACKUP_KEY to the key that it was made with")
        return DecryptingReader(self._file, self._key)


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    name = ""
    for number, member in enumerate(tar, 1):
        is_last = member.name == MANIFEST
        limit = MAX_MANIFEST_BYTES if is_last else PART_BYTES
        if not member.isreg() or name == MANIFEST or member.size > limit:
            raise Damaged
        if not is_last and member.name != PART.format(number):
            raise Damaged
        name = member.name
        content = tar.extractfile(member)
        assert content  # noqa: S101
        data = content.read()
        if len(data) != member.size:
            raise Damaged
        yield name, data
        tar.members = []  # type: ignore[attr-defined]  # tarfile keeps every header
    if name != MANIFEST:
        raise Damaged
