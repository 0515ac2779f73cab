"""Reads a CSV file that someone sends: bounded, as text, and with a reason for everything that is refused."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from tca_app.core.database.csv_lines import undefused
from tca_app.core.errors import Invalid
from tca_app.core.language.messages import _

FIELD = "content"  # of the request and of the form
MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 5_000
MAX_COLUMNS = 50
MAX_CELL = 10_000
ERROR_COLUMN = "error"  # of the error file, so that it can be imported again once it is mended
_MAX_HEADER = 20_000
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the file. `values` are its cells by column; `fault` says why it cannot be read."""

    line: int
    cells: list[str]
    values: dict[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The columns that are imported and those that are ignored, in the order of the file."""

    columns: list[str]
    ignored: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


def parse(content: bytes, writable: Collection[str], read_only: Collection[str]) -> ParsedFile:
    """Returns the rows. Raises Invalid for a file that is none, or that has other columns."""
    lines = _lines(_text(content))
    header = next(lines, None)
    if header is None:
        raise _wrong(_("The file is empty."))
    columns = _columns(header[1], writable, read_only)
    used = [name for name in columns if name in writable]
    if not used:
        raise _wrong(_("No column can be imported. Use {writable}.", writable=", ".join(writable)))
    records = [_record(line, cells, columns) for line, cells in lines]
    if not records:
        raise _wrong(_("The file has no rows below its header."))
    return ParsedFile(columns, [name for name in columns if name not in writable], records)


def _wrong(text: str) -> Invalid:
    return Invalid.at(FIELD, text)


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _wrong(_("Use a file of at most {max_bytes} MB.", max_bytes=MAX_BYTES // 1024**2))
    if content.startswith(_OTHER_ENCODINGS):
        raise _wrong(_("The file is UTF-16. Save it as CSV UTF-8."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _wrong(_("Line {line} is not UTF-8. Save the file as CSV UTF-8.", line=f"{line:,}")) from None
    if "\0" in text:
        raise _wrong(_("The file contains NUL characters. It is not a text file."))
    return text


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows that are not blank, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows, before = 0, 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _wrong(_("Line {before} cannot be read: {error}.", before=f"{before + 1:,}", error=error)) from None
        if cells is None:
            return
        line, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        if rows > MAX_ROWS + 1:
            raise _wrong(_("The file has more than {max_rows} rows. Split it.", max_rows=f"{MAX_ROWS:,}"))
        yield line, cells


def _delimiter(text: str) -> str:
    """Returns the separator of the header, outside quotes."""
    header = text[:_MAX_HEADER].lstrip("\r\n").split("\n", 1)[0]
    outside = "".join(header.split('"')[::2])
    return ";" if outside.count(";") > outside.count(",") else ","


def _columns(cells: list[str], writable: Collection[str], read_only: Collection[str]) -> list[str]:
    if len(cells) > MAX_COLUMNS:
        raise _wrong(_("The file has more than {max_columns} columns.", max_columns=MAX_COLUMNS))
    names = [cell.strip().lower() for cell in cells]
    known = {*writable, *read_only, ERROR_COLUMN}
    for name in names:
        if name not in known:
            shown = name[:50] if name.isprintable() else "?"
            raise _wrong(_('Unknown column "{shown}". Use {writable}.', shown=shown, writable=", ".join(writable)))
        if names.count(name) > 1:
            raise _wrong(_('The column "{name}" is there twice.', name=name))
    return names


def _record(line: int, cells: list[str], columns: list[str]) -> Record:
    faults = []
    if len(cells) != len(columns):
        faults.append(f"This row has {len(cells):,} cells, and the header has {len(columns)}.")
    if any(len(cell) > MAX_CELL for cell in cells):
        faults.append(f"A cell has more than {MAX_CELL:,} characters.")
    values = {name: undefused(cell).strip() for name, cell in zip(columns, cells, strict=False)}
    return Record(line, [cell[:MAX_CELL] for cell in cells[:MAX_COLUMNS]], values, " ".join(faults))
