"""HOST: the answer of a system call that is the host's to do."""

from __future__ import annotations

import enum
from typing import Final


class Host(enum.Enum):
    """A type of one value."""

    HOST = "the host does the call"


HOST: Final = Host.HOST
