"""What workloads do alike: imports from source, expected errors, captured output, small trees."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def fresh(name: str, *without: str) -> Any:
    """Import a module anew and from its source file, as if the modules in `without` were missing.

    Many modules replace their functions by C ones when those can be imported, and some modules
    are frozen into the interpreter; in both cases nothing of the .py file would run.
    """
    import importlib
    import importlib.machinery
    import warnings

    frozen = importlib.machinery.FrozenImporter
    finders = sys.meta_path[:]
    modules = {key: sys.modules.get(key) for key in (name, *without)}
    quiet = warnings.catch_warnings()
    sys.meta_path[:] = [finder for finder in finders if finder is not frozen]
    sys.modules.pop(name, None)
    sys.modules.update(dict.fromkeys(without))  # type: ignore[arg-type]  # None: "is missing"
    try:
        with quiet:
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module(name)
    finally:
        sys.meta_path[:] = finders
        for key, module in modules.items():
            sys.modules.pop(key, None)
            if module is not None:
                sys.modules[key] = module


def define(source: str, **names: Any) -> dict[str, Any]:
    """Run a source text that sees `names`, and give all its names.

    For workloads that look at code objects: an instrumented function has other bytecode.
    """
    names["__name__"] = "demo"
    exec(compile(source, "<demo>", "exec", dont_inherit=True), names)
    return names


def error(call: Callable[..., object], *args: object, **kwargs: object) -> str:
    """Name the exception that a call raises.

    Releases disagree about a few inputs, so a call that raises nothing is an answer too.
    """
    try:
        call(*args, **kwargs)
    except Exception as exc:
        return type(exc).__name__
    return "no error"


def said(call: Callable[..., object], *args: object) -> tuple[object, str]:
    """What a call returns, or how it exits, and what it prints."""
    import contextlib
    import io

    raw = io.BytesIO()
    text = io.TextIOWrapper(raw, "utf-8", newline="\n", write_through=True)
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            result = call(*args)
        except SystemExit as exc:
            result = f"exit {exc.code}"
    return result, raw.getvalue().decode()


def plant(top: str, *names: str, text: str = "text of {}\n") -> None:
    """Make files below a directory; a name that ends in a slash is a directory."""
    import os

    for name in names:
        path = os.path.join(top, name)
        os.makedirs(path if name.endswith("/") else os.path.dirname(path), exist_ok=True)
        if not name.endswith("/"):
            with open(path, "w") as file:
                file.write(text.format(name))


def tree(top: str) -> list[str]:
    import os

    return sorted(
        os.path.join(folder, name)[len(top) :]
        for folder, folders, names in os.walk(top)
        for name in folders + names
    )
