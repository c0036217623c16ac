"""make fuzz: give what reads bytes from others bytes that nobody would send."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from tests.fuzz import driver
from tests.fuzz.target import NAMES, Failure


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make fuzz",
        description="Fuzzes what reads bytes from others, one target after the other: "
        f"{', '.join(NAMES)}. An input that finds something is written to build/fuzz.",
    )
    parser.add_argument("--target", action="append", choices=NAMES, help="this one; again: more")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target (60)")
    parser.add_argument("--seed", type=int, help="the same gives the same inputs (a random one)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="this input, and no others")
    args = parser.parse_args()
    seed = secrets.randbelow(1 << 32) if args.seed is None else args.seed
    if args.replay is not None and len(args.target or ()) != 1:
        parser.error("--replay needs the one --target whose input it is")
    status = 0
    for name in args.target or NAMES:
        try:
            if args.replay is not None:
                done = driver.run(name, files=(args.replay.absolute(),))
            else:
                keep = driver.ROOT / "build" / "fuzz"
                done = driver.run(name, seed, seconds=args.seconds, keep=keep)
        except Failure as failure:
            print(failure)
            status = 1
        else:
            print(f"{name}: {done.inputs} inputs, seed {seed}\n{done.outcomes}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
