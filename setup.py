"""The one thing that pyproject.toml cannot say well: the C extensions and their flags."""

import os
from pathlib import Path

from setuptools import Extension, setup


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


setup(
    ext_modules=[
        extension("pykcov.probe._core", "src/pykcov/probe/csrc"),
        extension("pykcov.guest._host", "src/pykcov/guest/csrc"),
    ]
)
