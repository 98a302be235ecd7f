"""Tables of every dialect, and what is broken in them."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from collectors.source import Fault, ParseError, SourceError
from collectors.tables import open_table, read_table


def rows_of(body: str | bytes, **options: str) -> tuple[list[list[object]], list[str]]:
    """The rows of a file and the places of its faults."""
    faults: list[Fault] = []
    data = body.encode() if isinstance(body, str) else body
    rows = [list(row.values()) for row in read_table(data, faults=faults, **options)]  # type: ignore[arg-type]
    return rows, [fault.item for fault in faults]


def workbook(*rows: list[object], title: str = "Feuil1") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(**columns: list[object]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separator_charset_and_line_ends_are_found_out(delimiter: str, encoding: str, newline: str) -> None:
    lines = [["id", "texte", "note"], ["1", "Très bien, café", "4,5"], ["2", "déçu; à revoir", "1"]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(lines)
    assert rows_of(text.getvalue().encode(encoding)) == (lines[1:], [])


def test_in_a_file_of_one_column_an_empty_answer_in_quotes_is_a_row_and_a_blank_line_is_none() -> None:
    assert rows_of('texte\nbien\n""\n\n   \n"pas mal"\n""') == ([["bien"], [None], ["pas mal"], [None]], [])
    assert rows_of('\n""\ntexte\nbien\n') == ([["bien"]], [])
    assert rows_of('texte;note\nbien;5\n"";""\n""\n') == ([["bien", "5"]], [])


CELL = st.text(
    st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n;,"'),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_is_written_is_read(rows: list[tuple[str, ...]], delimiter: str, quoting: int) -> None:
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerows([("alpha", "beta", "gamma"), *rows])
    body = text.getvalue()
    # rows whose every line has a row's separators are taken for rows swallowed by a quotation mark
    assume(all(sum(cell.count("\n") for cell in row) == 0 or delimiter not in "".join(row) for row in rows))
    found, faults = rows_of(body, delimiter=delimiter, encoding="utf-8")
    assert not faults
    assert found == [[cell.replace("\0", "").strip() or None for cell in row] for row in rows]


def test_an_open_quotation_mark_costs_its_own_line_only() -> None:
    body = 'id;texte;note\n1;bon;5\n2;"jamais fermé;4\n3;bien;5\n4;super;5\n'
    assert rows_of(body) == ([["1", "bon", "5"], ["3", "bien", "5"], ["4", "super", "5"]], ["line 3"])


def test_an_open_quotation_mark_closed_by_a_later_row_does_not_merge_rows() -> None:
    body = 'id;texte;note\n1;"jamais fermé;4\n2;"bien";5\n3;ok;5\n'
    assert rows_of(body) == ([["2", "bien", "5"], ["3", "ok", "5"]], ["line 2"])


def test_rows_swallowed_in_a_well_formed_way_are_told_by_their_shape() -> None:
    body = 'id;texte;note\n1;"jamais fermé;4\n2;encore";5\n3;ok;5\n'
    assert rows_of(body) == ([["2", 'encore"', "5"], ["3", "ok", "5"]], ["line 2"])


def test_an_open_quotation_mark_in_the_header_is_an_error() -> None:
    with pytest.raises(ParseError, match="header"):
        open_table(b'id;"texte;note\n1;bon;5\n')


def test_a_text_of_several_lines_stays_one_cell() -> None:
    body = 'id;texte;note\n1;"deux\nlignes; et ""mots""";4\n2;ok;5\n'
    assert rows_of(body) == ([["1", 'deux\nlignes; et "mots"', "4"], ["2", "ok", "5"]], [])


def test_bare_quotation_marks_in_a_quoted_text_cost_nothing() -> None:
    found, faults = rows_of('id;texte;note\n1;"il a "dit" non";4\n2;ok;5\n')
    assert (len(found), faults) == (2, [])


def test_the_line_of_a_fault_counts_lines_within_texts() -> None:
    assert rows_of('id;texte\n1;"a\nb\nc"\n2\n3;ok\n')[1] == ["line 5"]


def test_rows_of_the_wrong_width_are_left_out_and_named() -> None:
    found, faults = rows_of("a;b;c\n1;2;3\n1;2\n1;2;3;4\n1;2;3;;\n")
    assert (found, faults) == ([["1", "2", "3"], ["1", "2", "3"]], ["line 3", "line 4"])


def test_nul_bytes_and_blank_lines_are_passed_over() -> None:
    assert rows_of(b"a;b\n\n1;x\0y\n;\n \n2;z\n") == ([["1", "xy"], ["2", "z"]], [])


def test_a_stray_byte_of_windows_1252_is_read_as_such() -> None:
    assert rows_of("a;b\né;à\nç;".encode() + b"\xe9t\xe9\n") == ([["é", "à"], ["ç", "été"]], [])


def test_bytes_that_no_charset_has_are_kept_as_something() -> None:
    assert rows_of(b"a;b\n\x81;\xe9\n")[1] == []


def test_duplicate_and_empty_names_are_made_unique() -> None:
    assert open_table(b"Note;Note;;Note\n1;2;3;4\n").header == ["Note", "Note (2)", "column 3", "Note (3)"]


def test_formula_like_cells_stay_text() -> None:
    body = "texte;note\n=1+1;5\n@SUM(A1);4\n-2;+3\n"
    assert [row[0] for row in rows_of(body)[0]] == ["=1+1", "@SUM(A1)", "-2"]


def test_excels_own_separator_line_is_obeyed() -> None:
    assert rows_of("sep=|\r\na|b\r\n1;x|2\r\n") == ([["1;x", "2"]], [])


def test_a_single_column_may_hold_any_separator() -> None:
    assert rows_of("texte\nbonjour, toi; et\n") == ([["bonjour, toi; et"]], [])


def test_a_header_alone_has_no_rows() -> None:
    assert rows_of("texte;note\n") == ([], [])


@pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf", b"\n\n", b" \r\n"])
def test_an_empty_file_is_an_error(body: bytes) -> None:
    with pytest.raises(ParseError, match=r"empty|no rows"):
        open_table(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<!doctype html><html>", "web page"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\x00\x01\x02\x03\x04\x05" * 40, "binary"),
        (b"PAR1 and nothing more", "Parquet"),
        (b"PK\x03\x04 and nothing more", "workbook"),
        (b"\xd0\xcf\x11\xe0 and nothing more", "workbook"),
        (b"{}\n", "JSON"),
        (b"[]", "JSON"),
    ],
)
def test_what_is_no_table_is_named(body: bytes, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        open_table(body)
    assert caught.value.permanent


def test_a_cell_of_100_000_characters_is_read() -> None:
    assert len(str(rows_of(f"texte;note\n{'é' * 100_000};5\n")[0][0][0])) == 100_000


@pytest.mark.parametrize("head", [b"texte;note\n", b'{"texte": "bien"}\n{"texte": "'])
def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(head: bytes) -> None:
    with pytest.raises(ParseError, match="a line is longer than"):
        list(open_table(head + b"x" * (17 << 20)).rows([]))


def test_a_workbook_gives_numbers_dates_and_texts() -> None:
    body = workbook(
        [],
        ["Avis", "Note", "Le"],
        [" bien ", 4, datetime(2026, 5, 3, 10, 30)],
        [None, None, None],
        ["ok", 5.5, None],
    )
    table = open_table(body)
    assert table.header == ["Avis", "Note", "Le"]
    assert list(table.rows([])) == [(3, ["bien", 4, datetime(2026, 5, 3, 10, 30)]), (5, ["ok", 5.5, None])]


def test_the_first_sheet_that_is_not_empty_is_read_unless_one_is_named() -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Avis").append(["texte"])
    book["Avis"].append(["bien"])
    book.create_sheet("Autre").append(["autre"])
    out = io.BytesIO()
    book.save(out)
    assert rows_of(out.getvalue())[0] == [["bien"]]
    assert open_table(out.getvalue(), sheet="Autre").header == ["autre"]
    with pytest.raises(SourceError, match="no sheet") as caught:
        open_table(out.getvalue(), sheet="Non")
    assert "Avis" in caught.value.remedy


def test_a_title_above_the_table_is_not_its_header() -> None:
    table = open_table(workbook(["Export du 12 mai"], [], ["texte", "note"], ["bien", 4]))
    assert table.header == ["texte", "note"]
    assert list(table.rows([])) == [(4, ["bien", 4])]


def test_an_empty_workbook_is_an_error() -> None:
    with pytest.raises(ParseError, match="empty"):
        open_table(workbook())


def test_parquet_gives_its_values_and_leaves_nested_columns_out() -> None:
    table = open_table(
        parquet(
            text=[" bien ", "", None], stars=[5, 4, None], tags=[["a"], [], None], score=[1.5, float("nan"), None]
        )
    )
    assert table.header == ["text", "stars", "score"]
    assert [list(cells) for _, cells in table.rows([])] == [["bien", 5, 1.5], [None, 4, None], [None, None, None]]
    assert "tags" in table.notes[0]


def test_json_lines_name_what_is_broken_and_go_on() -> None:
    lines = [
        '{"text": "a", "author": {"name": "x"}, "tags": [1]}',
        "nope",
        "[1]",
        "",
        '{"text": "b\\u0000\\ud800"}',
    ]
    table = open_table("\n".join(lines).encode())
    faults: list[Fault] = []
    assert table.header == ["text", "author.name"]
    assert list(table.rows(faults)) == [(1, ["a", "x"]), (5, ["b?", None])]
    assert [fault.item for fault in faults] == ["line 2", "line 3"]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_list_of_objects_is_a_table(indent: int | None) -> None:
    assert rows_of(json.dumps([{"text": "a"}, {"text": "b"}], indent=indent)) == ([["a"], ["b"]], [])


def test_a_table_can_be_read_again() -> None:
    table = open_table(b"a;b\n1;2\n3;4\n")
    assert list(table.rows([])) == list(table.rows([])) == [(2, ["1", "2"]), (3, ["3", "4"])]


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot open") as caught:
        open_table(tmp_path / "none.csv")
    assert caught.value.remedy


def test_an_unknown_charset_says_so() -> None:
    with pytest.raises(SourceError, match="no text encoding"):
        open_table(b"a;b\n", encoding="martian")


def test_standard_input_is_a_file_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    class Standard:
        buffer = io.BytesIO(b"a;b\n1;2\n")

    monkeypatch.setattr("sys.stdin", Standard())
    assert list(read_table("-")) == [{"a": "1", "b": "2"}]


def test_a_first_row_of_numbers_is_remarked_on() -> None:
    assert "taken for the header" in open_table(b"bien;5\nmal;1\n").notes[-1]
    assert len(open_table(b"texte;note\nmal;1\n").notes) == 1


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(2, 12),
    broken=st.integers(0, 11),
    delimiter=st.sampled_from(";,\t"),
    quoted=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_one_open_quotation_mark_never_merges_rows(
    size: int, broken: int, delimiter: str, quoted: bool, newline: str
) -> None:
    mark = '"' if quoted else ""
    rows = [[str(number), f"{mark}avis {number}{mark}", "4"] for number in range(size)]
    broken %= size
    rows[broken][1] = f'"avis {broken}'
    lines = [delimiter.join(row) for row in [["id", "texte", "note"], *rows]]
    found, faults = rows_of(newline.join(lines) + newline)
    assert [row[0] for row in found] == [str(number) for number in range(size) if number != broken]
    assert faults == [f"line {broken + 2}"]


@settings(max_examples=40, deadline=None)
@given(
    widths=st.lists(st.integers(1, 6), min_size=1, max_size=10),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_row_is_given_or_named(widths: list[int], newline: str) -> None:
    lines = [";".join(["x"] * width) for width in widths]
    found, faults = rows_of(newline.join(["a;b;c", *lines]) + newline, delimiter=";")
    assert len(found) == widths.count(3)
    assert faults == [f"line {number}" for number, width in enumerate(widths, 2) if width != 3]
