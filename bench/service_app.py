"""A shop, as a FastAPI and as a Flask application, and a program that serves either.

The computing is the application's own code, and is what bench/services.py has instrumented.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import uvicorn
import waitress
from fastapi import FastAPI, Path, Query
from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field

TIERS = ((10, 2), (25, 5), (50, 9), (100, 14))  # from so many pieces on, percent off
TAXES = {"books": 7, "food": 5, "tools": 19, "media": 16}
KINDS = tuple(TAXES)
CATALOGUE = (
    "hammer", "handsaw", "screwdriver", "workbench", "paperback", "dictionary", "cookbook",
    "marmalade", "chocolate", "gramophone", "photograph", "headphones",
)  # fmt: skip


@dataclass
class Line:
    """One line of an order. Money is in cents."""

    product: str
    kind: str
    pieces: int
    price: int
    weight: int
    total: int = 0


def lines_of(customer: int, count: int) -> list[Line]:
    """What a customer has ordered, as a database would have it."""
    state, lines = customer * 2654435761 % 2**32, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        name = CATALOGUE[state >> 8 & 7]
        lines.append(Line(name, KINDS[state >> 4 & 3], state >> 12 & 63 or 1, 99 + state % 4000,
                          40 + state % 900))  # fmt: skip
    return lines


def checked_number(number: int) -> str:
    """The number with a check digit, as on cards."""
    total, double = 0, True
    for digit in reversed(str(number)):
        value = int(digit)
        if double:
            value *= 2
            if value > 9:
                value -= 9
        total += value
        double = not double
    return f"{number}{-total % 10}"


def priced(lines: list[Line], member: bool) -> int:
    """Fill in totals; return their sum."""
    total = 0
    for line in lines:
        percent = 0
        for pieces, off in TIERS:
            if line.pieces < pieces:
                break
            percent = off
        if member and line.kind != "books":
            percent += 3
        net = line.pieces * line.price * (100 - percent) // 100
        line.total = net + (net * TAXES[line.kind] + 50) // 100
        total += line.total
    return total


def parcels(lines: list[Line], most: int = 20000) -> list[int]:
    """Weights of the parcels that the lines are packed into: first fit, heaviest first."""
    packed: list[int] = []
    for line in sorted(lines, key=lambda line: -line.weight * line.pieces):
        weight = min(line.weight * line.pieces, most)
        for i, taken in enumerate(packed):
            if taken + weight <= most:
                packed[i] += weight
                break
        else:
            packed.append(weight)
    return packed


def invoice(customer: int, lines: list[Line], member: bool) -> dict[str, Any]:
    """Prices, parcels and numbers of an order."""
    total = priced(lines, member)
    weights = parcels(lines)
    numbers = [checked_number(customer * 10**7 + 7919 * i) for i in range(len(weights))]
    shipping = sum(390 if weight < 5000 else 790 for weight in weights) if total < 50000 else 0
    return {
        "customer": checked_number(customer),
        "lines": [asdict(line) for line in lines],
        "parcels": dict(zip(numbers, weights, strict=True)),
        "total": total + shipping,
    }


def distance(one: str, other: str) -> int:
    """Edits that make one word the other."""
    before = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            if left == right:
                row.append(before[j - 1])
            else:
                row.append(1 + min(before[j - 1], before[j], row[-1]))
        before = row
    return before[-1]


def found(text: str, most: int) -> dict[str, Any]:
    """Products whose names are near to `text`."""
    near = sorted((distance(text, name), name) for name in CATALOGUE)
    return {"text": text, "hits": [{"name": name, "edits": n} for n, name in near[:most]]}


# -- FastAPI --------------------------------------------------------------------------------------


class Wanted(BaseModel):
    """A line of an order to come."""

    product: Annotated[str, Field(min_length=3, max_length=40)]
    kind: Annotated[str, Field(pattern="books|food|tools|media")]
    pieces: Annotated[int, Field(gt=0, le=1000)]
    price: Annotated[int, Field(gt=0)]
    weight: Annotated[int, Field(gt=0)]


class Basket(BaseModel):
    """An order to come."""

    customer: Annotated[int, Field(gt=0)]
    member: bool = False
    lines: Annotated[list[Wanted], Field(min_length=1, max_length=100)]


api = FastAPI()


@api.get("/customers/{customer}/orders")
async def api_orders(
    customer: Annotated[int, Path(gt=0)],
    count: Annotated[int, Query(gt=0, le=100)] = 10,
    member: bool = False,
) -> dict[str, Any]:
    lines = lines_of(customer, count)
    await asyncio.sleep(0)  # as if a database had been asked: other requests take their turns
    return invoice(customer, lines, member)


@api.get("/search")
async def api_search(
    text: Annotated[str, Query(min_length=3, max_length=20)],
    most: Annotated[int, Query(gt=0, le=20)] = 5,
) -> dict[str, Any]:
    await asyncio.sleep(0)
    return found(text, most)


@api.post("/quotes")
async def api_quote(basket: Basket) -> dict[str, Any]:
    lines = [Line(**wanted.model_dump()) for wanted in basket.lines]
    await asyncio.sleep(0)
    return invoice(basket.customer, lines, basket.member)


# -- Flask ----------------------------------------------------------------------------------------

site = Flask("shop")


def number(name: str, default: int, most: int) -> int:
    """A parameter of the query."""
    value = request.args.get(name, default, type=int)
    if not 0 < value <= most:
        abort(422)
    return value


@site.get("/customers/<int:customer>/orders")
def site_orders(customer: int) -> ResponseReturnValue:
    lines = lines_of(customer, number("count", 10, 100))
    return jsonify(invoice(customer, lines, request.args.get("member") == "true"))


@site.get("/search")
def site_search() -> ResponseReturnValue:
    text = request.args.get("text", "")
    if not 3 <= len(text) <= 20:
        abort(422)
    return jsonify(found(text, number("most", 5, 20)))


@site.post("/quotes")
def site_quote() -> ResponseReturnValue:
    basket = Basket.model_validate(request.get_json())
    lines = [Line(**wanted.model_dump()) for wanted in basket.lines]
    return jsonify(invoice(basket.customer, lines, basket.member))


def main() -> None:
    """Serve on a free port, which is printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", choices=("uvicorn", "waitress"))
    parser.add_argument("--mark", action="store_true", help="install pykcov's middleware")
    args = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    if args.server == "uvicorn":
        app: Any = api
        if args.mark:
            from pykcov.service.asgi import KcovMiddleware as Asgi

            app.add_middleware(Asgi)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).run([listener])
    else:
        if args.mark:
            from pykcov.service.wsgi import KcovMiddleware as Wsgi

            site.wsgi_app = Wsgi(site.wsgi_app)  # type: ignore[method-assign]
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # requests wait: they are to
        waitress.serve(site, sockets=[listener], threads=8, backlog=256, _quiet=True)


if __name__ == "__main__":
    main()
