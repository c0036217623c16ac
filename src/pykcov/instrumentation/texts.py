"""Texts get their probes: from the cache, or by rewriting them, which fills the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from types import CodeType

from pykcov.errors import PykcovError, own_bug, warn_once
from pykcov.instrumentation import importer
from pykcov.instrumentation.cache import Cache
from pykcov.instrumentation.entry import pack
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.rewriter import Rewriter
from pykcov.instrumentation.select import absolute
from pykcov.instrumentation.stamps import NONE
from pykcov.instrumentation.unit import Text, Unit, probes_of
from pykcov.store import SymbolStore


@dataclass(eq=False)
class Texts:
    """files: number of blocks, by path, of what was given probes. left_out: why a file or some of
    its code has none, by path."""

    store: SymbolStore
    options: Options
    cache: Cache
    files: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    _mark: object = field(default_factory=object)

    def rewrite(self, code: CodeType, path: str, source: bytes) -> CodeType | None:
        """Return a module's `code` with probes, or None, having noted why it is left out."""
        return self._rewrite(code, path, source, NONE)

    def _rewrite(self, code: CodeType, path: str, source: bytes, stamp: bytes) -> CodeType | None:
        text = Text(path, code.co_filename, source, importer.optimize_level(), stamp)
        # The text's hash alone does not tell: a stale .pyc has other code, in constants maybe only.
        if (rewriter := self._warm(text)) is not None and rewriter.whole == code:
            new = rewriter(code)
            if new is not None and not rewriter.strange:
                if stamp != NONE:
                    self.cache.restamp(self._file_of(text), stamp)
                return new
        rewriter = self._cold(text, lambda: code)
        return rewriter(code) if rewriter else None

    def _file(self, path: str, filename: str, optimize: int) -> str:
        return self.cache.file(path, filename, optimize, self.options.variant)

    def _file_of(self, text: Text) -> str:
        return self._file(text.path, text.filename, text.optimize)

    def _warm(self, text: Text) -> Rewriter | None:
        """Return what the cache has for a text."""
        file = self._file_of(text)
        entry = self.cache.get(file, digest=sha256(text.source).digest())
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
        """Rewrite a text, and put it into the cache."""
        path = text.path
        try:
            unit = Unit(path, text.source, compiled(), text.optimize, self.options)
            rewriter = unit.rewriter(self.store, self._mark)
            self._keep(text, unit.code, rewriter)
        except PykcovError as error:
            self.left_out[path] = str(error)
            warn_once(error, f"{path} runs without probes, and so may other files")
        except (SyntaxError, ValueError) as error:
            self.left_out[path] = f"its source does not compile: {error}"
        except Exception as error:
            self.left_out[path] = f"pykcov failed on it: {error!r}"
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
        file = self._file(path, filename, importer.optimize_level())
        entry = self.cache.get(file, stamp=stamp)
        if entry is None:
            return None
        try:
            code = entry.code(probes_of(self.store, entry.first, entry.blocks), self._mark)
        except ValueError:
            return None
        self.files[path] = entry.blocks
        return code
