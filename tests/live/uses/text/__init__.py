"""Workloads over text, its patterns, encodings and markup."""

from __future__ import annotations

from ..registry import merged
from . import coding, dom, markup, patterns, words

USES = merged(coding, dom, markup, patterns, words)
