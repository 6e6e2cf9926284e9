"""Every code that a service can answer comes with words for people.

The source is walked, so that a refusal that is written tomorrow is looked at too.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from types import ModuleType

import pytest
from starlette.exceptions import HTTPException

from deploy.stack.services import CHECKOUT
from shared.runtime.http.problems import of_http

Places = dict[str, tuple[int | str, int]]

PLACES: Places = {
    "Refused": (0, 1),
    "require": (1, 2),
    "Problem": (1, 2),
    "unavailable": (0, 1),
    "unauthorized": (0, 1),
    "TokenFault": (0, 1),
    "must_exist": (3, 4),
    "Reference": (3, 4),
    "Unreadable": (0, 1),
}
"""What says no, and which of its arguments are the code and the words."""

OF_MODULES: dict[str, Places] = {
    "services.notify.domain.url": {
        "_require": ("url-not-allowed", 1),
        "_refused": ("url-not-allowed", 0),
    },
    "services.notify.domain.mailbox": {"_require": ("address-not-allowed", 1)},
    "services.notify.domain.robots": {
        "_require": ("address-not-allowed", 1),
        "_split": ("address-not-allowed", 1),
    },
}
"""The same for functions of one module, which have a code of their own."""

MAPPING = {"of_refusal", "of_http", "of_fault", "_problem"}
"""Functions that make a problem of another error, with its words; `of_http` has a test below."""


@dataclass(frozen=True)
class Refusal:
    """A place where something is refused."""

    where: str
    code: str
    words: str


class Unknown(Exception):
    """What an expression says cannot be told from its module."""


def refusals() -> list[Refusal]:
    paths = [path for folder in ("services", "shared") for path in sorted((CHECKOUT / folder).rglob("*.py"))]
    found: list[Refusal] = []
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
        found += _in_module(name, tree, PLACES | OF_MODULES.get(name, {}))
    return found


def _in_module(name: str, tree: ast.Module, places: Places) -> Iterator[Refusal]:
    """Places outside of the functions that hand on what they were given."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not isinstance(call.func, ast.Name) or call.func.id not in places:
            continue
        around = [function for function in functions if call in ast.walk(function)]
        # The innermost, for words that have a name in it.
        inner = around[-1] if around else None
        if inner is not None and inner.name in places.keys() | MAPPING:
            continue
        code_at, words_at = places[call.func.id]
        module, where = importlib.import_module(name), f"{name}:{call.lineno}"
        assert len(call.args) > words_at, f"{where}: there are no words for people"
        code = code_at if isinstance(code_at, str) else _text(module, call.args[code_at], inner)
        yield Refusal(where, code, _text(module, call.args[words_at], inner))


def _text(module: ModuleType, node: ast.expr, inner: ast.AST | None) -> str:
    """What an expression says: a literal, one with gaps, or a name in its function or module."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(_text(module, v, inner) if isinstance(v, ast.Constant) else "…" for v in values)
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return str(getattr(getattr(module, owner), name))
        case ast.Name(id=name):
            found = [value for value in _values(inner, name) if value.lineno < node.lineno]
            return _text(module, found[-1], inner) if found else str(getattr(module, name))
    raise Unknown(f"{module.__name__}:{node.lineno}: {ast.unparse(node)}")


def _values(function: ast.AST | None, name: str) -> list[ast.expr]:
    """What `function` puts under `name`, in order."""
    assigned = [each for each in ast.walk(function) if isinstance(each, ast.Assign)] if function else []
    return [each.value for each in assigned if ast.unparse(each.targets[0]) == name]


def are_words(code: str, words: str) -> bool:
    """Whether `words` are more than the code, said again."""
    plain = words.lower().replace("-", " ").strip(" .")
    return plain != code.replace("-", " ") and len(words.split()) >= 3


def test_every_refusal_in_the_source_has_words_that_are_not_its_code() -> None:
    found = refusals()
    assert {refusal.code for refusal in found} >= {
        *("not-found", "volunteer-not-free", "slot-taken", "unknown-grid", "url-not-allowed"),
        *("token-missing", "too-many-requests", "internal-error", "invalid-request", "erased", "starting"),
    }
    assert [refusal for refusal in found if not are_words(refusal.code, refusal.words)] == []


def test_what_is_missing_and_what_is_anothers_are_refused_in_the_same_words() -> None:
    """Two texts in one service would tell a unit which ids are in use."""
    said = {refusal.words for refusal in refusals() if refusal.code == "not-found"}
    assert len({words for words in said if "has that name" not in words}) == 1


@pytest.mark.parametrize("status", [status for status in HTTPStatus if status >= 400])
def test_a_refusal_of_the_framework_has_words_too(status: int) -> None:
    problem = of_http(HTTPException(status))
    assert problem.status == status
    assert are_words(problem.code, problem.detail)


def test_a_code_said_again_is_no_words() -> None:
    assert not are_words("slot-taken", "slot taken")
    assert not are_words("slot-taken", "Slot-taken.")
    assert not are_words("slot-taken", "")
    assert are_words("slot-taken", "somebody is there already; choose another slot")
