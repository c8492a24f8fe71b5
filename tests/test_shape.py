"""The shape of the code: what ruff does not measure. Limits are those of the project's style.

Lines of a body are counted from its first statement after the docstring to its last line, comments included.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
PACKAGES = ("gateway", "renderers", "coverpages")
LONGEST_MODULE = 300
LONGEST_BODY = 40
P90_BODY = 25
FORBIDDEN = {"manager", "handler", "helper", "helpers", "util", "utils", "processor", "service", "data", "info"}
FORBIDDEN |= {"item", "items", "obj", "misc", "stuff"}
# The three doors: an SMTP command, a worker's step, the command line. Nowhere else is an error of unknown kind caught.
DOORS = {"gateway/mail/front_door.py", "gateway/worker.py", "gateway/cli/main.py"}
# Words of others: SMTP's command DATA (RFC 5321 4.1.1.4), and the methods that html.parser and asyncio call.
NAMED_ELSEWHERE = {"smtp_data", "_do_data", "handle_data", "data_received", "feed_data"}
# Alembic names them and dictates their form.
GENERATED = "gateway/store/migrations/versions/"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[str, str]:
    """Product code by path."""
    paths = (path for package in PACKAGES for path in sorted((TOP / package).rglob("*.py")))
    return {str(path.relative_to(TOP)): path.read_text(encoding="utf-8") for path in paths}


@cache
def parsed() -> dict[str, ast.Module]:
    return {path: ast.parse(text) for path, text in modules().items()}


def trees(generated: bool = True) -> Iterator[tuple[str, ast.Module]]:
    for path, tree in parsed().items():
        if generated or not path.startswith(GENERATED):
            yield path, tree


@cache
def lengths_of_bodies() -> dict[str, int]:
    return {
        f"{path}:{node.lineno} {node.name}": body_lines(node)
        for path, tree in trees(generated=False)
        for node in ast.walk(tree)
        if isinstance(node, Function)
    }


def body_lines(function: Function) -> int:
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


def words_of(name: str) -> set[str]:
    """The words of an identifier, lower case: fax_rows, FaxRow and faxRow have the same two."""
    if name in NAMED_ELSEWHERE:
        return set()
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def blocks(node: ast.AST) -> Iterator[ast.Module | ast.ClassDef | Function]:
    """What can have a docstring; expressions are not looked into, which is quick."""
    if isinstance(node, ast.Module | ast.ClassDef | Function):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler):
            yield from blocks(child)


def docstring_lines(tree: ast.Module) -> set[int]:
    found: set[int] = set()
    for node in blocks(tree):
        if ast.get_docstring(node, clean=False) is not None:
            found |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return found


def code_lines(text: str, tree: ast.Module) -> int:
    """Lines with code on them: no blank lines, no comments, and no docstrings, which only product code must have."""
    written = {number for number, line in enumerate(text.splitlines(), 1) if line.strip() and line.strip()[0] != "#"}
    return len(written - docstring_lines(tree))


def script_lines() -> int:
    """Dialogues are test code of their own kind: who says what, line by line."""
    folder = TOP / "tests" / "dialogues"
    scripts = (path.read_text(encoding="utf-8") for kind in ("*.txt", "*.smtp") for path in folder.glob(kind))
    return sum(1 for script in scripts for line in script.splitlines() if line.strip() and not line.startswith("#"))


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {path: text.count("\n") for path, text in modules().items()}

    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    assert {where: lines for where, lines in lengths_of_bodies().items() if lines > LONGEST_BODY} == {}


def test_nine_of_ten_functions_have_at_most_25_lines() -> None:
    lengths = sorted(lengths_of_bodies().values())

    assert lengths[len(lengths) * 9 // 10] <= P90_BODY


def test_there_is_at_least_as_much_test_code_as_product_code() -> None:
    texts = (path.read_text(encoding="utf-8") for path in (TOP / "tests").rglob("*.py"))
    tests = sum(code_lines(text, ast.parse(text)) for text in texts) + script_lines()
    product = sum(code_lines(text, parsed()[path]) for path, text in modules().items())

    assert tests >= product


def test_names_of_modules_say_what_they_are() -> None:
    named = {path: words_of(Path(path).stem) & FORBIDDEN for path in modules()}

    assert {path: words for path, words in named.items() if words} == {}


def test_names_of_classes_and_functions_say_what_they_are() -> None:
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | Function) and words_of(node.name) & FORBIDDEN:
                found.append(f"{path}:{node.lineno} {node.name}")

    assert found == []


@pytest.mark.parametrize("name", ["call_data", "JobManager", "http_Utils", "parseInfo", "DATAHandler"])
def test_forbidden_words_are_found_in_every_spelling(name: str) -> None:
    assert words_of(name) & FORBIDDEN


@pytest.mark.parametrize("name", ["database", "informed", "itemize", "handle_DATUM", "SMTPSession"])
def test_words_that_only_contain_them_are_not(name: str) -> None:
    assert not words_of(name) & FORBIDDEN


def broad(node: ast.ExceptHandler) -> bool:
    """A bare except, or one that names Exception or BaseException, alone or in a tuple."""
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or ast.unparse(kind).split(".")[-1] in ("BaseException", "Exception") for kind in kinds)


def test_errors_of_unknown_kind_are_caught_at_the_three_doors_only() -> None:
    doors = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and broad(node):
                doors.append(path)

    assert set(doors) <= DOORS
    assert len(doors) <= len(DOORS)


def test_every_suppressed_finding_says_why() -> None:
    bare = []
    for path, text in modules().items():
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"# noqa(: [A-Z0-9, ]+)?$", line) or "type: ignore\n" in line:
                bare.append(f"{path}:{number}")

    assert bare == []


def test_every_module_says_what_lives_there() -> None:
    silent = [path for path, tree in trees() if not (ast.get_docstring(tree) or "").strip()]

    assert silent == []


def test_the_tree_names_no_machine_it_was_built_on() -> None:
    places = re.compile(r"(?<![\w.])/(home|root|farm|work)/")
    named = [path for path, text in modules().items() if places.search(text)]

    assert named == []
