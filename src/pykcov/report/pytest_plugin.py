"""pytest --pykcov: count what each test executes, and report at the end.

pykcov_pytest, which pytest imports in every run, defines the options and calls begin(). In a
distributed run each worker is a process with its own session. All count into the same data file;
the controller reports when they have ended.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pykcov.errors import PykcovError
from pykcov.instrumentation import session
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.selection import Selection
from pykcov.instrumentation.session import instrument_selected
from pykcov.measure import children, collector, datafile
from pykcov.measure import config as configuration
from pykcov.measure.config import Config
from pykcov.measure.erase import begin_anew
from pykcov.measure.unexecuted import never_executed
from pykcov.progress import progress
from pykcov.report import KINDS, coveragepy, lines
from pykcov.symbols.store import SymbolStore

TERMINAL = ("term", "term-missing")
TYPES = (*TERMINAL, "html", "xml", "json", "lcov")
LEFT_OUT, USED, FAILURES = "pykcov_left_out", "pykcov_used", "pykcov_failures"  # sent by workers


def begin(early: pytest.Config) -> None:
    """Instrument and count from now on, in this process."""
    options = early.known_args_namespace
    try:
        reports = [_report(text) for text in options.pykcov_report or ["term"] if text]
        children.leave()  # a distributed run's worker, which has joined the controller
        config = _config(early.rootpath, options.pykcov, options.pykcov_config)
        if options.pykcov_fail_under is not None:
            config.fail_under = options.pykcov_fail_under
        config.branch |= options.pykcov_branch
        plugin = Plugin(early, config, reports, anew=not options.pykcov_append)
    except PykcovError as error:
        raise pytest.UsageError(f"pykcov: {error}") from None
    early.pluginmanager.register(plugin, "_pykcov")


def _report(text: str) -> tuple[str, str]:
    kind, _, to = text.partition(":")
    if kind not in TYPES or (kind in TERMINAL and to not in ("", "skip-covered")):
        raise PykcovError(
            "usage", f"--pykcov-report {text}: TYPE[:DEST] is expected, TYPE: {', '.join(TYPES)}"
        )
    return kind, to or ("" if kind in TERMINAL else KINDS[kind][1])


def _config(root: Path, sources: list[str], rcfile: str) -> Config:
    """Return the settings in rootdir, wherever pytest was started, with `sources` in force."""
    config = configuration.read(root, rcfile)

    def pattern(text: str) -> str:
        return text if text.startswith(("*", "?", "/")) else f"{root}/{text}"

    for key in ("include", "omit", "report_include", "report_omit"):
        setattr(config, key, list(map(pattern, getattr(config, key))))
    config.source = [str(root / name) if (root / name).is_dir() else name for name in config.source]
    config.source_dirs = [str(root / name) for name in config.source_dirs]
    if all(sources):
        config.source, config.source_dirs, config.source_pkgs = sources, [], []
    # Made absolute now: a test may change the working directory.
    config.source = [
        str(Path(name).absolute()) if Path(name).is_dir() else name for name in config.source
    ]
    config.data = str(root / config.data)
    return config


class Plugin:
    """The plugin of one session in one process."""

    def __init__(
        self, pytest_config: pytest.Config, config: Config, reports: list[tuple[str, str]],
        anew: bool,
    ) -> None:  # fmt: skip
        self.pytest_config, self.config, self.reports, self.anew = (
            pytest_config, config, reports, anew,
        )  # fmt: skip
        self.process = os.getpid()
        self.left_out: dict[str, str] = {}  # files without probes, and why
        self.text: list[str] = []
        self.failures: list[str] = []
        store = SymbolStore()
        session.progress = progress
        selection = Selection(
            config.folders(), config.include, config.omit, packages=config.source_pkgs
        )
        self.handle = instrument_selected(
            selection,
            store,
            Options(by_line=True, branch=config.branch, exclude=tuple(config.exclude)),
        )
        ends: dict[str, Any] = {
            "every": config.save_every,
            "patch": config.patch,
            "sigterm": config.sigterm,
        }
        try:
            collector.start(Path(config.data), store, wanted=self.handle.files.__contains__, **ends)
        except BaseException:
            self.handle.undo()
            raise
        if config.processes:
            children.announce(Path(config.data), **ends)

    # -- the session ------------------------------------------------------------------------------

    def _is_worker(self) -> bool:
        return hasattr(self.pytest_config, "workerinput")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Remove the data file of the last run, before there are workers."""
        if self.anew and not self._is_worker() and not self.pytest_config.option.collectonly:
            try:
                begin_anew(datafile.DataFile(Path(self.config.data)))
            except PykcovError as error:
                raise pytest.UsageError(
                    f"pykcov: {error}; --pykcov-append would add to it instead"
                ) from None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count setup, call and teardown under the test's context, and code between tests under
        none."""
        collector.switch(item.nodeid.encode(errors="backslashreplace").decode())
        try:
            return (yield)
        finally:
            collector.switch("")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the last counts, and report. xdist's controller gets here after its workers."""
        if os.getpid() != self.process:
            return  # a forked child came back through pytest; it saves when it ends
        try:
            collector.stop()
            self.left_out.update(self.handle.left_out)
            if not self._is_worker():
                self._list_the_rest()
        except PykcovError as error:
            self.failures.append(str(error))
        children.conceal()
        if self._is_worker():
            told: dict[str, Any] = self.pytest_config.workeroutput  # type: ignore[attr-defined]
            told[LEFT_OUT], told[FAILURES] = self.left_out, self.failures
            told[USED] = sorted(self.handle.selection.used)
            return
        if session.config.option.collectonly:
            return
        with _directory(session.config.invocation_params.dir):
            try:
                self._report()
            except (PykcovError, OSError) as error:
                self.failures.append(str(error))
        if self.failures and session.exitstatus in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker sent; one that crashed sends nothing."""
        told = getattr(node, "workeroutput", None) or {}
        self.left_out.update(told.get(LEFT_OUT, {}))
        self.handle.selection.used.update(told.get(USED, ()))
        self.failures += told.get(FAILURES, ())

    def pytest_report_header(self) -> list[str]:
        """Return the notes on where the settings come from."""
        return [f"pykcov: {note}" for note in self.config.notes]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the report and the failures."""
        if self.text or self.failures:
            terminalreporter.write_sep("=", "pykcov")
        for line in self.text:
            terminalreporter.write_line(line)
        for line in dict.fromkeys(self.failures):
            terminalreporter.write_line(f"pykcov: {line}", red=True, bold=True)

    def pytest_unconfigure(self) -> None:
        """Undo everything in this process: it goes on if it called pytest.main()."""
        if os.getpid() == self.process:
            with contextlib.suppress(PykcovError):
                collector.stop()  # where there was no session
            children.conceal()
            self.handle.undo()

    def _list_the_rest(self) -> None:
        """Add the source files that were never executed to the data."""
        file = datafile.DataFile(Path(self.config.data))
        namespaces = self.config.include_namespace_packages
        file.write(never_executed(self.handle.selection, namespaces, file))

    # -- the report -------------------------------------------------------------------------------

    def _report(self) -> None:
        config = self.config
        files = lines.by_file(datafile.DataFile(Path(config.data)).read())
        self.text += lines.left_out(files)
        self.text += [f"left out {path}: {why}" for path, why in self.left_out.items()]
        files = lines.current(files)
        reports = coveragepy.Reports(config, files)
        complaints = self.handle.selection.complaints()
        if not reports.files:
            self.text.append("none of the selected code was executed")
            self.failures += complaints
            if config.fail_under > 0:
                self.failures.append(f"0 % is less than {config.fail_under:g} %")
            return
        total = None
        for kind, to in self.reports:
            if kind in TERMINAL:
                config.show_missing |= kind == "term-missing"
                config.skip_covered |= to == "skip-covered"
                text, total = reports.text()
                self.text += text.splitlines()
            else:
                total = getattr(reports, kind)(Path(to))
                self.text.append(f"wrote {to}")
        if config.fail_under > 0:
            if total is None:
                _, total = reports.text()
            if (short := coveragepy.shortfall(total, config)) is not None:
                self.failures.append(short)
        self.text += [*complaints, *reports.notes]


@contextlib.contextmanager
def _directory(folder: Path) -> Iterator[None]:
    """Work in the folder pytest was started in; a test may have left and even removed its own."""
    try:
        before = Path.cwd()
    except OSError:
        before = folder
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
