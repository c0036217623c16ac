"""gRPC: an interceptor for grpc.server(). The one for grpc.aio is in pykcov.marks.grpc_aio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import grpc

from pykcov.device.sections import Section
from pykcov.marks.starting import KEY, idle, publish, start, stop

_KINDS = {
    (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
    (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
    (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
    (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
}


class ServerInterceptor(grpc.ServerInterceptor):  # type: ignore[misc]
    """Marks the calls whose metadata has a handle under `key`.

    A call's section begins when the method is called. It is published before each message of the
    response, and before the status; between the messages of a stream it is suspended.
    """

    def __init__(self, key: str = KEY) -> None:
        self._key = key.lower()

    def intercept_service(
        self, continuation: Callable[[Any], Any], handler_call_details: Any
    ) -> Any:
        handler = continuation(handler_call_details)
        value = value_of(handler_call_details, self._key)
        return handler if handler is None or idle(value) else rebuilt(handler, value, behavior)


def value_of(details: Any, key: str) -> str | bytes | None:
    """Return what the metadata of a call has under `key`."""
    for name, value in details.invocation_metadata or ():
        if name == key:
            found: str | bytes = value
            return found
    return None


def rebuilt(handler: Any, value: object, mark: Callable[[Any, bool, object], Any]) -> Any:
    """Return a handler like `handler`, whose method is mark(method, streams, value)."""
    name, make = _KINDS[handler.request_streaming, handler.response_streaming]
    return make(
        mark(getattr(handler, name), handler.response_streaming, value),
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def behavior(plain: Callable[..., Any], streams: bool, value: object) -> Callable[..., Any]:
    """Return the synchronous method `plain` of a service with its mark."""

    @wraps(plain)
    def call(request: Any, context: Any) -> Any:
        section = start(value)
        if section is None:
            return plain(request, context)
        over = True
        try:
            found = plain(request, context)
            if streams:
                over = False
                return _messages(iter(found), section)
            return found
        finally:
            stop(section) if over else section.leave()

    return call


def _messages(items: Iterator[Any], section: Section) -> Iterator[Any]:
    """Yield a response's messages: produced in the section, sent outside of it."""
    try:
        while True:
            with section.inside():
                try:
                    item = next(items)
                except StopIteration:
                    return
            publish(section)
            yield item
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            with section.inside():
                close()
        stop(section)
