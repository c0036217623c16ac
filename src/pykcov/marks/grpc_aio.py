"""gRPC for asyncio: an interceptor for servers of grpc.aio."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Any

from grpc import aio

from pykcov.device.inside import outside
from pykcov.device.sections import Section
from pykcov.marks import grpc as threads
from pykcov.marks.starting import KEY, idle, publish, start, stop


class ServerInterceptor(aio.ServerInterceptor):  # type: ignore[misc]
    """Marks the calls whose metadata has a handle under `key`, as pykcov.marks.grpc does.

    Methods may be coroutines, with or without context.write(), asynchronous generators, or plain
    functions, which the server runs in threads.
    """

    def __init__(self, key: str = KEY) -> None:
        self._key = key.lower()

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> Any:
        handler = await continuation(handler_call_details)
        value = threads.value_of(handler_call_details, self._key)
        if handler is None or idle(value):
            return handler
        return threads.rebuilt(handler, value, _behavior)


def _behavior(plain: Callable[..., Any], streams: bool, value: object) -> Callable[..., Any]:
    """Return a method of the same kind, as the server looks at it to know how to call it."""
    if inspect.isasyncgenfunction(plain):
        return _generator(plain, value)
    if inspect.iscoroutinefunction(plain):
        return _coroutine(plain, value)
    return threads.behavior(plain, streams, value)


def _coroutine(plain: Callable[..., Any], value: object) -> Callable[..., Any]:
    @wraps(plain)
    async def call(request: Any, context: Any) -> Any:
        section = start(value)
        if section is None:
            return await plain(request, context)
        try:
            return await plain(request, _Context(context, section))
        finally:
            stop(section)

    return call


def _generator(plain: Callable[..., Any], value: object) -> Callable[..., Any]:
    @wraps(plain)
    async def call(request: Any, context: Any) -> AsyncIterator[Any]:
        section = start(value)
        if section is None:
            async for item in plain(request, context):
                yield item
            return
        section.leave()
        items = plain(request, _Context(context, section))
        try:
            while True:
                with section.inside():
                    try:
                        item = await anext(items)
                    except StopAsyncIteration:
                        return
                publish(section)
                yield item
        finally:
            try:
                with section.inside():
                    await items.aclose()
            finally:
                stop(section)

    return call


class _Context:
    """A call's context, whose write() and abort(), which sends the status, publish first."""

    def __init__(self, plain: Any, section: Section) -> None:
        self._plain, self._section = plain, section

    async def write(self, message: Any) -> None:
        publish(self._section)
        with outside():
            await self._plain.write(message)

    async def abort(self, *args: Any, **kwargs: Any) -> None:
        publish(self._section)
        with outside():
            await self._plain.abort(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)
