"""Directories to be in."""

from __future__ import annotations

from pykcov.kernel import Directory, File, Kernel


class Folders(Kernel):
    def __init__(self) -> None:
        super().__init__()
        inner = Directory({"f": File(b"text\n")})
        self.files["/shown"] = Directory({"a": inner, "b": Directory({}), "shut": Directory({}, 0)})
