"""Workloads over random numbers, addresses, identifiers, digests, operators."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, fresh
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("random")
def seeded_randomness() -> object:
    import random

    r = random.Random(2024)
    out: list[object] = [r.random(), r.randrange(10), r.randrange(3, 30, 4), r.randrange(9, 0, -2),
                         r.randint(1, 6)]
    deck = list(range(10))
    r.shuffle(deck)
    out += [deck, r.choice("abc"), r.choices("abc", k=4), r.choices("abc", [1, 2, 3], k=3),
            r.sample(range(1000), 4)]
    out += [r.choices("ab", cum_weights=[1, 4], k=2), r.sample("aabb", 3, counts=[1, 2, 3, 4]),
            r.sample(deck, 8)]
    out += [r.uniform(1, 2), r.triangular(), r.triangular(0, 10, 3), r.triangular(1, 1),
            r.normalvariate(), r.gauss(1, 2)]
    out += [r.gauss(), r.lognormvariate(0, 0.5), r.expovariate(2), r.vonmisesvariate(1, 4),
            r.vonmisesvariate(0, 0)]
    out += [r.gammavariate(2, 1), r.gammavariate(0.5, 1), r.gammavariate(1, 3), r.betavariate(2, 3)]
    out += [r.paretovariate(3), r.weibullvariate(1, 2), r.getrandbits(70), r.randbytes(5)]
    if hasattr(r, "binomialvariate"):
        out += [r.binomialvariate(n, p)
                for n, p in ((1, 0.5), (5, 0.2), (200, 0.3), (200, 0.7), (3, 0.0), (3, 1.0))]
        out.append(error(r.binomialvariate, 3, 2.0))
    state = r.getstate()
    again = r.random()
    r.setstate(state)
    seeds = [random.Random(seed).random() for seed in ("text", b"bytes", bytearray(b"x"), 1.5)]
    old = random.Random()
    old.seed("legacy", version=1)
    errors = [error(r.randrange, *args) for args in ((0,), (5, 5), (1, 2, 0), (1.5,), (3, "x"))]
    errors += [error(r.choice, []), error(r.choices, "ab", [0, 0]),
               error(r.choices, "ab", [1], k=1)]
    errors += [error(r.choices, "ab", [1, 2], cum_weights=[1, 2]), error(r.sample, {1, 2}, 1),
               error(r.sample, "ab", 3)]
    errors += [error(r.sample, "ab", 1, counts=[1]), error(r.setstate, (9, (), None)),
               error(r.gammavariate, -1, 1)]
    errors += [error(old.seed, [1]), error(random.SystemRandom().getstate),
               error(r.choices, "a", 1)]
    return repr(out), r.random() == again, seeds, old.random(), errors, len(r.__reduce__())


@USES.of("colorsys")
def colours() -> object:
    import colorsys

    colours = ((0.2, 0.4, 0.4), (1.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.1, 0.9, 0.3), (0.3, 0.2, 0.8))
    there = (colorsys.rgb_to_hsv, colorsys.rgb_to_hls, colorsys.rgb_to_yiq)
    back = (colorsys.hsv_to_rgb, colorsys.hls_to_rgb, colorsys.yiq_to_rgb)
    converted = [[to(*colour) for colour in colours] for to in there]
    returned = [[to(*colour) for colour in row] for to, row in zip(back, converted, strict=True)]
    wheel = [colorsys.hsv_to_rgb(step / 6, 0.5, 0.9) for step in range(7)]
    return repr((converted, [[tuple(round(x, 6) for x in c) for c in row] for row in returned],
                 wheel))


@USES.of("ipaddress")
def addresses() -> object:
    import ipaddress as ip

    four, six = ip.ip_address("192.0.2.7"), ip.ip_address("2001:db8::1%eth0")
    net, net6 = ip.ip_network("192.0.2.0/28"), ip.ip_network("2001:db8::/126")
    card = ip.ip_interface("10.1.2.3/255.255.0.0")
    flags = ("is_private", "is_global", "is_multicast", "is_loopback", "is_link_local",
             "is_reserved", "is_unspecified")
    hosts = net.hosts()
    first = next(hosts)
    bad4 = ("1.2.3", "1.2.3.256", "01.2.3.4", "1..2.3", "a.b.c.d", "1.2.3.4/33", "1.2.3.4/8/9",
            "١.2.3.4", "1.2.3.1234")
    bad6 = ("::1::", "1:2:3", ":1::2", "1::2:", "12345::", "1:2:3:4:5:6:7:8:9", "::g", "::1.2.3",
            "::%", "1:2:3:4:5:6:7::8:9")
    texts = ("::ffff:1.2.3.4", "2002:c000:204::", "2001:0:4136:e378:8000:63bf:3fff:fdfd", "fec0::1",
             "::1", "1::")
    out = [
        four + 1, four - 7, int(four), four.packed, four.exploded, six.compressed,
        four.reverse_pointer,
        net6[1].exploded, net6[2].reverse_pointer, six.scope_id, ip.ip_address(2**100),
        ip.IPv4Address(b"\1\2\3\4"),
        *([getattr(ip.ip_address(a), flag) for flag in flags]
          for a in ("127.0.0.1", "224.0.0.1", "8.8.8.8", "fe80::1")),
        *([(a.ipv4_mapped, a.sixtofour, a.teredo, a.is_site_local)
           for a in map(ip.IPv6Address, texts)]),
        four < ip.ip_address("192.0.3.0"), four == 5, six == ip.ip_address("2001:db8::1"),
        hash(four) == hash(four),
        net.netmask, net.hostmask, net.broadcast_address, net.num_addresses, net.with_netmask,
        net.with_hostmask,
        net[1], net[-1], len(list(net)), list(net6.hosts()), four in net, net.prefixlen, repr(net),
        list(net.subnets()), list(net.subnets(new_prefix=30)), net.supernet(2),
        net.supernet(new_prefix=20),
        list(net.address_exclude(ip.ip_network("192.0.2.4/30"))),
        list(net6.subnets(prefixlen_diff=2)),
        net.overlaps(ip.ip_network("192.0.2.8/29")), net.subnet_of(ip.ip_network("192.0.0.0/16")),
        net.compare_networks(ip.ip_network("192.0.2.0/27")), net.is_private, net6.is_global,
        str(net6),
        card, card.ip, card.network, card.with_prefixlen, card.with_hostmask, card == card.ip,
        card < card,
        ip.ip_interface("fe80::1%e/64").network, ip.ip_interface(("10.0.0.1", 8)),
        ip.ip_network((0, 0)).with_netmask,
        list(ip.collapse_addresses([net, ip.ip_network("192.0.2.16/28"),
                                    ip.ip_network("192.0.2.5")])),
        list(ip.summarize_address_range(ip.IPv4Address("10.0.0.1"), ip.IPv4Address("10.0.0.9"))),
        sorted([net, ip.ip_network("10.0.0.0/8")], key=ip.get_mixed_type_key), first,
        f"{four:#x} {six:s} {four:_b}",
        ip.v4_int_to_packed(1), ip.v6_int_to_packed(1)[-2:],
        ip.ip_network("1.2.3.4/0.0.0.255", strict=False),
        list(ip.ip_network("10.0.0.0/31").hosts()), list(ip.ip_network("::1/128").hosts()),
        net.supernet_of(net),
    ]
    errors = [error(ip.ip_address, bad) for bad in (*bad4, *bad6, -1, 2**128, b"123")]
    errors += [error(ip.IPv4Address, bad) for bad in (-1, 2**32, b"12345", "")]
    errors += [error(ip.ip_network, bad)
               for bad in ("10.0.0.1/8", "10.0.0.0/x", "10.0.0.0/255.0.255.0", "::/129")]
    errors += [error(lambda: list(net.subnets(new_prefix=5))),
               error(lambda: list(net.subnets(prefixlen_diff=9))), error(net.supernet, 40)]
    errors += [error(lambda: four < six), error(lambda: four + 2**32), error(net.__getitem__, 99),
               error(format, four, "q")]
    errors += [error(lambda: list(net.address_exclude(net6))), error(net.subnet_of, net6),
               error(lambda: net < four)]
    errors += [error(lambda: list(ip.summarize_address_range(four, ip.ip_address("1.1.1.1")))),
               error(ip.ip_interface, "x")]
    return repr(out), errors


@USES.of("uuid")
def identifiers() -> object:
    import uuid

    one = uuid.UUID("{12345678-1234-5678-9234-567812345678}")
    names = [uuid.uuid3(uuid.NAMESPACE_DNS, "python.org"),
             uuid.uuid5(uuid.NAMESPACE_URL, "http://x.org/")]
    same = uuid.UUID(bytes=one.bytes), uuid.UUID(
        bytes_le=one.bytes_le
    ), uuid.UUID(fields=one.fields)
    stamped = uuid.uuid1(node=0x010203040506, clock_seq=99)
    bad: tuple[dict[str, Any], ...] = (
        {}, {"hex": "12"}, {"bytes": b"x"}, {"bytes_le": b"x"}, {"fields": (1,)}, {"int": -1},
        {"int": 1, "version": 99}, {"fields": (2**32, 0, 0, 0, 0, 0)},
        {"fields": (0, 2**16, 0, 0, 0, 0)},
        {"fields": (0, 0, 0, 2**8, 0, 0)}, {"fields": (0, 0, 0, 0, 0, 2**48)}, {"hex": "z" * 32},
        {"fields": (0, 0, 2**16, 0, 0, 0)}, {"fields": (0, 0, 0, 0, 2**8, 0)},
    )
    return (
        (str(one), repr(one), one.hex, one.urn, int(one), one.version, one.variant,
         one.is_safe.name),
        (one.time_low, one.time_mid, one.time_hi_version, one.clock_seq, one.node, one.time > 0),
        (names, [uuid.UUID(int=1 << shift).variant for shift in (0, 62, 63)],
         uuid.UUID(int=7, version=4)),
        (all(item == one for item in same), one < names[0], one >= names[0], one == "text",
         hash(one) == hash(one.int)),
        (stamped.node, stamped.clock_seq, stamped.version, uuid.uuid4().version, one.clock_seq_low),
        [error(uuid.UUID, **kwargs) for kwargs in bad],
        (error(setattr, one, "int", 5), error(lambda: one < 5),
         uuid.UUID(one.urn).__getstate__()["int"]),
    )


@USES.of("operator")
def operators() -> object:
    operator = fresh("operator", "_operator")
    two = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "eq", "ne", "ge",
           "gt", "is_", "is_not")
    bits = ("and_", "or_", "xor", "lshift", "rshift", "iand", "ior", "ixor", "ilshift", "irshift")
    place = ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow")
    one = ("neg", "pos", "abs", "index", "not_", "truth", "inv", "invert")
    table = {"a": [1, 2], "b": 3}
    operator.setitem(table, "c", 4)
    operator.delitem(table, "b")
    getter, items = operator.attrgetter("real", "imag"), operator.itemgetter(1, 0)
    caller = operator.methodcaller("split", ",", maxsplit=1)

    class Sized:
        def __length_hint__(self) -> object:
            return self.hint

        hint: object = 5

    sized = Sized()
    lengths = [operator.length_hint(x, 9) for x in ([1, 2], iter([1]), sized, 5)]
    errors = [error(operator.length_hint, sized, "x")]
    for hint in ("text", -1):
        sized.hint = hint
        errors.append(error(operator.length_hint, sized))
    sized.hint = NotImplemented
    lengths.append(operator.length_hint(sized))
    return (
        [getattr(operator, name)(7, 2) for name in (*two, *bits, *place)],
        [getattr(operator, name)(5) for name in one],
        (operator.concat("a", "b"), operator.iconcat([1], [2]), operator.contains("abc", "b")),
        (operator.countOf([1, 2, 1.0], 1), operator.indexOf([4, 5], 5),
         operator.getitem(table, "a"), lengths),
        (getter(3 + 4j), operator.attrgetter("real.imag")(2), items("xy"),
         operator.itemgetter(0)([8]), caller("a,b,c")),
        (repr(getter), repr(items), repr(caller), getter.__reduce__()[1], items.__reduce__()[1],
         sorted(table)),
        (caller.__reduce__()[0].__class__.__name__, operator.methodcaller("x", 1).__reduce__()[1],
         operator.call(len, "ab")),
        errors,
        [error(operator.attrgetter, 5), error(operator.methodcaller, 5),
         error(operator.indexOf, [], 1)],
        [error(operator.concat, 1, 2), error(operator.iconcat, 1, 2), error(operator.index, 1.5),
         error(getter, "x")],
    )


@USES.of("hmac")
def authentication_codes() -> object:
    import hashlib
    import hmac

    pure = hmac.new(b"k" * 100, b"message", lambda data=b"": hashlib.new("sha1", data))
    code = hmac.new(b"key", b"data", "sha256")
    twin = code.copy()
    twin.update(b" more")
    digests = [mac.hexdigest() for mac in (pure, code, twin)]
    return (
        digests,
        (code.name, code.block_size, code.digest_size, pure.copy().digest()[:4]),
        hmac.digest(b"k", b"m", "md5").hex() + hmac.digest(
            b"k" * 99, b"m", hashlib.sha512
        ).hex()[:9],
        hmac.compare_digest(digests[0], digests[0]),
        [error(hmac.new, "text", b"", "md5"), error(hmac.new, b"k"),
         error(hmac.new, b"k", b"", "nope")],
    )


@USES.of("hashlib")
def hashes() -> object:
    import io

    hashlib = fresh("hashlib")
    data = bytes(range(256)) * 3
    names = ("md5", "sha1", "sha256", "sha3_256", "blake2s", "sha512", "sha224")
    return (
        [hashlib.new(name, data).hexdigest()[:12] for name in names],
        hashlib.shake_128(data).hexdigest(5),
        hashlib.blake2b(data, digest_size=8, key=b"k", salt=b"s").hexdigest(),
        hashlib.file_digest(io.BytesIO(data), "sha256").hexdigest()[:8],
        hashlib.file_digest(io.BufferedReader(io.BytesIO(data)), hashlib.md5).hexdigest()[:8],
        hashlib.pbkdf2_hmac("sha1", b"pw", b"salt", 2).hex(),
        [error(hashlib.new, "nope"), error(hashlib.file_digest, "name", "md5"),
         sorted(hashlib.algorithms_guaranteed)],
        error(hashlib.__dict__["__get_builtin_constructor"], "nope"),
        [hashlib.__dict__["__get_builtin_constructor"](name)().name
         for name in ("MD5", "sha224", "SHA512", "blake2s")],
    )
