"""Instruments source files, using cached bytecode where it is valid."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from types import CodeType

from pykcov.errors import PykcovError, own_bug, warn_once
from pykcov.instrumentation.cache.cache import Cache
from pykcov.instrumentation.cache.entry import pack
from pykcov.instrumentation.cache.stamps import NONE
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.probed_code import Rewriter
from pykcov.instrumentation.recompile import is_compiled_from
from pykcov.instrumentation.selection import absolute
from pykcov.instrumentation.unit import Text, Unit, probes_of
from pykcov.symbols.store import SymbolStore


@dataclass(eq=False)
class Texts:
    """files: by path, the number of blocks in files that were instrumented."""

    store: SymbolStore
    options: Options
    cache: Cache
    files: dict[str, int] = field(default_factory=dict)
    _left_out: dict[str, str] = field(default_factory=dict)
    _mark: object = field(default_factory=object)

    def __post_init__(self) -> None:
        self._variant = self.options.variant  # for code as the compiler made it

    @property
    def left_out(self) -> dict[str, str]:
        """Why a file or some of its code has no probes, by path."""
        return self._left_out

    def leave_out(self, path: str, why: str) -> None:
        """Note why a file or some of its code has no probes."""
        self._left_out[path] = why

    def rewrite(self, code: CodeType, path: str, source: bytes) -> CodeType | None:
        """Return a module's `code` with probes; or note why it is left out, and return None."""
        return self._rewrite(code, path, source, NONE)

    def rewrite_loaded(
        self, code: CodeType, path: str, source: bytes, vouched: bool
    ) -> CodeType | None:
        """Return `code` with probes, if something other than importlib's loaders made it from the
        source. It may be changed only if the module's loader vouches for it. None as rewrite()."""
        text = Text(path, code.co_filename, source, sys.flags.optimize)
        changed = text._replace(changed=True)
        for one in (text, changed) if vouched else (text,):
            if (new := self._known(one, code)) is not None:
                return new
        if not is_compiled_from(code, source, text.optimize):
            if not vouched:
                self.leave_out(
                    path, "other code than that of its source was executed under its name"
                )
                return None
            text = changed
        rewriter = self._cold(text, lambda: code)
        return rewriter(code) if rewriter else None

    def _rewrite(self, code: CodeType, path: str, source: bytes, stamp: bytes) -> CodeType | None:
        text = Text(path, code.co_filename, source, sys.flags.optimize, stamp)
        if (new := self._known(text, code)) is not None:
            return new
        rewriter = self._cold(text, lambda: code)
        return rewriter(code) if rewriter else None

    def _known(self, text: Text, code: CodeType) -> CodeType | None:
        """Return `code` with probes, if the cache has it."""
        # The source's hash is not enough: a stale .pyc has other code, perhaps only in constants.
        if (rewriter := self._warm(text)) is None or not rewriter.is_of(code):
            return None
        new = rewriter(code)
        if new is None or rewriter.strange:
            return None
        if text.stamp != NONE:
            self.cache.restamp(self._file_of(text), text.stamp)
        return new

    def _file_of(self, text: Text) -> str:
        variant = text.variant(self.options)
        return self.cache.file(text.path, text.filename, text.optimize, variant)

    def _warm(self, text: Text) -> Rewriter | None:
        """Return what the cache has for a source file."""
        file = self._file_of(text)
        entry = self.cache.get(file, sha256(text.source).digest())
        if entry is None:
            return None
        probes = probes_of(self.store, entry.first, entry.blocks)
        try:
            rewriter = Rewriter.cached(entry, probes, self._mark, self.options)
        except ValueError:
            return None
        self.files[text.path] = entry.blocks
        return rewriter

    def _cold(self, text: Text, compiled: Callable[[], CodeType]) -> Rewriter | None:
        """Rewrite a source file's code, and put it into the cache."""
        path = text.path
        try:
            variant = text.variant(self.options)
            unit = Unit(path, text.source, compiled(), text.optimize, self.options, variant)
            rewriter = unit.rewriter(self.store, self._mark)
            self._keep(text, unit.code, rewriter)
        except PykcovError as error:
            self.leave_out(path, str(error))
            warn_once(error, f"{path} runs without probes, and so may other files")
        except (SyntaxError, ValueError) as error:
            self.leave_out(path, f"its source does not compile: {error}")
        except Exception as error:
            self.leave_out(path, f"pykcov failed on it: {error!r}")
            own_bug("instrument-failed", f"cannot instrument {path}")
        else:
            self.files[path] = unit.blocks
            return rewriter
        return None

    def _keep(self, text: Text, code: CodeType, rewriter: Rewriter) -> None:
        if self.cache.trouble or (new := rewriter(code)) is None:
            return
        digest = sha256(text.source).digest()
        data = pack(new, rewriter.first, rewriter.probes, digest, text.stamp)
        if data is not None:
            file = self._file_of(text)
            self.cache.put(file, data, rewriter.given)

    def _cached(self, filename: str, stamp: bytes) -> CodeType | None:
        path = absolute(filename)
        entry = self.cache.stamped(path, filename, sys.flags.optimize, self._variant, stamp)
        if entry is None:
            return None
        try:
            code = entry.code(probes_of(self.store, entry.first, entry.blocks), self._mark)
        except ValueError:
            return None
        self.files[path] = entry.blocks
        return code
