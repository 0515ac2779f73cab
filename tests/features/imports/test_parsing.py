"""Files that people send: what is read, and why something is refused."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st

from tca_app.core.database.csv_lines import cell, undefused
from tca_app.core.errors import Invalid
from tca_app.features.imports import parsing
from tca_app.features.imports.parsing import MAX_BYTES, MAX_ROWS, parse

COLUMNS, READ_ONLY = ("username", "email"), ("id",)


def values(text: str | bytes) -> list[dict[str, str]]:
    content = text.encode() if isinstance(text, str) else text
    return [record.values for record in parse(content, COLUMNS, READ_ONLY).records]


def refusal(content: str | bytes) -> str:
    with pytest.raises(Invalid) as refused:
        parse(content.encode() if isinstance(content, str) else content, COLUMNS, READ_ONLY)
    return refused.value.field_details[parsing.FIELD]


ANA = [{"username": "ana", "email": "a@b.c"}]


@pytest.mark.parametrize(
    "text",
    [
        "username,email\nana,a@b.c",
        "\ufeffusername,email\r\nana,a@b.c\r\n",
        "USERNAME ; email\nana;a@b.c\n\n ; \n",
        '"username","email"\n"ana","a@b.c"\n',
    ],
)
def test_files_of_all_spreadsheets_are_read(text: str) -> None:
    assert values(text) == ANA


def test_a_cell_keeps_its_lines_and_rows_their_lines() -> None:
    parsed = parse(b'email,username\n"two\nlines",ana\n\nx,"b""o"\n', COLUMNS, READ_ONLY)
    assert [(record.line, record.values["email"]) for record in parsed.records] == [(2, "two\nlines"), (5, "x")]
    assert parsed.records[1].values["username"] == 'b"o'


def test_columns_of_the_export_that_nobody_can_set_are_ignored() -> None:
    parsed = parse(b"id,username,error\n7,ana,no\n", COLUMNS, READ_ONLY)
    assert parsed.ignored == ["id", "error"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "The file is empty."),
        (b"username\n", "The file has no rows below its header."),
        (b"usrname\nana\n", 'Unknown column "usrname". Use username, email.'),
        (b"id\n7\n", "No column can be imported. Use username, email."),
        (b"username,username\na,b\n", 'The column "username" is there twice.'),
        ("username\nana\n".encode("utf-16"), "The file is UTF-16. Save it as CSV UTF-8."),
        ("username\nana\nZoë\n".encode("latin-1"), "Line 3 is not UTF-8. Save the file as CSV UTF-8."),
        (b"username\nan\0a\n", "The file contains NUL characters. It is not a text file."),
        (b"PK\x03\x04\x00\x00", "The file contains NUL characters. It is not a text file."),
        (b'username\n"ana\n', "Line 2 cannot be read: unexpected end of data."),
        (b"username\n" + b"a" * 200_000, "Line 2 cannot be read: field larger than field limit (131072)."),
        (b"username\n" + b"a\n" * (MAX_ROWS + 1), "The file has more than 5,000 rows. Split it."),
        (b"x" + b"," * 1_000_000, "The file has more than 50 columns."),
        (b"a" * (MAX_BYTES + 1), "Use a file of at most 2 MB."),
        (b"\x1b[31m\nx\n", 'Unknown column "?". Use username, email.'),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_do(content: bytes, text: str) -> None:
    assert refusal(content) == text


def test_the_largest_file_is_read() -> None:
    assert len(values("username\n" + "ana\n" * MAX_ROWS)) == MAX_ROWS


def test_a_row_of_another_width_fails_alone() -> None:
    parsed = parse(b"username,email\nana\nbob,b@b.c\n,,,\n" + b"x," + b"y" * 10_001, COLUMNS, READ_ONLY)
    assert [record.fault for record in parsed.records] == [
        "This row has 1 cells, and the header has 2.",
        "",
        "A cell has more than 10,000 characters.",
    ]


@given(st.text())
def test_what_the_export_defuses_the_import_restores(text: str) -> None:
    assert undefused(cell(text)) == text
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@settings(max_examples=200)
@given(st.binary(max_size=300) | st.text("ab,;\"'\n\r\0=é", max_size=60).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(content: bytes) -> None:
    with suppress(Invalid):
        assert parse(b"username,email\n" + content, COLUMNS, READ_ONLY).records


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=5))
def test_what_csv_writes_is_read(rows: list[tuple[str, str]]) -> None:
    lines = io.StringIO()
    csv.writer(lines, quoting=csv.QUOTE_ALL).writerows([("username", "email"), *((cell(a), cell(b)) for a, b in rows)])
    content = lines.getvalue()
    if "\0" in content or not any(a.strip() or b.strip() for a, b in rows):
        return
    shown = [(row["username"], row["email"]) for row in values(content.encode(errors="replace"))]
    clean = [(a.encode(errors="replace").decode(), b.encode(errors="replace").decode()) for a, b in rows]
    kept = [(a.strip(), b.strip()) for a, b in clean if cell(a).strip() or cell(b).strip()]
    assert shown == kept
