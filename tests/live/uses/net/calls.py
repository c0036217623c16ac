"""Workloads over remote calls and servers on sockets."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses
from .script import Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("xmlrpc.client")
def remote_calls() -> object:
    import datetime
    import io
    from xmlrpc import client

    class Point:
        def __init__(self) -> None:
            self.x = 1

    value = {"i": 2**31 - 1, "f": -1.5, "t": True, "s": "a<b&é", "l": [1, (2, [])],
             "d": {"k": b"raw"}, "when": client.DateTime("20240102T03:04:05")}
    text = client.dumps((value, None, Point(), client.Binary(b"bin")), "method.name",
                        allow_none=True)
    back: Any = client.loads(text, use_builtin_types=True)
    plain: Any = client.loads(client.dumps((value,), methodresponse=True, encoding="iso-8859-1"))
    fault = client.dumps(client.Fault(5, "broken"))
    values = ("<i8>5</i8>", "<ex:nil xmlns:ex='urn:x'/>", "bare", "<bigdecimal>1.5</bigdecimal>")
    extended = "".join(f"<param><value>{each}</value></param>" for each in values)
    extended = f"<params>{extended}</params>"
    loop: list[Any] = []
    loop.append(loop)
    wrong = ((2**40,), (None,), (loop,), (object,), ({1: 2},), (2**31,))
    errors = [error(client.dumps, params) for params in wrong] + [
        error(client.loads, fault), error(client.loads, "<a>"), error(client.loads, "")
    ]
    errors += [error(client.loads, f"<params><param><value>{bad}</value></param></params>")
               for bad in ("<boolean>2</boolean>", "<odd>1</odd>", "<int>x</int>")]
    errors += [error(client.dumps, "not a tuple"), error(client.Binary, "text"),
               error(client.dumps, (1, 2), methodresponse=True),
               error(client.ServerProxy, "ftp://h")]

    class Transport(client.Transport):
        def request(self, host: Any, handler: str, body: Any, verbose: bool = False) -> Any:
            calls.append((host, handler, body))
            results: Any = [[5],
                            {"faultCode": 1, "faultString": "no"}] if b"multicall" in body else 7
            parser, target = self.getparser()
            parser.feed(client.dumps((results,), methodresponse=True).encode())
            parser.close()
            return target.close()

    calls: list[Any] = []
    with client.ServerProxy("http://user:pw@h.example/RPC", Transport(), allow_none=True) as proxy:
        answer = proxy.system.add(1, None)
        many: Any = client.MultiCall(proxy)
        many.one(1)
        many.two.three("x")
        replies = many()
        first = replies[0], error(lambda: replies[1]), repr(proxy), repr(many)[:10]
        many_list = error(list, replies)
    moment, later = client.DateTime(datetime.datetime(2024, 1, 2)), client.DateTime(0)
    zipped = client.gzip_encode(b"data" * 9)
    with client.GzipDecodedResponse(io.BytesIO(zipped)) as stream:
        unzipped = stream.read()
    transport: Any = client.Transport(headers=[("A", "b")])
    return (
        text,
        [repr(item).split(" at 0x")[0] for item in back[0]],
        (back[1], plain[0][0]["d"]["k"].data, str(plain[0][0]["when"]), client.loads(extended)[0]),
        errors,
        (answer, calls, first, many_list),
        (str(moment), moment == "20240102T00:00:00", moment > later,
         moment == datetime.datetime(2024, 1, 2), repr(moment).split(" at")[0],
         error(lambda: moment < 5)),
        (client.gzip_decode(zipped) == unzipped, error(client.gzip_decode, zipped, 5),
         error(client.gzip_decode, b"x"), client.Binary(b"a") == b"a", str(client.Binary(b"b"))),
        (repr(client.Fault(1, "m")), repr(client.ProtocolError("u", 404, "m", {})),
         str(client.Boolean(1)) if hasattr(client, "Boolean") else "", client.escape("<")),
        (transport.get_host_info("u:p@h"), transport.get_host_info(("h", {"k": 1})),
         moment.timetuple()[:3], later == moment),
    )


@USES.of("xmlrpc.server")
def remote_methods() -> object:
    from xmlrpc import client, server

    class Service:
        """A service."""

        value = 5

        class inner:
            @staticmethod
            def deep() -> int:
                return 9

        def add(self, a: int, b: int) -> int:
            """Adds."""
            return a + b

        def fail(self) -> None:
            raise KeyError("k")

        def _methodHelp(self, name: str) -> str:
            return "help for " + name

    class Dispatching:
        def _dispatch(self, method: str, params: tuple[Any, ...]) -> object:
            return method, params

        def _listMethods(self) -> list[str]:
            return ["custom"]

        def _get_method_argstring(self, name: str) -> str:
            return "(x)"

    dispatcher: Any = server.SimpleXMLRPCDispatcher(allow_none=False, encoding="utf-8")
    dispatcher.register_introspection_functions()
    dispatcher.register_multicall_functions()
    dispatcher.register_function(pow)
    dispatcher.register_instance(Service(), allow_dotted_names=True)

    @dispatcher.register_function(name="named")
    def function(text: str) -> str:
        return text * 2

    def call(name: str, *params: Any) -> object:
        try:
            return client.loads(dispatcher._marshaled_dispatch(client.dumps(params, name)))[0]
        except client.Fault as fault:
            return fault.faultCode, fault.faultString

    many = [{"methodName": "add", "params": [1, 2]}, {"methodName": "fail", "params": []},
            {"methodName": "none", "params": []}]
    seen = [call("pow", 2, 5), call("named", "x"), call("add", 1, 2), call("inner.deep"),
            call("fail"), call("nope"), call("_private"), call("add", 1), call("pow", 1, 0, 0)]
    seen += [call("system.listMethods"), call("system.methodHelp", "add"),
             call("system.methodHelp", "pow"), call("system.methodSignature", "x"),
             call("system.multicall", many)]
    seen.append(dispatcher._marshaled_dispatch(b"<broken>")[:60])
    docs = server.ServerHTMLDoc()
    page = docs.docserver("name", "text with pow(x) http://h/ RFC 99 PEP 8 self.thing",
                          {"pow": pow, "function": function})

    class Documented(server.SimpleXMLRPCDispatcher, server.XMLRPCDocGenerator):
        def __init__(self) -> None:
            server.SimpleXMLRPCDispatcher.__init__(self)
            server.XMLRPCDocGenerator.__init__(self)

    generator = Documented()
    generator.register_function(pow)
    generator.register_introspection_functions()
    generator.register_instance(Service())
    listed = generator.generate_html_documentation()
    dispatcher.register_instance(Dispatching())
    seen += [call("any.thing", 1), call("system.listMethods"), call("system.methodHelp", "custom")]
    errors = [error(server.resolve_dotted_attribute, Service(), "_x"),
              error(server.resolve_dotted_attribute, Service(), "a.b", False)]
    generator.set_server_title("title")
    return (
        repr(seen), len(page) > 500, "add" in listed, errors, server.list_public_methods(Service()),
        sorted(dispatcher.funcs)
    )


@USES.of("socketserver")
def servers_without_network() -> object:
    import io
    import socket
    import socketserver

    class Server(socketserver.BaseServer):
        """Its requests come from a list instead of a listening socket."""

        def __init__(self, requests: list[Any], handler: Any) -> None:
            super().__init__(("demo", 0), handler)
            self.requests, self.log = requests, list[object]()

        def get_request(self) -> Any:
            request = self.requests.pop(0)
            if request is None:
                raise OSError
            return request, "client"

        def verify_request(self, request: Any, client_address: Any) -> bool:
            return request != "refused"

        def handle_error(self, request: Any, client_address: Any) -> None:
            import sys

            self.log.append(sys.exc_info()[0].__name__)

        def close_request(self, request: Any) -> None:
            self.log.append("closed")

    class Echo(socketserver.StreamRequestHandler):
        wbufsize, timeout, disable_nagle_algorithm = -1, 5, False

        def handle(self) -> None:
            line = self.rfile.readline()
            if line == b"fail\n":
                raise ValueError
            self.wfile.write(line.upper())

    class Datagram(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            self.wfile.write(self.rfile.read()[::-1])

    class Sender:
        def sendto(self, data: bytes, address: object) -> None:
            answers.append(data)

    answers: list[object] = []
    ends = [socket.socketpair() for _ in range(2)]
    for (near, _), words in zip(ends, (b"hello\n", b"fail\n"), strict=True):
        near.sendall(words)
    server: Any = Server([ends[0][1], ends[1][1], None, "refused"], Echo)
    with server:
        for _ in range(4):
            server._handle_request_noblock()
    for near, far in ends:
        far.close()
        answers.append(near.recv(20))
        near.close()
    packets: Any = Server([(b"abc", Sender())], Datagram)
    packets._handle_request_noblock()
    unbound = socketserver.TCPServer(("localhost", 0), Echo, bind_and_activate=False)
    udp = socketserver.UDPServer(("localhost", 0), Datagram, bind_and_activate=False)
    names = [type(s).__name__ + str(s.allow_reuse_address) for s in (unbound, udp)]
    answers += [unbound.fileno() > 0, udp.server_activate(), udp.close_request(None)]
    writer = socketserver._SocketWriter(Script(b""))
    answers += [writer.writable(), writer.write(io.BytesIO(b"xyz").getbuffer()), writer.close()]
    unbound.server_close()
    udp.server_close()
    mixed: Any = socketserver.ThreadingMixIn()
    answers.append(mixed.server_close.__name__)
    forking: Any = socketserver.ForkingMixIn()
    forking.collect_children()
    forking.handle_timeout()
    return answers, server.log, packets.log, names
