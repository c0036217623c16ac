"""dramatiq: a middleware."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from dramatiq import Broker, Message, Middleware

from pykcov.device.sections import Section
from pykcov.marks.starting import hand_on, start, stop

OPTION = "kcov_handle"  # of a message
_current: ContextVar[Section | None] = ContextVar("pykcov_dramatiq_section", default=None)


class KcovMiddleware(Middleware):
    """Marks the messages that have the option `kcov_handle`, and gives it to those that are sent by
    code in a section, if they have none.

    A message's section has what its actor executes, and is published before the result is stored if
    this is the last middleware that is added to the broker.
    """

    def before_enqueue(self, broker: Broker, message: Message[Any], delay: int) -> None:
        """A message is sent."""
        hand_on(message.options.__setitem__, message.options, OPTION)

    def before_process_message(self, broker: Broker, message: Any) -> None:
        """An actor begins, on this thread."""
        _current.set(start(message.options.get(OPTION)))

    def after_process_message(
        self, broker: Broker, message: Any, *, result: Any = None, exception: Any = None
    ) -> None:
        """It has returned or raised."""
        section = _current.get()
        if section is not None:
            _current.set(None)
            stop(section)

    def after_skip_message(self, broker: Broker, message: Any) -> None:
        """It was not to run."""
        self.after_process_message(broker, message)
