"""Any program does with probes what it does without: result, output, tracebacks, trace events."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.monitored import events
from tests.unit.programs import programs
from tests.unit.rewritten import ALL_OPTIONS, check_rewritten, rewrite_text
from tests.unit.running import same, warm

from pykcov.instrumentation.options import Options
from pykcov.symbols.store import SymbolStore

EXAMPLES = 400 if os.environ.get("PYKCOV_SOAK") else 20
STORE = SymbolStore(Path(tempfile.mkdtemp(prefix="pykcov-test-")) / "symbols.sqlite")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", ALL_OPTIONS, ids=lambda options: options.variant)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_a_program_does_the_same(options: Options, text: str) -> None:
    plain, new = rewrite_text(text, STORE, options)
    if not options.prune:
        assert check_rewritten(plain, new) > 1
    same(plain, new)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has no sys.monitoring")
@pytest.mark.parametrize("warmed", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("comparisons", [False, True], ids=["blocks", "comparisons"])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_a_program_is_monitored_the_same(comparisons: bool, warmed: bool, text: str) -> None:
    plain, new = rewrite_text(text, STORE, Options(comparisons=comparisons))
    if warmed:
        warm(plain)
        warm(new)
    assert events(new) == events(plain) != []
