"""What pyproject.toml can't say: C extensions with their flags, a file beside the package."""

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py


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


class BuildPy(build_py):
    """Puts a .pth file beside the package, where a Python that starts looks for it."""

    def run(self) -> None:
        super().run()
        # An editable wheel has only what is written into it directly.
        folder = self.get_finalized_command("install").install_lib
        self.copy_file("src/pykcov.pth", folder if self.editable_mode else self.build_lib)


setup(
    cmdclass={"build_py": BuildPy},
    ext_modules=[
        extension("pykcov.probe._core", "src/pykcov/probe/csrc"),
        extension("pykcov.guest._host", "src/pykcov/guest/csrc"),
    ],
)
