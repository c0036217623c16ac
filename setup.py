"""The one thing that pyproject.toml cannot say well: the C extension and its flags."""

import os
from pathlib import Path

from setuptools import Extension, setup

CORE = "src/pykcov/probe/csrc"

setup(
    ext_modules=[
        Extension(
            "pykcov.probe._core",
            sources=sorted(map(str, Path(CORE).glob("*.c"))),
            depends=sorted(map(str, Path(CORE).glob("*.h"))),
            include_dirs=[CORE],
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
    ]
)
