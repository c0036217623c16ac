"""Loop-heavy programs: nearly nothing but blocks. Each returns a result that is checked."""

from collections.abc import Callable


def fib(n: int = 21) -> int:
    """Recursive Fibonacci: calls."""
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def collatz(limit: int = 500) -> int:
    """Longest Collatz chain below a limit: a while loop with a branch."""
    best = 0
    for start in range(1, limit):
        n, steps = start, 0
        while n != 1:
            if n % 2:
                n = 3 * n + 1
            else:
                n //= 2
            steps += 1
        if steps > best:
            best = steps
    return best


TEXT = "let answer = (40 + 2) * 1; // comment\n" * 250


def scan(text: str = TEXT) -> int:
    """A character scanner: chains of elif."""
    tokens = 0
    state = " "
    for char in text:
        if char.isalpha():
            kind = "a"
        elif char.isdigit():
            kind = "0"
        elif char in " \t\n":
            kind = " "
        else:
            kind = "+"
        if kind != state or kind == "+":
            tokens += kind != " "
            state = kind
    return tokens


PROGRAMS: dict[str, tuple[Callable[[], int], int]] = {
    "fib": (fib, 10946),
    "collatz": (collatz, 143),
    "scan": (scan, 3500),
}
