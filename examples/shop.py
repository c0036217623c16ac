"""What a basket costs: the code that the README and the tutorial measure."""

from __future__ import annotations


def discount(cents: int, code: str) -> int:
    """Return what a voucher takes off."""
    if code == "HALF":
        return cents // 2
    if code.startswith("MINUS") and code[5:].isdigit():
        return min(cents, 100 * int(code[5:]))
    raise ValueError(f"no such voucher: {code!r}")


def total(basket: dict[str, int], code: str = "") -> int:
    """Return the price of a basket, in cents."""
    cents = sum(basket.values())
    if code:
        cents -= discount(cents, code)
    return cents
