"""Runs the suite under each CPython of pythons.toml, as many jobs at a time as there are cores.

    python3 .ci/suite.py [WORD...]    only jobs that have one of the words in their names; --list

A job is a pytest process of its own, whose output is shown when it has ended. What a job leaves out
is summed up at the end. The reasons for jobs, and against pytest-xdist: docs/decisions/21-ci.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CI = Path(__file__).resolve().parent
ROOT = CI.parent
LIMIT = 25 * 60  # seconds; a job that takes longer hangs
SKIPPED = re.compile(r"^SKIPPED \[(\d+)\] (?:[^\s:]+:(?:\d+:)?|.*?:) (.*)$", re.MULTILINE)
# pip builds pykcov in its source, one CPython at a time.
_installing = threading.Lock()


class MissingError(Exception):
    """A CPython that can't be had here; str() is the reason."""


@dataclass
class Job:
    """make TARGET WITH..., after `make install WITH...` if it needs an environment of its own."""

    name: str
    target: str
    arguments: str = ""
    own: list[str] = field(default_factory=list)

    def run(self) -> tuple[int, str]:
        """Return make's status and all that it printed."""
        words = ["timeout", "-k", "10", str(LIMIT), "make", "--no-print-directory"]
        arguments = [f"ARGS={self.arguments}"] if self.arguments else []
        done = None
        if self.own:
            with _installing:
                done = call(*words, "install", *self.own)
        if done is None or done.returncode == 0:
            done = call(*words, self.target, *self.own, *arguments)
        ended = f"\nno end after {LIMIT} s\n" if done.returncode == 124 else ""
        return done.returncode, done.stdout + ended


def call(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command; its stderr is in its stdout."""
    return subprocess.run(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="backslashreplace", stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def python_of(row: dict[str, Any]) -> str:
    """The path of a row's CPython.

    Raises MissingError.
    """
    version = row["version"]
    if row["from"] == "debian":
        done = subprocess.run([CI / "pythons", version], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise MissingError("Debian's can't be had")
        return done.stdout.strip()
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        raise MissingError("it is python3, which runs all")
    try:
        listed = subprocess.run(["pyenv", "versions", "--bare"], stdout=subprocess.PIPE, text=True)
        root = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE, text=True).stdout.strip()
    except FileNotFoundError:
        raise MissingError("there is no pyenv") from None
    found = re.findall(rf"^{re.escape(version)}\.(\d+)$", listed.stdout, re.MULTILINE)
    if not found:
        raise MissingError("pyenv has none")
    return f"{root}/versions/{version}.{max(map(int, found))}/bin/python"


def jobs_of(row: dict[str, Any]) -> list[Job]:
    """Those of one CPython. One that runs all has a job for each folder of tests.

    Raises MissingError.
    """
    tests = row["tests"]
    if row["from"] == "here":
        name = f"python3 ({sys.version.split()[0]})"
        assert tests == "all", "python3 runs what is marked `once`, which others don't"
        size: Counter[str] = Counter()  # what has most text takes longest, more or less
        for path in ROOT.glob("tests/*/test_*.py"):
            size[path.parent.name] += path.stat().st_size
        folders = [folder for folder, _ in size.most_common()]
        return [Job(f"{name}, tests/{folder}", "test", f"tests/{folder}") for folder in folders]
    environment = f".venv-ci-{row['from']}-{row['version']}"
    own = [f"PYTHON={python_of(row)}", f"VENV={environment}", "EXTRAS=each"]
    part, files = "", ""
    if tests != "each":
        part, files = f", a part: {len(tests)} files and folders", " " + " ".join(tests)
    name = f"Python {row['version']} of {row['from']}{part}"
    return [Job(name, "test", f"-m 'not once'{files}", own)]


def main() -> int:
    """Run the jobs; return the exit status."""
    rows: list[dict[str, Any]] = tomllib.loads((CI / "pythons.toml").read_text())["python"]
    jobs, missing = [Job("make asan", "asan")], []
    for row in rows:
        try:
            jobs += jobs_of(row)
        except MissingError as why:
            missing.append(f"Python {row['version']}: {why}")
    words = [word for word in sys.argv[1:] if word != "--list"]
    jobs = [job for job in jobs if not words or any(word in job.name for word in words)]
    jobs.sort(key=lambda job: not job.own)  # the long ones first, so that no core idles at the end
    if "--list" in sys.argv:
        print(*(f"{job.name}: {job.target} {job.arguments}" for job in jobs), sep="\n")
        return 0
    started, status_of = time.monotonic(), {}
    skipped: Counter[tuple[str, str]] = Counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(job.run): job for job in jobs}
        for future in as_completed(running):
            job, (status, output) = running[future], future.result()
            seconds = time.monotonic() - started
            print(f"\n== {job.name} (ended after {seconds:.0f} s)\n{output}", flush=True)
            status_of[job.name] = "passed" if status == 0 else "FAILED"
            for count, reason in SKIPPED.findall(output):
                skipped[reason, job.name] += int(count)
    print("\n== SKIPPED")
    for (reason, name), count in sorted(skipped.items()):
        print(f"{count:5} under {name}: {reason}")
    print("\n== RUN")
    for job in jobs:
        print(f"{status_of[job.name]}  {job.name}")
    for absent in missing:
        print(f"NOT RUN {absent}")
    return int("FAILED" in status_of.values())


if __name__ == "__main__":
    sys.exit(main())
