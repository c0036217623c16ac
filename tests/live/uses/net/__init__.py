"""Workloads over protocols and mail, with scripted peers instead of a network."""

from __future__ import annotations

from ..registry import merged
from . import calls, clients, headers, messages, mime, serving, transfers, urls, web

USES = merged(calls, clients, headers, messages, mime, serving, transfers, urls, web)
