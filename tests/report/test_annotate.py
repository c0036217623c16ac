"""Which characters belong to which block, and how a terminal shows it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.made import PROGRAM, annotated, run

from pykcov.cli.main import main
from pykcov.errors import PykcovError
from pykcov.measure.datafile import DataFile
from pykcov.report.annotate import terminal
from pykcov.report.annotate.source import HEATS, Annotated, Columns, Source, decode, heat
from pykcov.report.contexts import in_contexts

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


def counts(source: Source) -> str:
    """The count of each character, by its last digit; a blank without one."""
    lines = []
    for line in source.lines:
        own = ""
        for piece in line.pieces:
            sign = " " if piece.block is None else str(source.blocks[piece.block].count)
            own += sign * len(piece.text)
        lines.append(own)
    return "\n".join(lines)


@given(TEXT, TEXT, TEXT)
def test_columns_of_bytes_become_columns_of_characters(a: str, b: str, c: str) -> None:
    line = a + b + c
    columns = Columns([line])
    start, end = len(a.encode()), len((a + b).encode())
    assert line[columns.characters(1, start) : columns.characters(1, end)] == b
    assert columns.characters(1, len(line.encode()) + 5) == len(line)


def test_a_column_within_a_character_is_the_next_ones() -> None:
    assert [Columns(["é日x"]).characters(1, column) for column in range(7)] == [0, 1, 1, 2, 2, 2, 3]


@given(
    st.lists(TEXT, min_size=1, max_size=4).map("\n".join),
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9), st.integers(1, 4), st.integers(0, 9),
                       st.integers(0, 3)), max_size=6),
)  # fmt: skip
def test_the_pieces_are_the_text_whatever_the_blocks(
    text: str, spans: list[tuple[int, int, int, int, int]]
) -> None:
    source = annotated("# coding: utf-8\n" + text, {span[:4]: span[4] for span in spans})
    assert "\n".join(line.text for line in source.lines) == (
        "# coding: utf-8\n" + text
    ).removesuffix("\n")
    assert {p.block for line in source.lines for p in line.pieces} - {None} == set(
        range(len(source.blocks))
    )
    for line in source.lines:
        assert all(piece.text for piece in line.pieces)


def test_the_innermost_block_has_a_character() -> None:
    text = "x = [abc for é in defg]"
    source = annotated(text, {(1, 0, 1, 24): 1, (1, 5, 1, 8): 7, (1, 4, 1, 24): 3})
    assert counts(source) == "11113777333333333333333"


def test_the_order_of_blocks_does_not_matter_and_the_shorter_of_two_that_overlap_wins() -> None:
    spans = {(1, 0, 1, 6): 1, (1, 4, 1, 8): 2, (1, 8, 1, 10): 4, (1, 7, 1, 9): 3}
    assert counts(annotated("abcdefghij", spans)) == "1111222344"
    assert counts(annotated("abcdefghij", dict(reversed(spans.items())))) == "1111222344"


def test_blocks_of_one_range_count_as_the_one_executed_most() -> None:
    data = "finally"
    source = annotated(data, {(1, 0, 1, 7): 2, (1, 0, 1, 99): 0})
    assert counts(source) == "2222222"
    assert not source.missing


def test_what_holds_the_executed_only_seems_not_executed() -> None:
    assert counts(annotated("f(a, b)", {(1, 0, 1, 7): 0, (1, 2, 1, 3): 5})) == "  5    "


def test_a_block_of_many_lines_leaves_out_what_stands_around_their_text() -> None:
    source = annotated("f(a,\n\n  b) \n", {(1, 0, 3, 5): 1})
    assert counts(source) == "1111\n\n  11 "
    assert [line.hits for line in source.lines] == [1, None, None]


def test_a_text_is_decoded_as_the_compiler_does_it() -> None:
    assert decode(b"\xef\xbb\xbfa\r\nb\rc\x0cd\n") == "a\nb\nc\x0cd\n"
    assert decode("# coding: latin-1\né".encode("latin-1")) == "# coding: latin-1\né"
    with pytest.raises((SyntaxError, ValueError)):
        decode(b"# coding: nonsense\n")


def test_heat_rises() -> None:
    assert [heat(count) for count in (0, 1, 2, 9, 10, 99_999, 10**9)] == [0, 1, 2, 2, 3, 6, 7]
    assert heat(HEATS[-1]) == len(HEATS)


@given(st.integers(0, 10**20))
def test_a_short_count_is_short(count: int) -> None:
    assert len(terminal.short(count)) <= 4


def test_carets_stand_below_wide_characters_and_tabs() -> None:
    text = "\tif 日本 and é: pass"
    source = annotated(text, {(1, 4, 1, 10): 12, (1, 15, 1, 17): 0})
    assert list(terminal.plain(source)) == [
        " hits line | source",
        "   12    1 |         if 日本 and é: pass",
        "           |            ~~~~     ^",
        "           |            12       0",
    ]


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 10**5)), min_size=1, max_size=6))
def test_each_count_is_below_its_mark_or_hangs_there(pieces: list[tuple[int, int]]) -> None:
    spans, at = {(1, 0, 1, 1): 0}, 1
    for length, count in pieces:
        spans[1, at, 1, at + length] = count
        at += length
    marks, *rows = [row[13:].ljust(at + 5) for row in terminal.plain(annotated("x" * at, spans))][
        2:
    ]
    for (_, start, _, _), count in spans.items():
        assert marks[start] in "^~-"
        column = [row[start:] for row in rows]
        reached = next(n for n, row in enumerate(column) if row[0] != "|")
        assert column[reached].split(" ")[0] == terminal.short(count)
        assert reached == 0 or rows[reached][start - 1] in " |", "it begins there"


def test_a_line_of_very_many_counts_has_few_rows() -> None:
    spans = {(1, n, 1, n + 1): 10 + n % 5 for n in range(3000)} | {(1, 3000, 1, 3001): 0}
    assert len(list(terminal.plain(annotated("x" * 3001, spans)))) < 20


def test_what_would_move_the_cursor_is_drawn_as_a_sign() -> None:
    assert terminal.drawn("\f\x1b[31m\x9b\u202e\x7f", 0) == ("␌␛[31m��␡", 9)


def test_colour_is_for_terminals_that_want_it() -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert terminal.in_colour(Tty(), {})
    assert not terminal.in_colour(Tty(), {"NO_COLOR": "1"})
    assert not terminal.in_colour(Tty(), {"TERM": "dumb"})
    assert not terminal.in_colour(io.StringIO(), {})
    source = annotated("a and b", {(1, 0, 1, 1): 3, (1, 6, 1, 7): 0})
    _, line = terminal.coloured(source)
    assert line.endswith("a and \033[4;31mb\033[0m")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("program"), PROGRAM)


def not_executed(source: Source, line: str) -> list[str]:
    (found,) = [one for one in source.lines if line in one.text]
    return [
        piece.text
        for piece in found.pieces
        if piece.block is not None and not source.blocks[piece.block].count
    ]


@pytest.mark.slow
def test_half_of_a_line_that_was_not_executed(program: Path) -> None:
    source = Annotated(DataFile(program.with_name(".pykcov")).read()).source(program)
    assert not_executed(source, "if a and b") == []
    assert "".join(not_executed(source, "[x * 2")) == "x * 2"
    assert not_executed(source, "assert number") == ['"no"']
    assert not_executed(source, "with contextlib") == []
    assert not_executed(source, "except ValueError") == ["-1"]
    assert not_executed(source, "except KeyError") == []
    assert "".join(not_executed(source, "return a or b")) == "return a or b"
    assert "".join(line.text + "\n" for line in source.lines) == PROGRAM


@pytest.mark.slow
def test_windows_lines_and_another_encoding(tmp_path: Path) -> None:
    text = "# coding: latin-1\r\ndef f(é): return 'é' and é or 'ü'\r\nf(0)\r\n"
    path = run(tmp_path, text.encode("latin-1"))
    source = Annotated(DataFile(tmp_path / ".pykcov").read()).source(path)
    assert not_executed(source, "def f") == []
    assert [line.text for line in source.lines] == text.split("\r\n")[:-1]


@pytest.mark.slow
def test_a_context_of_several(tmp_path: Path) -> None:
    text = "import sys\nx = 1 if len(sys.argv) > 3 else 2\n"
    path = run(tmp_path, text, context="one")
    run(tmp_path, text, context="two")
    measured = DataFile(tmp_path / ".pykcov").read()
    assert Annotated(measured).source(path).lines[0].hits == 2
    assert Annotated(in_contexts(measured, ["^one$"])).source(path).lines[0].hits == 1
    for contexts, slug in ((["three"], "context-unknown"), (["("], "contexts-bad")):
        with pytest.raises(PykcovError) as raised:
            in_contexts(measured, contexts)
        assert raised.value.slug == slug


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["annotate", *map(str, words)])
        return (int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.mark.slow
def test_the_command(tmp_path: Path, command: Command) -> None:
    path = run(tmp_path, "a = 0\nb = 1 if a else 2\n")
    data = ("--data", tmp_path / ".pykcov")
    status, out, told = command(path, *data)
    assert status == 0
    assert out.splitlines()[1] == "    1    1 | a = 0"
    assert out.splitlines()[3].split("|")[1] == " ~   ^    ~      ~"
    assert "1 of " in told
    status, _, told = command(*data)
    assert (status, told[-8:]) == (1, "[usage]\n")
    other = tmp_path / "other.py"
    assert f"there is no file {other} [source-unreadable]" in command(other, *data)[2]
    other.touch()
    assert command(other, *data)[2].endswith("[file-unmeasured]\n")
    path.write_text("a = 1\n", encoding="utf-8")
    status, out, told = command(path, *data)
    assert (status, out) == (1, "")
    assert told.count("\n") == 1
    assert told.endswith("[source-changed]\n")
    assert command("--html", tmp_path / "html", *data)[0] == 1
    assert not (tmp_path / "html").exists()
    path.unlink()
    assert command(path, *data)[2].endswith("[source-unreadable]\n")


@pytest.mark.slow
def test_a_member_of_an_archive(tmp_path: Path, command: Command) -> None:
    archive, text = tmp_path / "app.pyz", "a = 0\nb = 1 if a else 2\n"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("__main__.py", "import part\n")
        made.writestr("part.py", text)
    data = tmp_path / "data"
    python = [sys.executable, "-m", "pykcov"]
    source = ["--include", f"{archive}/*"]
    subprocess.run([*python, "run", "--data", data, *source, archive], check=True, cwd=tmp_path)
    status, out, told = command(archive / "part.py", "--data", data)
    assert (status, out.splitlines()[2]) == (0, "    1    2 | b = 1 if a else 2"), told
    status, _, told = command(archive / "none.py", "--data", data)
    assert (status, "there is no file" in told) == (1, True)
    assert command("--html", tmp_path / "html", "--data", data)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
                                    {"PYTHONIOENCODING": "ascii"}])  # fmt: skip
@pytest.mark.parametrize("name", [b"\xc3\xa9.py", b"\xff.py"])
def test_names_and_texts_in_any_locale(tmp_path: Path, name: bytes, locale: dict[str, str]) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    Path(os.fsdecode(path)).write_text("a = 'é日'\nb = a and 1\n", encoding="utf-8")
    env = {**os.environ, **locale}
    python = [sys.executable, "-m", "pykcov"]
    words: list[str | bytes] = [*python, "run", "--data", "data", name]
    subprocess.run(words, check=True, cwd=tmp_path, env=env)
    for what in ([name], ["--html", "html"]):
        words = [*python, "annotate", "--data", "data", *what]
        done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert b"left out" not in done.stderr
