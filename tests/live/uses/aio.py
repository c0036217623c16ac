"""Workloads over asyncio and concurrent.futures, on a loop whose clock jumps instead of waiting."""

from __future__ import annotations

import sys

from .registry import Uses, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Any

USES = Uses()


def run(main: Callable[[], Coroutine[Any, Any, Any]], pure: bool = False) -> Any:
    """Run a coroutine function; timers fire in order at once, so that no path depends on a clock.

    With `pure`, tasks and futures are those of the .py files.
    """
    import asyncio
    import selectors
    from asyncio import futures, tasks

    now = 1000.0

    class Instant(selectors.SelectSelector):
        def select(self, timeout: float | None = None) -> Any:
            nonlocal now
            ready = super().select(0)
            if not ready and timeout is None:
                ready = super().select(None)
            elif not ready and timeout is not None:
                now += timeout
            return ready

    class Loop(asyncio.SelectorEventLoop):
        def time(self) -> float:
            return now

        def create_future(self) -> Any:
            return futures._PyFuture(loop=self) if pure else super().create_future()  # type: ignore[attr-defined]

    def make() -> Any:
        loop: Any = Loop(Instant())
        if pure:
            loop.set_task_factory(lambda loop, coro, **kwargs: tasks._PyTask(coro, loop=loop, **kwargs))  # type: ignore[attr-defined]
        return loop

    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(main())


async def failed(call: Callable[[], Any]) -> str:
    """Name the exception that awaiting raises, or that making the awaitable does."""
    try:
        await call()
    except BaseException as exc:  # cancellation is no Exception
        return type(exc).__name__
    return "no error"


@USES.of("asyncio.locks")
def locks() -> object:
    import asyncio

    async def main() -> list[object]:
        log: list[object] = []
        lock, event, condition = asyncio.Lock(), asyncio.Event(), asyncio.Condition()
        room, bounded, gate = asyncio.Semaphore(2), asyncio.BoundedSemaphore(1), asyncio.Barrier(3)

        async def locked(name: str, wait: float) -> None:
            async with lock:
                log.append((name, lock.locked()))
                await asyncio.sleep(wait)

        async def waiting(name: str) -> None:
            async with condition:
                await condition.wait_for(lambda: "go" in log)
                log.append(name)

        async def entering(name: str) -> None:
            async with room:
                await asyncio.sleep(1)
            log.append((name, await gate.wait()))

        tasks = [asyncio.create_task(locked(f"l{n}", n)) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        waits = [asyncio.create_task(waiting(f"w{n}")) for n in range(2)]
        setter = asyncio.create_task(event.wait())
        await asyncio.sleep(0)
        log.append("go")
        async with condition:
            condition.notify()
            condition.notify_all()
        event.set()
        await asyncio.gather(*waits, setter)
        event.clear()
        await asyncio.gather(*(entering(f"e{n}") for n in range(3)))
        async with room:
            log.append((room.locked(), gate.n_waiting, gate.parties, gate.broken))
        stuck = asyncio.create_task(gate.wait())
        blocked = asyncio.create_task(bounded.acquire())
        second = asyncio.create_task(bounded.acquire())
        await asyncio.sleep(0)
        second.cancel()
        await gate.reset()
        log.append(await failed(lambda: stuck))
        await gate.abort()
        log += [await failed(gate.wait), gate.broken, await blocked, await failed(lambda: second)]
        bounded.release()
        log += [error(bounded.release), error(lock.release), error(condition.notify), error(asyncio.Semaphore, -1), error(asyncio.Barrier, 0)]
        log += [await failed(condition.wait), repr(lock).split("[")[1], repr(event).split("[")[1], repr(room).split("[")[1], repr(gate).split("[")[1]]
        timed = asyncio.create_task(asyncio.wait_for(event.wait(), 5))
        log.append(await failed(lambda: timed))
        async with condition:
            late = asyncio.create_task(condition.acquire())
            await asyncio.sleep(0)
            late.cancel()
            log.append(await failed(lambda: asyncio.wait_for(condition.wait(), 1)))
        log.append(await failed(lambda: late))
        return log

    return repr(run(main))


@USES.of("asyncio.queues")
def queues() -> object:
    import asyncio

    async def main() -> list[object]:
        queue: Any = asyncio.Queue(2)
        log: list[object] = []

        async def produce() -> None:
            for number in range(5):
                await queue.put(number)
                log.append(("put", number, queue.qsize()))

        async def consume() -> None:
            while True:
                log.append(await queue.get())
                queue.task_done()

        consumer = asyncio.create_task(consume())
        await produce()
        await queue.join()
        consumer.cancel()
        log.append(await failed(lambda: consumer))
        log += [error(queue.get_nowait), queue.put_nowait(1), queue.put_nowait(2), error(queue.put_nowait, 3), queue.full(), queue.empty(), queue.maxsize]
        putting = asyncio.create_task(queue.put(4))
        await asyncio.sleep(0)
        putting.cancel()
        log += [await failed(lambda: putting), repr(queue).split("maxsize")[1], str(queue).split("maxsize")[1]]
        order: Any = asyncio.PriorityQueue()
        stack: Any = asyncio.LifoQueue()
        for item in (3, 1, 2):
            order.put_nowait(item)
            stack.put_nowait(item)
        log += [[await order.get() for _ in range(3)], [await stack.get() for _ in range(3)], error(asyncio.Queue().task_done)]
        if hasattr(queue, "shutdown"):
            getting = asyncio.create_task(order.get())
            await asyncio.sleep(0)
            order.shutdown()
            log.append(await failed(lambda: getting))
            queue.shutdown(immediate=True)
            log += [await failed(queue.get), await failed(lambda: queue.put(1)), error(queue.get_nowait)]
        return log

    return repr(run(main))


@USES.of("asyncio.taskgroups")
def task_groups() -> object:
    import asyncio

    async def main() -> list[object]:
        log: list[object] = []

        async def work(name: str, wait: float, raising: type[BaseException] | None = None) -> str:
            try:
                await asyncio.sleep(wait)
                if raising:
                    raise raising(name)
            finally:
                log.append(name)
            return name

        async with asyncio.TaskGroup() as group:
            first = group.create_task(work("a", 2), name="named")
            group.create_task(work("b", 1))
            shown = repr(group).split("(")[0]
        log += [first.result(), first.get_name(), shown]

        async def objects(name: str) -> None:
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                raise OSError(name) from None

        # A group keeps its tasks in a set, whose order is by address: those that an abort finds
        # there are alike.
        bodies: tuple[tuple[type[BaseException] | None, tuple[Any, ...]], ...] = (
            (None, (work("fails", 1, ValueError), objects("also"))),
            (KeyError, (objects("one"), objects("two"))),
            (asyncio.CancelledError, (work("x", 9), work("y", 9))),
            (asyncio.CancelledError, (objects("only"),)),
        )
        for body, coroutines in bodies:
            try:
                async with asyncio.TaskGroup() as group:
                    for each in coroutines:
                        group.create_task(each)
                    await asyncio.sleep(0)
                    if body:
                        raise body
            except BaseExceptionGroup as exc:
                log.append(sorted(type(e).__name__ for e in exc.exceptions))
            except BaseException as exc:
                log.append(type(exc).__name__)
        outer = asyncio.create_task(nested(work))
        await asyncio.sleep(0.5)
        outer.cancel()
        log.append(await failed(lambda: outer))
        coroutine = work("unused", 0)
        log.append(error(asyncio.TaskGroup().create_task, coroutine))
        coroutine.close()
        coroutine = work("late", 0)
        log.append(error(group.create_task, coroutine))
        coroutine.close()
        log.append(await failed(group.__aenter__))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(work("exit", 1, SystemExit))
        except BaseException as exc:
            log.append(type(exc).__name__)
        return log

    async def nested(work: Any) -> None:
        import asyncio

        async with asyncio.TaskGroup() as outer:
            outer.create_task(work("outer", 3))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(work("inner", 2))

    try:
        return repr(run(main))
    except SystemExit as exc:
        return "left by " + str(exc)


@USES.of("asyncio.timeouts")
def timeouts() -> object:
    import asyncio

    async def main() -> list[object]:
        log: list[object] = []
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5) as limit:
            await asyncio.sleep(1)
            limit.reschedule(loop.time() + 3)
            log += [limit.when() is not None, limit.expired(), repr(limit).split(" ")[0]]
        for seconds in (1, 0, -1):
            try:
                async with asyncio.timeout(seconds) as limit:
                    await asyncio.sleep(9)
            except TimeoutError as exc:
                log += [type(exc.__cause__).__name__, limit.expired(), repr(limit)]
        async with asyncio.timeout(None) as limit, asyncio.timeout_at(loop.time() + 9):
            log.append(limit.when())
        try:
            async with asyncio.timeout(2), asyncio.timeout(1):
                await asyncio.sleep(5)
        except TimeoutError:
            log.append("inner")
        try:
            async with asyncio.timeout(9):
                raise KeyError
        except KeyError:
            log.append("through")
        log += [error(limit.reschedule, 5), error(asyncio.timeout(1).reschedule, 1), await failed(limit.__aenter__)]
        return log

    return repr(run(main))


@USES.of("asyncio.futures")
def pure_futures() -> object:
    import asyncio
    from asyncio import futures
    from concurrent.futures import Future

    async def main() -> list[object]:
        loop = asyncio.get_running_loop()
        log: list[object] = []
        make: Any = futures._PyFuture  # type: ignore[attr-defined]
        done, broken, cancelled, waiting, odd = (make(loop=loop) for _ in range(5))
        done.add_done_callback(lambda future: log.append(("callback", future.result())))
        gone = log.append
        done.add_done_callback(gone)
        log += [done.remove_done_callback(gone), error(done.result), error(done.exception), done.done(), repr(done)[:24]]
        done.set_result(5)
        broken.set_exception(KeyError("k"))
        cancelled.cancel("message")
        await asyncio.sleep(0)
        log += [await done, done.exception(), error(broken.result), broken.exception(), done.cancel(), cancelled.cancelled(), error(done.set_result, 1), error(done.set_exception, KeyError)]
        log += [await failed(lambda: cancelled), error(waiting.set_exception, 5), error(odd.set_exception, StopIteration), odd.done() and repr(odd.exception()), repr(broken), repr(cancelled), done.get_loop() is loop]
        try:
            cancelled.exception()
        except asyncio.CancelledError as exc:
            log.append(str(exc))
        thread: Any = Future()
        wrapped = futures.wrap_future(thread, loop=loop)
        thread.set_result(9)
        log += [await wrapped, futures.wrap_future(done) is done, futures.isfuture(done), futures.isfuture(5), error(futures.wrap_future, 5)]
        back: Any = Future()
        source = make(loop=loop)
        futures._chain_future(source, back)  # type: ignore[attr-defined]
        source.set_exception(asyncio.TimeoutError("t"))
        await asyncio.sleep(0)
        log += [type(back.exception()).__name__, error(futures._chain_future, 5, back), error(futures._chain_future, back, 5)]  # type: ignore[attr-defined]
        stopped, copy = Future[int](), make(loop=loop)
        futures._chain_future(stopped, copy)  # type: ignore[attr-defined]
        copy.cancel()
        await asyncio.sleep(0)
        log += [stopped.cancelled(), futures._get_loop(copy) is loop]  # type: ignore[attr-defined]
        waiting.set_result(None)
        return log

    return repr(run(main, pure=True))


@USES.of("asyncio.tasks")
def pure_tasks() -> object:
    import asyncio
    from asyncio import tasks

    async def main() -> list[object]:
        log: list[object] = []
        loop = asyncio.get_running_loop()

        async def work(name: str, wait: float, raising: type[BaseException] | None = None) -> str:
            await asyncio.sleep(wait)
            if raising:
                raise raising(name)
            return name

        async def stubborn() -> str:
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError as exc:
                task: Any = asyncio.current_task()
                log.append((str(exc), task.cancelling(), task.uncancel()))
            return "survived"

        async def yields(value: Any) -> None:
            class Awaitable:
                def __await__(self) -> Any:
                    yield value

            await Awaitable()

        task = asyncio.create_task(work("a", 1), name="task a")
        log += [task.get_name(), task.done(), repr(task).split(" coro")[0], len(task.get_stack()), task.get_coro() is not None]
        task.set_name("renamed")
        task.add_done_callback(lambda task: log.append("callback"))
        await asyncio.sleep(0)
        import io

        text = io.StringIO()
        task.print_stack(limit=1, file=text)
        log += [text.getvalue().count("sleep") > 0, len(task.get_stack(limit=1)), await task, error(task.set_result, 1), error(task.set_exception, KeyError())]
        hard = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        hard.cancel("stop it")
        log += [await hard, hard.cancelled()]
        gathered = asyncio.gather(work("g1", 2), work("g2", 1), work("g3", 1, KeyError), return_exceptions=True)
        log += [[str(result) for result in await gathered], await failed(lambda: asyncio.gather(work("x", 1, OSError), work("y", 2))), await asyncio.gather()]
        inner = asyncio.gather(work("c1", 5), work("c2", 5))
        await asyncio.sleep(0)
        inner.cancel()
        log.append(await failed(lambda: inner))
        # What wait returns are sets, filled in an order by address: all that it finds are alike.
        for when in (asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION):
            several = [asyncio.create_task(work(f"w{n}", 1)) for n in (1, 2, 3)]
            done, pending = await asyncio.wait(several, timeout=9, return_when=when)
            log.append((len(done), len(pending)))
        done, pending = await asyncio.wait([asyncio.create_task(work("e", 1, KeyError))], return_when=asyncio.FIRST_EXCEPTION)
        log.append([type(each.exception()).__name__ for each in done])
        timed, left = await asyncio.wait([asyncio.create_task(work("slow", 9))], timeout=1)
        log += [len(timed), len(left), await failed(lambda: asyncio.wait([])), await failed(lambda: asyncio.wait([task], return_when="x"))]
        for each in left:
            each.cancel()
        # Tasks are awaited in the order of a set of them, but these finish at different times.
        for future in asyncio.as_completed([asyncio.create_task(work("second", 2)), asyncio.create_task(work("first", 1))], timeout=5):
            log.append(await future)
        for future in asyncio.as_completed([asyncio.create_task(work("too late", 9))], timeout=1):
            log.append(await failed(lambda future=future: future))
        log += [await asyncio.wait_for(work("f", 1), 5), await failed(lambda: asyncio.wait_for(work("l", 5), 1)), await asyncio.wait_for(work("n", 1), None)]
        log += [await failed(lambda: asyncio.wait_for(work("z", 5), 0)), await asyncio.wait_for(task, 0)]
        guarded = asyncio.create_task(work("guarded", 2))
        shield = asyncio.shield(guarded)
        shield.cancel()
        log += [await failed(lambda: shield), await guarded, await asyncio.shield(guarded)]
        log += [await failed(lambda value=value: asyncio.create_task(yields(value))) for value in (5, [], None, (x for x in "a"))]
        log += [error(asyncio.ensure_future, 5), await asyncio.ensure_future(Awaits()), error(tasks._PyTask, 5, loop=loop)]  # type: ignore[attr-defined]
        log += [asyncio.current_task() is not None, await asyncio.sleep(0, "result"), error(asyncio.gather, guarded, 5), error(asyncio.as_completed, guarded)]
        thread = tasks.run_coroutine_threadsafe(work("safe", 1), loop)
        await asyncio.sleep(2)
        log += [thread.result(), error(tasks.run_coroutine_threadsafe, 5, loop), await failed(lambda: asyncio.create_task(work("kb", 0, ValueError)))]
        if sys.version_info >= (3, 12):
            eager: Any = tasks.create_eager_task_factory(tasks._PyTask)(loop, finished())  # type: ignore[attr-defined]
            log += [eager.done(), eager.result()]
        if sys.version_info >= (3, 13):
            async for each in asyncio.as_completed([work("async for", 1)]):
                log.append(await each)
        return log

    async def finished() -> str:
        return "finished"

    class Awaits:
        def __await__(self) -> Any:
            return finished().__await__()

    return repr(run(main, pure=True))


@USES.of("asyncio.base_events")
def event_loops() -> object:
    import asyncio

    async def generate() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            log.append("generator closed")

    log: list[object] = []

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        handle = loop.call_later(2, log.append, "later")
        loop.call_soon(log.append, "soon")
        loop.call_soon_threadsafe(log.append, "threadsafe")
        loop.call_at(loop.time() + 1, log.append, "at")
        cancelled = [loop.call_later(50 + n, log.append, "never") for n in range(120)]
        for each in cancelled:
            each.cancel()
        shown: list[str] = []
        loop.set_exception_handler(lambda loop, context: shown.append(context["message"].split("<")[0]))
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(3)
        loop.call_exception_handler({"message": "by hand"})
        log.append((shown, handle.cancelled(), handle.when() > 0, loop.get_debug(), loop.is_running(), repr(loop)[:5], loop.get_exception_handler() is not None))
        iterator = generate()
        log.append(await anext(iterator))
        kept.append(iterator)
        loop.set_debug(True)
        loop.slow_callback_duration = 1e9
        loop.call_soon(log.append, "debugged")
        await asyncio.sleep(0)
        loop.set_debug(False)
        log.extend([error(loop.call_later, None, len), error(loop.set_task_factory, 5), error(loop.set_exception_handler, 5), loop.get_task_factory()])
        coroutine = asyncio.sleep(0)
        log.append(error(loop.run_until_complete, coroutine))
        coroutine.close()
        log.append([await failed(lambda: loop.create_connection(None)), await failed(lambda: loop.create_server(None)), await failed(lambda: loop.create_connection(None, "h", 1, sock=5))])
        log.append([await failed(lambda: loop.sendfile(5, None)), error(loop.set_default_executor, 5), await failed(lambda: loop.create_datagram_endpoint(None))])

    async def broken() -> None:
        loop: Any = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: 1 / 0)
        import logging

        logging.disable(logging.CRITICAL)
        loop.call_exception_handler({"message": "handler fails"})
        loop.set_exception_handler(None)
        loop.call_exception_handler({"message": "default", "future": None, "source_traceback": ()})
        logging.disable(logging.NOTSET)
        raise KeyError

    kept: list[Any] = []
    run(main)
    log.append(error(run, broken))
    loop = asyncio.new_event_loop()
    loop.call_soon(loop.stop)
    loop.run_forever()
    log += [loop.run_until_complete(asyncio.sleep(0, "done")), loop.run_until_complete(loop.shutdown_asyncgens()), loop.is_closed(), loop.close(), error(loop.call_soon, len), error(loop.run_forever)]
    return repr(log)


@USES.of("asyncio.selector_events")
def socket_transports() -> object:
    import asyncio
    import os
    import socket
    import tempfile

    async def main() -> list[object]:
        loop: Any = asyncio.get_running_loop()
        log: list[object] = []

        class Echo(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def data_received(self, data: bytes) -> None:
                log.append(data[:5])
                self.transport.write(data.upper()[:5])

            def eof_received(self) -> bool:
                log.append("eof")
                return False

            def connection_lost(self, exc: object) -> None:
                log.append("lost")

        class Buffered(asyncio.BufferedProtocol):
            def get_buffer(self, sizehint: int) -> bytearray:
                return self.__dict__.setdefault("buffer", bytearray(8))  # type: ignore[no-any-return]

            def buffer_updated(self, nbytes: int) -> None:
                log.append(bytes(self.__dict__["buffer"][:nbytes]))

        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        transport, protocol = await loop.create_connection(Echo, sock=far)
        await loop.sock_sendall(near, b"hello")
        log.append(await loop.sock_recv(near, 9))
        transport.pause_reading()
        transport.resume_reading()
        transport.set_write_buffer_limits(high=10)
        log += [transport.get_write_buffer_size(), transport.get_write_buffer_limits(), transport.is_reading(), transport.can_write_eof(), transport.get_extra_info("none", "d")]
        transport.write(b"x" * 1_000_000)
        transport.writelines([b"y", b"z"])
        log += [transport.get_write_buffer_size() > 0, error(transport.write, "text"), error(transport.set_write_buffer_limits, 1, 5)]
        got = 0
        while got < 1_000_002:
            got += len(await loop.sock_recv(near, 1 << 20))
        transport.write_eof()
        log.append(await loop.sock_recv(near, 9))
        near.close()
        await asyncio.sleep(1)
        log += [transport.is_closing(), repr(transport)[:25]]
        left, right = socket.socketpair()
        for end in (left, right):
            end.setblocking(False)
        second, _ = await loop.create_connection(Buffered, sock=left)
        await loop.sock_sendall(right, b"into buffer")
        await asyncio.sleep(1)
        buffer = bytearray(4)
        second.write(b"abcd")
        log += [await loop.sock_recv_into(right, buffer), bytes(buffer)]
        second.set_protocol(Echo())
        log += [type(second.get_protocol()).__name__]
        second.abort()
        await asyncio.sleep(1)
        one, two = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
        with tempfile.TemporaryDirectory() as top:
            for number, end in enumerate((one, two)):
                end.setblocking(False)
                end.bind(os.path.join(top, str(number)))
            for here, there in ((one, two), (two, one)):
                here.connect(there.getsockname())

        class Packets(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                log.append(data)

        packets, _ = await loop.create_datagram_endpoint(Packets, sock=one)
        packets.sendto(b"out")
        log.append(await loop.sock_recv(two, 9))
        two.send(b"packet")
        await asyncio.sleep(1)
        log += [error(packets.sendto, "text"), packets.sendto(b"bye")]
        packets.close()
        await asyncio.sleep(0)
        loop.add_reader(right, log.append, "readable")
        log += [loop.remove_reader(right), loop.remove_writer(right), loop.remove_reader(right)]
        for end in (right, two):
            end.close()
        return log

    return repr(run(main))


@USES.of("asyncio.streams")
def streams() -> object:
    import asyncio
    import socket

    async def main() -> list[object]:
        log: list[object] = []
        reader = asyncio.StreamReader(limit=16)
        reader.feed_data(b"line one\nsecond|third")
        log += [await reader.readline(), await reader.readuntil(b"|"), await reader.read(2), await reader.readexactly(3), repr(reader)[:14]]
        waiting = asyncio.create_task(reader.readline())
        await asyncio.sleep(0)
        log.append(await failed(lambda: reader.read(1)))
        reader.feed_data(b"ta")
        reader.feed_data(b"il\n")
        log.append(await waiting)
        reader.feed_data(b"z" * 40)
        log += [await failed(lambda: reader.readuntil(b"!")), await failed(reader.readline), await failed(lambda: reader.readuntil(b"")), await failed(lambda: reader.readexactly(-1))]
        reader.feed_eof()
        log += [await failed(lambda: reader.readexactly(99)), await reader.read(), reader.at_eof(), await reader.read(0), await reader.readline(), [line async for line in reader]]
        broken = asyncio.StreamReader()
        broken.set_exception(KeyError("k"))
        log += [await failed(broken.read), await failed(broken.readline), broken.exception(), await failed(lambda: broken.readexactly(1)), error(asyncio.StreamReader, 0)]
        near, far = socket.socketpair()
        lines, writer = await asyncio.open_connection(sock=near, limit=64)
        other, back = await asyncio.open_connection(sock=far)
        writer.write(b"request\n")
        writer.writelines([b"a", b"b\n"])
        await writer.drain()
        log += [await other.readline(), await other.readline(), writer.can_write_eof(), writer.get_extra_info("none", 5), writer.is_closing()]
        back.write(b"q" * 300)
        await back.drain()
        log.append(len(await lines.readexactly(300)))
        writer.write_eof()
        log.append(await other.read())
        writer.close()
        await writer.wait_closed()
        back.close()
        log += [await failed(back.wait_closed), await failed(writer.drain), repr(writer)[:14], await failed(lambda: asyncio.open_connection("h", 1, sock=near))]
        return log

    return repr(run(main))


@USES.of("asyncio.events")
def handles_and_policies() -> object:
    import asyncio
    from asyncio import events

    log: list[object] = []

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        late, soon = (events.TimerHandle(loop.time() + n, log.append, (n,), loop) for n in (5, 1))
        plain: Any = events.Handle(log.append, ("ran",), loop)
        plain._run()
        log.extend([soon < late, soon <= late, late > soon, late >= soon, soon == late, hash(soon) != 0, repr(late).split(" at")[0][:20], hasattr(plain, "get_context") and plain.get_context() is None])
        plain.cancel()
        late.cancel()
        log.extend([plain.cancelled(), repr(plain), error(soon.__lt__, 5)])
        loop.set_exception_handler(lambda loop, context: log.append(context["message"][:21]))
        events.Handle(lambda: 1 / 0, (), loop)._run()  # type: ignore[attr-defined]
        log.append(events._get_running_loop() is loop)

    run(main)
    base: Any = events.AbstractEventLoop()
    names = ("run_forever", "stop", "is_running", "is_closed", "close", "time", "create_future", "get_debug")
    log += [error(getattr(base, name)) for name in names]
    log += [error(base.call_later, 1, len), error(base.call_soon, len), error(base.add_reader, 1, len), error(base.add_signal_handler, 1, len), error(asyncio.get_running_loop)]
    log += [error(base.call_at, 1, len), error(base.run_until_complete, None), error(base.create_task, None), error(base.set_task_factory, None), error(base.remove_reader, 1)]
    server: Any = events.AbstractServer()
    log += [error(server.close), error(server.get_loop), error(server.is_serving)]
    waits = [base.shutdown_asyncgens, lambda: base.getaddrinfo("h", 1), lambda: base.create_server(len), lambda: base.sock_recv(None, 1), server.start_serving, server.wait_closed]
    for wait in waits:
        coroutine = wait()
        log.append(error(coroutine.send, None))
    return repr(log)


@USES.of("asyncio.runners")
def runners() -> object:
    import asyncio

    async def value(number: int) -> int:
        leftover.append(asyncio.create_task(asyncio.sleep(99)))
        await asyncio.sleep(0)
        return number

    async def nested() -> str:
        coroutine = value(1)
        try:
            return error(asyncio.run, coroutine)
        finally:
            coroutine.close()

    leftover: list[Any] = []
    with asyncio.Runner(debug=False) as runner:
        seen = [runner.run(value(1)), runner.run(value(2)), runner.get_loop().is_running(), error(runner.run, 5)]
    seen += [asyncio.run(value(3)), asyncio.run(nested()), leftover[0].cancelled(), error(runner.get_loop), error(asyncio.run, 5)]
    return repr(seen)


@USES.of("asyncio.staggered")
def staggered_races() -> object:
    import asyncio
    from asyncio import staggered

    async def main() -> list[object]:
        async def attempt(name: str, wait: float, fails: bool = False) -> str:
            await asyncio.sleep(wait)
            if fails:
                raise OSError(name)
            return name

        # Not partials, which are tested for being coroutine functions in other modules.
        calls = [lambda: attempt("slow", 9), lambda: attempt("bad", 1, True), lambda: attempt("good", 2)]
        first = await staggered.staggered_race(calls, 1)
        second = await staggered.staggered_race([lambda: attempt("x", 1, True)], None)
        none = await staggered.staggered_race([], 1)
        return [first[0], first[1], [type(exc).__name__ for exc in first[2]], second[0], second[1], none[:2]]

    return repr(run(main))


@USES.of("asyncio.unix_events")
def pipes() -> object:
    import asyncio
    import os
    import signal

    async def main() -> list[object]:
        loop: Any = asyncio.get_running_loop()
        log: list[object] = []

        class Pipe(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                log.append(data)

            def connection_lost(self, exc: object) -> None:
                log.append("lost")

        left, right = os.pipe()
        reading, _ = await loop.connect_read_pipe(Pipe, os.fdopen(left, "rb", 0))
        writing, _ = await loop.connect_write_pipe(Pipe, os.fdopen(right, "wb", 0))
        writing.write(b"through the pipe")
        await asyncio.sleep(1)
        reading.pause_reading()
        reading.resume_reading()
        log += [writing.get_write_buffer_size(), writing.can_write_eof(), reading.is_closing(), repr(reading)[:20], repr(writing)[:21], reading.get_protocol() is not None]
        writing.write(b"")
        writing.write_eof()
        await asyncio.sleep(1)
        writing.close()
        reading.close()
        loop.add_signal_handler(signal.SIGUSR1, log.append, "signal")
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.1)
        log += [loop.remove_signal_handler(signal.SIGUSR1), loop.remove_signal_handler(signal.SIGUSR1), error(loop.add_signal_handler, signal.SIGKILL, len), error(loop.add_signal_handler, "x", len)]
        log += [error(loop.add_signal_handler, 999, len), await failed(lambda: loop.create_unix_connection(Pipe)), await failed(lambda: loop.create_unix_server(Pipe))]
        return log

    return repr(run(main))


@USES.of("concurrent.futures._base")
def executor_futures() -> object:
    from concurrent.futures import _base

    class Inline(_base.Executor):
        """Runs at once, in the calling thread."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            future: Any = _base.Future()
            future.set_running_or_notify_cancel()
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as exc:
                future.set_exception(exc)
            return future

    log: list[object] = []
    with Inline() as pool:
        good, bad = pool.submit(pow, 2, 5), pool.submit(int, "x")
        mapped = pool.map(lambda a, b: a + b, [1, 2], [3, 4], timeout=5)
        log += [next(mapped)]
        mapped.close()  # type: ignore[attr-defined]
        failing = pool.map(int, ["1", "x"])
        log += [next(failing), error(next, failing), error(pool.map, len)]
    idle, stopped, notified = _base.Future[int](), _base.Future[int](), _base.Future[int]()
    stopped.add_done_callback(lambda future: log.append("cancelled"))
    log += [stopped.cancel(), stopped.cancel(), stopped.set_running_or_notify_cancel(), stopped.cancelled(), idle.running(), good.done(), good.cancel(), repr(good).split("state=")[1]]
    good.add_done_callback(lambda future: log.append(future.result()))
    log += [error(bad.result), type(bad.exception()).__name__, error(stopped.set_result, 1), error(idle.result, 0), error(idle.exception, 0), repr(bad).split("state=")[1]]
    done, waiting = _base.wait([good, bad], timeout=0)
    log += [len(done), len(waiting), len(_base.wait([good], return_when=_base.FIRST_COMPLETED).done), len(_base.wait([bad], return_when=_base.FIRST_EXCEPTION).done), len(_base.wait([good], return_when=_base.FIRST_EXCEPTION).done), len(_base.wait([idle], timeout=0).not_done)]
    log += [[future is good for future in _base.as_completed([good])], error(lambda: list(_base.as_completed([idle], timeout=0))), error(_base.wait, [idle], 0, "x"), repr(idle).split("state=")[1]]
    notified.set_running_or_notify_cancel()
    notified.set_exception(OSError("late"))
    log += [error(notified.set_result, 1), error(stopped.exception), error(_base.Executor().submit, len)]
    return repr(log)
