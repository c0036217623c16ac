"""A kernel that shows files below a directory, JAIL, and elsewhere."""

from __future__ import annotations

import os

from pykcov.kernel import Directory, File, Kernel


class Chroots(Kernel):
    in_chroots = "EVERYWHERE" in os.environ

    def __init__(self) -> None:
        super().__init__()
        self.files["/outer"] = Directory({"f": File(b"outer\n")})
        self.files[os.environ["JAIL"] + "/inner"] = Directory({"f": File(b"inner\n")})
