"""Workloads over command lines."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error, said
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("argparse")
def command_lines() -> object:
    import argparse
    import os
    import tempfile

    def narrow(kind: Any) -> Any:
        return lambda prog: kind(prog, width=60, max_help_position=20)

    top = argparse.ArgumentParser(
        "tool",
        description="A tool. " * 12,
        epilog="See also: %(prog)s --help",
        formatter_class=narrow(argparse.ArgumentDefaultsHelpFormatter),
        fromfile_prefix_chars="@",
    )
    top.add_argument("--version", action="version", version="%(prog)s 1.0")
    top.add_argument("-v", "--verbose", action="count", default=0, help="say more")
    top.add_argument("-q", action="store_false", dest="loud")
    top.add_argument("--level", type=int, choices=[1, 2, 3], default=2, help="one of %(choices)s")
    top.add_argument("--colour", action=argparse.BooleanOptionalAction, default=True, help="paint")
    top.add_argument("--hidden", help=argparse.SUPPRESS)
    top.add_argument("-D", action="append", metavar="KEY=VAL", default=[])
    top.add_argument("--const", action="append_const", const=7, dest="D")
    top.add_argument("--more", action="extend", nargs="+", type=float)
    group = top.add_argument_group("files", "what to read")
    group.add_argument("--range", nargs=2, metavar=("LOW", "HIGH"))
    group.add_argument("--maybe", nargs="?", const="bare", default="absent")
    either = top.add_mutually_exclusive_group()
    either.add_argument("--fast", action="store_true")
    either.add_argument("--mode", action="store_const", const="slow")
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="CMD")
    copy = commands.add_parser("copy", aliases=["cp"], help="copy files",
                               formatter_class=narrow(argparse.HelpFormatter))
    copy.add_argument("source", nargs="+")
    copy.add_argument("target")
    copy.add_argument("rest", nargs=argparse.REMAINDER)
    copy.set_defaults(run="copier")
    shown = argparse.ArgumentParser(
        "raw",
        usage="%(prog)s [words]",
        description="keep\n  this",
        formatter_class=narrow(argparse.RawDescriptionHelpFormatter),
        add_help=False,
        prefix_chars="+-",
        argument_default=argparse.SUPPRESS,
        exit_on_error=False,
        parents=[either_parent(argparse)],
    )
    shown.add_argument("+x", "++extra", type=lambda text: int(text, 16))
    shown.add_argument("words", nargs="*", default=["none"])
    lines: tuple[str, ...] = (
        "-vvD a=1 --const -Db=2 cp a b c",
        "--level 3 --no-colour --more 1 2.5 --maybe -- copy x y --z",
        "--lev 1 --range 1 2 --fast --maybe=given copy a b", "-q --mode cp a b", "--help",
        "--version",
        "--level 9 copy a b", "--fast --mode copy a b", "copy a", "move a", "", "--range 1 copy a",
        "--c x",
        "--level one copy a b", "copy --help", "--fast=1 copy a b", "@/nonexistent/args",
        "--nope copy a b",
    )
    out = [said(lambda line=line: sorted(vars(top.parse_args(line.split())).items()))
           for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "args")
        with open(path, "w") as file:
            file.write("--level\n1\ncopy\na\nb\n")
        out.append(said(lambda: vars(top.parse_args(["@" + path]))["level"]))
        opened = argparse.ArgumentParser()
        opened.add_argument("file", type=argparse_file(argparse, path))
        opened.parse_args([path])
    out.append(said(shown.print_help))
    out.append(said(lambda: sorted(vars(shown.parse_args(["+x", "ff", "w", "-a", "1"])).items())))
    out.append(said(lambda: shown.parse_known_args(["--bogus", "w"])[1]))
    mixed = argparse.ArgumentParser("mixed", allow_abbrev=False)
    mixed.add_argument("--flag")
    mixed.add_argument("items", nargs="*", type=int)
    words = ["1", "--flag", "x", "2", "3"]
    out.append(said(lambda: sorted(vars(mixed.parse_intermixed_args(words)).items())))
    out.append(said(mixed.parse_args, ["--fla", "x"]))
    space = argparse.Namespace(a=1, **{"odd name": 2})
    errors = [
        error(shown.parse_args, ["+x", "zz"]), error(mixed.add_argument, "--flag"),
        error(mixed.add_argument, "bad", dest="x"),
        error(mixed.add_argument, "-n", nargs=0), error(mixed.add_argument, "x", action="nope"),
        error(mixed.add_argument),
        error(mixed.add_argument, "p", required=True), error(mixed.add_argument, "--t", type="int"),
        error(argparse.FileType("r"), "/nope"),
        error(mixed.add_argument, "--m", nargs=2, metavar=("A",)),
        error(mixed.add_mutually_exclusive_group().add_argument, "--r", required=True),
        said(lambda: error(top.add_subparsers))[0],
        error(mixed.add_argument, "s", action="store_true", nargs=1),
        error(mixed.add_argument, "--"),
    ]
    return (
        out, errors, repr(space), "a" in space, space == argparse.Namespace(),
        mixed.get_default("flag"), top.format_usage()
    )


def either_parent(argparse: Any) -> Any:
    parent = argparse.ArgumentParser(add_help=False)
    pair = parent.add_mutually_exclusive_group(required=False)
    pair.add_argument("-a", type=int)
    pair.add_argument("-b", action="store_true")
    return parent


def argparse_file(argparse: Any, path: str) -> Any:
    """A type that opens and closes its argument, unlike FileType."""

    def kind(text: str) -> str:
        with open(text) as file:
            return file.readline()

    return kind


@USES.of("optparse")
def option_parser() -> object:
    import optparse

    def check(option: Any, opt: str, value: str, parser: Any, *args: Any) -> None:
        if value == "bad":
            raise optparse.OptionValueError(f"{opt} must not be {value}")
        parser.values.checked = (value, *args)

    parser = optparse.OptionParser(
        usage="%prog [options] FILE",
        version="%prog 2",
        description="Old but in use. " * 6,
        prog="old",
        formatter=optparse.IndentedHelpFormatter(width=60),
        epilog="The end.",
        option_list=[optparse.make_option("-z", action="store_const", const=9, dest="zed")],
    )
    parser.set_defaults(level=1)
    parser.add_option("-l", "--level", type="int", help="level [default: %default]")
    parser.add_option("-f", "--file", metavar="NAME", action="append")
    parser.add_option("-v", action="count", dest="verbose")
    parser.add_option("-c", "--check", action="callback", callback=check, type="string",
                      callback_args=(1,))
    parser.add_option("--mode", type="choice", choices=["one", "two"])
    parser.add_option("--pair", nargs=2, type="float")
    parser.add_option("--flag", action="store_true", default=False)
    parser.add_option("--list", action="append_const", const="x")
    group = optparse.OptionGroup(parser, "Extra", "Rarely used.")
    group.add_option("--hidden", help=optparse.SUPPRESS_HELP)
    group.add_option("--complex", type="complex", default=1j)
    parser.add_option_group(group)

    def show(parsed: Any) -> object:
        return sorted(vars(parsed[0]).items()), parsed[1]

    lines = ("-vv -l0x10 --file=a --fi b rest -z",
             "--check ok --pair 1 2.5 --mode one --list --list", "-- -v", "--help")
    wrong = ("-l x", "--level", "--mode three", "--nope", "--f x", "--flag=1", "-c bad", "--pair 1",
             "--version", "-q")
    out = [said(lambda line=line: show(parser.parse_args(line.split()))) for line in lines]
    out += [said(parser.parse_args, line.split()) for line in wrong]
    parser.disable_interspersed_args()
    out.append(said(lambda: parser.parse_args(["a", "-v"])[1]))
    titled = optparse.TitledHelpFormatter(width=50)
    plain = optparse.OptionParser(prog="t", formatter=titled, add_help_option=False,
                                  conflict_handler="resolve")
    plain.add_option("-x", "--ex", help="first")
    plain.add_option("-x", help="second " * 9)
    out.append(said(plain.print_help))
    errors = [
        *(error(parser.add_option, *bad) for bad in ((), ("x",), ("-xy",), ("--",), ("-l",))),
        *(error(optparse.Option, "-o", **bad)
          for bad in ({"action": "x"}, {"type": "x"}, {"nope": 1},
                      {"nargs": 2, "action": "count"})),
        *(error(optparse.Option, "-o", **bad)
          for bad in ({"action": "callback"}, {"type": "choice"}, {"const": 1})),
        error(optparse.Option, "-o", type="choice", choices="x"),
        error(parser.remove_option, "--none"),
    ]
    plain.remove_option("--ex")
    return (
        out, errors, parser.has_option("-l"), parser.get_option("-f") is not None,
        parser.get_version(), plain.get_usage()
    )


@USES.of("getopt")
def posix_options() -> object:
    import getopt

    long = ["verbose", "output=", "verify"]
    wrong = (["-x"], ["-o"], ["--nope"], ["--ver"], ["--verbose=1"], ["--output"])
    return (
        getopt.getopt(["-ab", "-o", "f", "-ox", "--verb", "--out=y", "--", "-a"], "abo:", long),
        getopt.getopt(["-a", "file", "-b"], "ab"),
        getopt.gnu_getopt(["-a", "file", "-b", "--output", "z", "-", "--", "tail"], "ab", long),
        getopt.gnu_getopt(["a", "-b"], "+b"),
        getopt.getopt(["--verify"], "", "verify"),
        [error(getopt.getopt, args, "o:", long) for args in wrong],
        str(getopt.GetoptError("message", "-x")),
    )
