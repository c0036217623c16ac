"""Reports made by coverage.py itself, from what pykcov has measured."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pykcov.errors import PykcovError
from pykcov.instrumentation.exclude import PRAGMA
from pykcov.instrumentation.selection import Selection
from pykcov.measure.config import Config
from pykcov.measure.unexecuted import to_be_found
from pykcov.report import lcov
from pykcov.report.lines import FileLines

# Prefix of a regular expression that should match def, class and decorator lines only.
_HEAD = r"^(?=[ \t]*(?:@|(?:async[ \t]+)?def\b|class\b)).*?"

if TYPE_CHECKING:
    from coverage import Coverage


def shortfall(total: float, config: Config) -> str | None:
    """Return a message if `total`, in percent, is below `fail_under`, else None. As in coverage.py,
    100 means everything, and decimals of `fail_under` count.

    Raises PykcovError config-bad if `fail_under` is not a percentage.
    """
    least = config.fail_under
    if not 0 <= least <= 100:
        raise PykcovError("config-bad", f"--fail-under must be from 0 to 100, not {least:g}")
    digits = max(config.precision, len(f"{least:g}".partition(".")[2]))
    if not (total < 100 if least == 100 else round(total, digits) < least):
        return None
    shown = f"{total:.{digits}f}"
    while float(shown) >= least:  # rounded up
        digits += 1
        shown = f"{total:.{digits}f}"
    return f"{shown} % is less than {least:g} %"


def _coverage() -> Any:
    try:
        import coverage
        import coverage.exceptions
    except ImportError:
        raise PykcovError(
            "coverage-missing", "reports need coverage.py: pip install 'pykcov[report]'"
        ) from None
    return coverage


def _told(file: FileLines, context: str, branches: bool) -> Collection[Any]:
    """Return a file's lines, or arcs, as coverage.py stores them: an executed line is an arc from
    itself to itself."""
    lines = file.lines[context]
    if not branches:
        return lines
    return {(line, line) for line in lines} | (file.arcs or {}).get(context, {}).keys()


class Reports:
    """Reports on `files`, by path, and on all files of `sources`, imported or not.

    Each report returns the total percentage. notes: remarks for the user. All reports raise
    PykcovError: coverage-missing, data-empty, report-failed, and OSError if they can't be written;
    the constructor raises PykcovError: source-missing.
    """

    def __init__(
        self, config: Config, files: dict[str, FileLines], sources: Iterable[str] = ()
    ) -> None:
        selection = Selection((), config.report_include, config.report_omit)
        self.config = config
        self.files = {path: file for path, file in files.items() if selection.narrows_to(path)}
        listed = to_be_found(sources, config.include_namespace_packages)
        self.others = set(filter(selection.narrows_to, listed))
        self.notes = selection.complaints()

    def coverage(self, to: Path) -> None:
        """Write a .coverage file: lines by context, and the files that were never executed.

        With relative_files, paths below the working directory are made relative to it, as
        coverage.py does.
        """
        if not self.files and not self.others:
            raise self._empty()
        self._write(to, self.config.relative_files)

    def _write(self, to: Path, relative: bool) -> None:
        data = _coverage().CoverageData(basename=str(to))

        def named(file: str) -> str:
            below = relative and Path(file).is_relative_to(Path.cwd())
            return str(Path(file).relative_to(Path.cwd())) if below else file

        branches = any(file.arcs is not None for file in self.files.values())
        add = data.add_arcs if branches else data.add_lines
        contexts = sorted({context for file in self.files.values() for context in file.lines})
        for context in contexts:
            data.set_context(context)
            having = [file for file in self.files.values() if context in file.lines]
            add({named(file.path): _told(file, context, branches) for file in having})
        all_files = sorted(map(named, self.others | self.files.keys()))
        if contexts:
            data.touch_files(all_files)
        else:
            add({path: [] for path in all_files})  # touch_files() refuses empty data
        data.write()
        data.close()

    def _empty(self) -> PykcovError:
        return PykcovError(
            "data-empty",
            f"there is nothing to report in {self.config.data}: none of the selected code was "
            "executed, or all of it has changed since",
        )

    @contextmanager
    def _loaded(self) -> Iterator[Coverage]:
        coverage, config = _coverage(), self.config
        self._leave_out_unreadable()
        with tempfile.TemporaryDirectory(prefix="pykcov-") as folder:
            path = Path(folder) / ".coverage"
            self._write(path, relative=False)
            made = coverage.Coverage(data_file=str(path), config_file=False)
            for name, value in config.others.items():
                made.set_option(name, value)
            plain = made.get_option("report:exclude_lines")
            excluded = [*(config.exclude_lines or plain), *config.exclude_also]
            excluded += [PRAGMA, *(f"{_HEAD}(?:{pattern})" for pattern in config.exclude)]
            made.set_option("report:exclude_lines", excluded)
            for name in (
                "ignore_errors", "precision", "show_missing", "skip_covered", "skip_empty", "sort",
            ):  # fmt: skip
                made.set_option(f"report:{name}", getattr(config, name))
            made.load()
            try:
                with warnings.catch_warnings(record=True) as told:
                    warnings.simplefilter("always", coverage.exceptions.CoverageWarning)
                    yield made
                texts = dict.fromkeys(str(one.message) for one in told)
                self.notes += [text for text in texts if text not in self.notes]
            except coverage.exceptions.NoDataError:
                raise self._empty() from None
            except coverage.exceptions.CoverageException as error:
                raise PykcovError("report-failed", f"coverage.py: {error}") from None
            finally:
                with contextlib.suppress(Exception):
                    made.get_data().close()

    def _leave_out_unreadable(self) -> None:
        """Leave out files in archives that coverage.py can't read (.pyz), with a note: it would
        fail on them."""
        from coverage.exceptions import NoSource
        from coverage.python import get_python_source

        for path in [path for path in self.files if not os.path.exists(path)]:  # noqa: PTH110
            try:
                get_python_source(path)
            except (NoSource, OSError) as error:
                del self.files[path]
                self.notes.append(f"left out {path}, which coverage.py can't read: {error}")

    def text(self, form: str = "text") -> tuple[str, float]:
        """Return the table, and the total percentage. form: text, markdown or total."""
        out = io.StringIO()
        with self._loaded() as coverage:
            total = coverage.report(file=out, output_format=form)
        return out.getvalue(), total

    def html(self, to: Path, title: str | None = None) -> float:
        """Write coverage.py's pages into the folder `to`."""
        with self._loaded() as coverage:
            return coverage.html_report(
                directory=str(to),
                show_contexts=any(file.lines.keys() - {""} for file in self.files.values()),
                title=title,
            )

    def xml(self, to: Path) -> float:
        """Write a Cobertura file; `-` is stdout."""
        with self._loaded() as coverage:
            return float(coverage.xml_report(outfile=str(to)))

    def json(
        self, to: Path, pretty_print: bool | None = None, show_contexts: bool | None = None
    ) -> float:
        """Write coverage.py's JSON; `-` is stdout."""
        with self._loaded() as coverage:
            return coverage.json_report(
                outfile=str(to), pretty_print=pretty_print, show_contexts=show_contexts
            )

    def lcov(self, to: Path) -> float:
        """Write an lcov file with hit counts, which coverage.py's does not have; `-` is stdout."""
        with tempfile.TemporaryDirectory(prefix="pykcov-") as folder:
            plain = Path(folder) / "lcov"
            with self._loaded() as coverage:
                total = float(coverage.lcov_report(outfile=str(plain)))
            lines = plain.read_text(encoding="utf-8").splitlines()
        out = [f"{record}\n" for record in lcov.counted(lines, self.files)]
        if str(to) == "-":
            sys.stdout.writelines(out)
        else:
            to.write_text("".join(out), encoding="utf-8")
        return total
