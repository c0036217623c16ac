"""Workloads over mocks."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("unittest.mock")
def mocks() -> object:
    import asyncio
    import collections
    import types
    from unittest import mock

    class Service:
        rate = 5

        def __init__(self, size: int) -> None:
            self.size = size

        def call(self, a: int, b: int = 2) -> int:
            return a + b

        async def wait(self) -> None: ...

        @staticmethod
        def tool(x: int) -> int:
            return x

        @property
        def prop(self) -> int:
            return 1

    plain: Any = mock.Mock(name="demo", return_value=3, side_effect=None,
                           **{"deep.value.return_value": 7})
    plain(1, k=2)
    plain.child.method("x").more(y=[1])
    plain.deep.value()
    seen: list[object] = [plain.mock_calls, plain.method_calls, plain.call_args.kwargs,
                          plain.called, plain.call_count, plain.deep.value(),
                          plain.child is plain.child]
    plain.assert_called_once_with(1, k=2)
    plain.assert_has_calls([mock.call(1, k=2), mock.call.child.method("x").more(y=mock.ANY)],
                           any_order=True)
    plain.assert_any_call(1, k=2)
    wrong = (("assert_called_with", 5), ("assert_not_called",), ("assert_any_call", 9),
             ("assert_has_calls", [mock.call(7)]), ("assert_called_once_with", 2), ("assrt_x",),
             ("assert_nope",))
    errors = []
    for name, *args in wrong:
        errors.append(error(lambda name=name, args=args: getattr(plain, name)(*args)))
    plain.side_effect = [1, KeyError("k"), mock.DEFAULT]
    seen += [plain(), error(plain), plain(), error(plain)]
    plain.side_effect = lambda *args: args
    seen += [plain(5, 6)]
    plain.configure_mock(rate=9)
    plain.attach_mock(mock.Mock(), "attached")
    plain.attached(1)
    del plain.rate
    errors += [error(lambda: plain.rate), error(mock.Mock(spec=["a"]).__getattr__, "b"),
               error(setattr, mock.Mock(spec_set=Service), "none", 1)]
    plain.reset_mock(return_value=True, side_effect=True)
    magic: Any = mock.MagicMock()
    magic.__len__.return_value = 4
    magic.__iter__.return_value = iter([1, 2])
    magic.__getitem__.side_effect = {"k": "v"}.__getitem__
    magic.__enter__.return_value = "entered"
    with magic as inside:
        seen += [inside, len(magic), list(magic), magic["k"], int(magic), bool(magic),
                 magic == magic, 3 in magic, str(magic)[:10]]
    magic.__str__ = lambda self: "shown"
    seen += [str(magic), hash(magic) != 0, magic.__class__.__name__,
             [str(c) for c in magic.mock_calls][:3]]
    spec: Any = mock.create_autospec(Service)
    instance = spec(3)
    instance.call(1, b=3)
    instance.tool(2)
    errors += [error(spec), error(instance.call), error(instance.call, 1, 2, 3),
               error(lambda: instance.nothing), error(instance.call.assert_called_once_with, 9),
               isinstance(instance, Service)]
    function: Any = mock.create_autospec(lambda a, *, b=1: a)
    function(1, b=2)
    function.assert_called_once_with(1, b=2)
    errors += [error(function, 1, 2), error(mock.create_autospec, spec),
               error(function.assert_not_called)]
    target: Any = types.SimpleNamespace(value=1, table={"a": 1}, Service=Service)
    with mock.patch.object(target, "value", 5), mock.patch.dict(
        target.table, {"b": 2}, c=3
    ), mock.patch.object(target, "Service", autospec=True) as patched:
        patched(1)
        seen += [target.value, sorted(target.table), patched.call_count]
    with mock.patch.multiple(
        "json.decoder", scanstring=5, NaN=mock.DEFAULT
    ) as several, mock.patch("json.decoder.JSONArray") as array:
        import json.decoder

        seen += [json.decoder.scanstring, sorted(several), json.decoder.JSONArray is array]

    @mock.patch.object(target, "table", new_callable=dict)
    @mock.patch.object(target, "value")
    def decorated(value: Any, table: Any) -> object:
        return target.value is value, target.table is table

    @mock.patch.dict("os.environ", {"DEMO": "1"}, clear=False)
    class Tests:
        def test_it(self) -> object:
            import os

            return os.environ["DEMO"]

    patcher = mock.patch.object(Service, "prop", new_callable=mock.PropertyMock, return_value=8)
    patcher.start()
    seen += [decorated(), Tests().test_it(), Service(1).prop, patcher.stop() is None,
             Service(1).prop, mock.patch.stopall()]
    errors += [error(mock.patch("json.nothing.x").start),
               error(mock.patch.object(target, "none").start), error(mock.patch, "plain"),
               error(patcher.stop), error(mock.patch.object, "text", "x")]
    opener = mock.mock_open(read_data="one\ntwo\n")
    with opener("name") as handle:
        seen += [handle.readline(), list(handle), handle.read()]
    seen += [opener("x").readlines(), opener.call_count, mock.sentinel.thing is mock.sentinel.thing,
             repr(mock.sentinel.thing), mock.ANY == 5, repr(mock.ANY)]
    sealed: Any = mock.Mock()
    sealed.known = 1
    mock.seal(sealed)
    errors += [error(lambda: sealed.unknown), error(sealed)]
    wrapped: Any = mock.Mock(wraps=collections.deque([1, 2]))
    seen += [wrapped.pop(), wrapped.append(9), mock.call(1) == mock.call(1, k=1),
             repr(mock.call.a.b(1)), mock.call.a(1).b().call_list(), mock.NonCallableMock().called]

    async def main() -> list[object]:
        waits: Any = mock.AsyncMock(return_value=5, side_effect=[1, KeyError, 2])
        out: list[object] = [await waits(1)]
        try:
            await waits()
        except KeyError:
            out.append("raised")
        out += [await waits(), waits.await_count, waits.await_args_list[0],
                asyncio.iscoroutinefunction(waits) if sys.version_info < (3, 14) else True]
        waits.assert_awaited()
        waits.assert_any_await(1)
        waits.assert_has_awaits([mock.call(1)])
        out += [error(waits.assert_awaited_once), error(waits.assert_awaited_with, 5),
                error(waits.assert_not_awaited), error(waits.assert_awaited_once_with, 1)]
        waits.reset_mock()
        auto: Any = mock.create_autospec(Service, instance=True)
        await auto.wait()
        several: Any = mock.MagicMock()
        several.__aiter__.return_value = [1, 2]
        out.append([item async for item in several])
        async with several as inside:
            out.append(inside is not None)
        return out

    seen += asyncio.run(main())
    return (
        repr(seen).split(" id=")[0],
        [str(item).split(" id=")[0] for item in seen if " id=" not in str(item)], errors
    )
