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
    """Marks the messages whose option `kcov_handle` is a handle. A message that is sent from within
    a section, and has no such option, gets the section's handle.

    A message's section covers its actor. Add this middleware last: then the section is published
    before the Results middleware stores the result.
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
        """The actor has returned or raised."""
        section = _current.get()
        if section is not None:
            _current.set(None)
            stop(section)

    def after_skip_message(self, broker: Broker, message: Any) -> None:
        """Another middleware has kept the actor from running."""
        self.after_process_message(broker, message)
