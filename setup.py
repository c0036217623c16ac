"""What pyproject.toml can't say: C extensions with their flags, a file beside the package, and a
readme without links to files, which the package index does not have."""

import os
import re
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import BaseError, CCompilerError, ExecError, PlatformError

if sys.platform != "linux" or sys.implementation.name != "cpython":
    raise SystemExit(
        f"pykcov needs CPython on Linux, and this is {sys.implementation.name} on {sys.platform}; "
        "use a container, a virtual machine or WSL"
    )


def readme() -> str:
    """Return README.md with the text of links to files instead of the links, and no pictures."""
    text = Path("README.md").read_text(encoding="utf-8")
    text = re.sub(r"^<img src=.*>\n\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^]]+)\]\((?![a-z]+:)[^)]+\)", r"\1", text)
    return f"{text}\nThe pages that this text names are in the source distribution, in `docs`.\n"


def extension(name: str, folder: str) -> Extension:
    """Return the extension that all C files of `folder` make."""
    return Extension(
        name,
        sources=sorted(map(str, Path(folder).glob("*.c"))),
        depends=sorted(map(str, Path(folder).glob("*.h"))),
        include_dirs=[folder],
        extra_compile_args=[
            "-std=c11",
            "-O3",
            "-fvisibility=hidden",
            "-Wall",
            "-Wextra",
            "-Wno-cast-function-type",
            "-Wno-missing-field-initializers",
            *os.environ.get("PYKCOV_CFLAGS", "").split(),
        ],
        extra_link_args=["-pthread", *os.environ.get("PYKCOV_LDFLAGS", "").split()],
    )


class BuildExt(build_ext):
    """Says what to install where there is no compiler, or none of Python's headers."""

    def run(self) -> None:
        try:
            super().run()
        except (BaseError, CCompilerError, ExecError, PlatformError) as error:
            raise SystemExit(
                f"pykcov: the compiler failed ({error}); it needs gcc or clang and Python's "
                "headers: apt-get install gcc python3-dev, or install a wheel of pykcov instead"
            ) from None


class BuildPy(build_py):
    """Puts a .pth file beside the package, where a Python that starts looks for it."""

    def run(self) -> None:
        super().run()
        # An editable wheel has only what is written into it directly.
        folder = self.get_finalized_command("install").install_lib
        self.copy_file("src/pykcov.pth", folder if self.editable_mode else self.build_lib)


setup(
    long_description=readme(),
    long_description_content_type="text/markdown",
    cmdclass={"build_ext": BuildExt, "build_py": BuildPy},
    ext_modules=[
        extension("pykcov.probe._core", "src/pykcov/probe/csrc"),
        extension("pykcov.guest._host", "src/pykcov/guest/csrc"),
    ],
)
