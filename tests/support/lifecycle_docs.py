"""The diagram and the tables in docs/lifecycle.md, made from what the deciders decide.

`python -m tests.support.lifecycle_docs` writes them anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from shared.folds.request_state import ENDED
from tests.support.lifecycle import NOTHING, STATUSES, Outcome, by_the_clock, outcomes
from tests.support.story_of_life import COMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"
BEGIN = "<!-- made by `python -m tests.support.lifecycle_docs` from services/dispatch/domain/ -->\n"
END = "<!-- end -->\n"
OPEN = tuple(status for status in STATUSES if status not in ENDED)


def diagram() -> str:
    """The states and what leads from one to another, in Mermaid. What leads somewhere from every open state
    leads there from the frame around them."""
    changes: dict[tuple[str, str], list[str]] = {}
    for outcome in (*outcomes(), *by_the_clock()):
        if outcome.before != outcome.after:
            label = outcome.command if outcome.command in COMMANDS else f"{outcome.command} lapses"
            named = changes.setdefault((outcome.before, outcome.after), [])
            if label not in named:
                named.append(label)
    lines = ["stateDiagram-v2", "    [*] --> received: create", "    state open {"]
    lines += [f'        state "{status}" as {_id(status)}' for status in OPEN]
    lines += [f"        {line}" for line in _arrows(changes, inside=True)]
    lines += ["    }", *(f"    {line}" for line in _arrows(changes, inside=False))]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def _arrows(changes: dict[tuple[str, str], list[str]], inside: bool) -> Iterator[str]:
    framed: set[tuple[str, str]] = set()
    for (before, after), labels in changes.items():
        if inside is not (before in OPEN and after in OPEN):
            continue
        from_all = before in OPEN and all(changes.get((each, after)) == labels for each in OPEN)
        arrow = ("open" if from_all else _id(before), _id(after))
        if arrow not in framed:
            framed.add(arrow)
            yield f"{arrow[0]} --> {arrow[1]}: {', '.join(labels)}"


def _id(status: str) -> str:
    return status.replace("-", "_")


def commands() -> str:
    """A line for each command, a column for each state: what it decides, or why it does not."""
    found = list(outcomes())
    codes = _codes(found)
    lines = [f"| command | {' | '.join(STATUSES)} | decides |", "|---|" + ":-:|" * len(STATUSES) + "---|"]
    for command in COMMANDS:
        own = [outcome for outcome in found if outcome.command == command]
        cells = " | ".join(_cell([o for o in own if o.before == status], codes) for status in STATUSES)
        decided = sorted({f"`{event}`" for outcome in own for event in outcome.events})
        lines.append(f"| {command} | {cells} | {', '.join(decided)} |")
    legend = ", ".join(f"{number} `{code}`" for code, number in codes.items())
    return "\n".join([*lines, "", f"{legend}."]) + "\n"


def _cell(own: Iterable[Outcome], codes: dict[str, int]) -> str:
    said = {outcome.said if outcome.said == NOTHING else outcome.code for outcome in own}
    marks = ["✓"] if None in said else []
    marks += ["="] if NOTHING in said else []
    return " ".join([*marks, *(str(number) for code, number in codes.items() if code in said)])


def _codes(found: Iterable[Outcome]) -> dict[str, int]:
    """A number for each code, in the order in which they come."""
    codes = dict.fromkeys(outcome.code for outcome in found if outcome.code is not None)
    return {code: number for number, code in enumerate(codes, start=1)}


def clock() -> str:
    """A line for each kind of deadline: in which states it is waited for, and what happens then."""
    found = list(by_the_clock())
    lines = ["| deadline | waited for in | happens |", "|---|---|---|"]
    for kind in dict.fromkeys(outcome.command for outcome in found):
        own = [outcome for outcome in found if outcome.command == kind]
        states = [status for status in STATUSES if any(outcome.before == status for outcome in own)]
        events = dict.fromkeys(f"`{event}`" for outcome in own for event in outcome.events)
        lines.append(f"| `{kind}` | {', '.join(states)} | {', '.join(events)} |")
    return "\n".join(lines) + "\n"


PARTS = {"states": diagram, "commands": commands, "clock": clock}


def made(page: str) -> str:
    """`page` with each part in its place: behind its BEGIN, one after the other."""
    pieces = page.split(BEGIN)
    assert len(pieces) == len(PARTS) + 1, "a BEGIN for each part"
    anew = [pieces[0]]
    for part, piece in zip(PARTS.values(), pieces[1:], strict=True):
        anew.append(f"{BEGIN}{part()}{END}{piece.partition(END)[2]}")
    return "".join(anew)


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
