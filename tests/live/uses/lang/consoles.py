"""Workloads over interactive loops."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("cmd")
def command_loop() -> object:
    import cmd
    import io

    class Shell(cmd.Cmd):
        """A shell."""

        intro, prompt, ruler = "hello", "> ", "-"
        use_rawinput = False

        def do_add(self, line: str) -> None:
            """add A B: print the sum"""
            self.stdout.write(f"{sum(map(int, line.split()))}\n")

        def do_quit(self, line: str) -> bool:
            return True

        def do_shell(self, line: str) -> None:
            self.stdout.write(f"shell {line}\n")

        def do_EOF(self, line: str) -> bool:
            return True

        def help_topic(self) -> None:
            self.stdout.write("about the topic\n")

        def complete_add(self, text: str, line: str, begin: int, end: int) -> list[str]:
            return [word for word in ("one", "other", "two") if word.startswith(text)]

        def precmd(self, line: str) -> str:
            return line.strip()

    out = io.StringIO()
    script = "add 1 2\n\n?\nhelp add\nhelp topic\nhelp quit\nhelp nope\n!ls -l\nwhat\n  \n@odd\n"
    script += "quit\nadd 9 9\n"
    shell = Shell(stdin=io.StringIO(script), stdout=out)
    shell.cmdqueue.append("add 5 5")
    shell.cmdloop()
    ended = Shell("TAB", io.StringIO("add 1"), out)
    ended.cmdloop("again")
    shell.columnize([f"item{number}" for number in range(30)], 40)
    shell.columnize([])
    shell.columnize(["single"])
    shell.columnize(["a" * 50, "b"], 20)
    shell.print_topics("Heading", ["x", "y"], 15, 20)
    return (
        out.getvalue(),
        [shell.parseline(line) for line in ("", "?x", "!y z", "word  rest of it", "_")],
        (shell.completenames("a"), shell.complete_add("o", "add o", 4, 5),
         sorted(shell.complete_help("to"))),
        (shell.completedefault(), shell.onecmd("EOF"), shell.lastcmd,
         error(shell.columnize, [1, "x"])),
    )


@USES.of("code")
def interactive_code() -> object:
    import code

    class Console(code.InteractiveConsole):
        def __init__(self, lines: list[str], names: dict[str, Any]) -> None:
            super().__init__(names, "<demo console>")
            self.lines, self.out = lines, list[str]()

        def raw_input(self, prompt: str = "") -> str:
            self.out.append(prompt)
            if not self.lines:
                raise EOFError
            line = self.lines.pop(0)
            if line == "^C":
                raise KeyboardInterrupt
            return line

        def write(self, data: str) -> None:
            self.out.append(data)

    names: dict[str, Any] = {"__name__": "demo"}
    saved = {name: sys.__dict__.pop(name) for name in ("ps1", "ps2") if hasattr(sys, name)}
    script = ["x = 1", "def f(a):", "  return a / 0", "", "f(x)", "1 +* 2", "^C", "if x:",
              "  y = [", " 2]", "", "raise KeyError('k')"]
    console = Console(script, names)
    console.interact("banner", "bye")
    quiet = Console(["z = y"], names)
    quiet.interact("", "")
    plain = code.InteractiveInterpreter({"__name__": "demo"})
    more = [plain.runsource(text) for text in ("a = 2", "while a:", "b = (")]
    text = "".join(console.out + quiet.out)
    sys.__dict__.update(saved)
    for name in {"last_type", "last_value", "last_traceback", "last_exc"} & set(dir(sys)):
        delattr(sys, name)
    pushed = console.push("w = 1"), console.push("for i in []:"), console.resetbuffer()
    return text, more, sorted(name for name in names if len(name) == 1), pushed


@USES.of("codeop")
def incomplete_code() -> object:
    import codeop

    texts = ("x = 1\n", "if x:", "if x:\n  y\n", "x = (", "# only\n", "", "def f():\n  '''",
             "a = 1\\")
    wrong = ("1 +* 2", "x = 'open", "\x00", " indented\n  x", "break 5", "if x\n")
    compiler, command = codeop.Compile(), codeop.CommandCompiler()
    future = compiler("from __future__ import annotations\n", "<a>",
                      "exec").co_flags & 0x1000000 > 0
    return (
        [codeop.compile_command(text) is None for text in texts],
        [error(codeop.compile_command, text) for text in wrong],
        [command(text, "<b>", mode) is None for text in ("x", "(") for mode in ("single", "eval")],
        future,
        compiler("x: int", "<a>", "exec").co_flags & 0x1000000 > 0,
    )


@USES.of("rlcompleter")
def completions() -> object:
    import rlcompleter

    class Props:
        shown = 1

        @property
        def trap(self) -> int:
            raise RuntimeError

        def method(self) -> None: ...

        def __getattr__(self, name: str) -> object:
            raise ValueError

    names = {"alpha": Props(), "alert": len, "_private": 1, "space": int}
    completer = rlcompleter.Completer(names)
    texts = ("al", "imp", "alpha.", "alpha._", "alpha.__cl", "space.real.", "Tru", "nothing.",
             "fin", "f(x).y", "le")
    found: list[object] = []
    for text in texts:
        seen, number = [], 0
        while (match := completer.complete(text, number)) is not None and number < 8:
            seen.append(match)
            number += 1
        found.append(seen)
    return (
        found, rlcompleter.get_class_members(Props)[:3], error(rlcompleter.Completer, 5),
        rlcompleter.Completer().complete("pri", 0)
    )
