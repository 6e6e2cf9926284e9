"""What people read of events: in both languages, without personal details, whatever a body holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from services.notify.templates.catalogue import words
from services.notify.templates.facts import CODED
from services.notify.templates.texts import and_more, lines, sent_to, subject, text
from shared.events.examples import example_of
from shared.events.index import BY_SERVICE
from shared.events.notify import Language
from shared.kernel.event import Partners
from shared.kernel.partner import HIDDEN_FIELDS, partner_form

TEMPLATES = Path(__file__).parents[2] / "services" / "notify" / "templates"
TOLD = {
    name: model
    for models in BY_SERVICE.values()
    for name, model in models.items()
    if issubclass(model, Partners)
}
LANGUAGES: tuple[Language, ...] = ("zh", "en")
REQUEST = "request-0192f5d0-7c1e-7a44-9d3b-5f0e6c2a1b47"
AT = "2026-11-24T03:29:28.123Z"
DASH = "\u2013"
PRIVATE = ("resident-", "3f1c9f0b8f4f6a5f", "东川区卫生服务中心", "registry@", "unit-police-station")


def body(type: str, data: object, subject: str = REQUEST, **more: object) -> bytes:
    document = {"id": "0192f5d0-0000", "type": type, "subject": subject, "time": AT, "data": data, **more}
    return json.dumps(document).encode()


def example(type: str) -> bytes:
    """An event of `type` with every field filled, as a unit sees it."""
    data = example_of(type)
    document = json.loads(body(type, data))
    return json.dumps(partner_form(document, str(data.get("unit", "unit-health-centre")))).encode()


CREATED = body(
    "request-created",
    {"service": "home-visit", "grid": "grid-3", "priority": "urgent", "due": "2026-11-24T03:59:28.123Z"},
)


def test_a_sentence_reads_as_if_a_person_had_written_it() -> None:
    assert lines(CREATED, "zh") == [
        f"新请求 {REQUEST}：服务 home-visit，网格 grid-3，优先级 高，到场时限 2026年11月24日 11:59",
        "发生时间：2026年11月24日 11:29（北京时间）",
        "事件编号：0192f5d0-0000",
    ]
    assert lines(CREATED, "en") == [
        f"New request {REQUEST} {DASH} service home-visit, grid grid-3, priority urgent, "
        "somebody is to be there by 24 Nov 2026, 11:59",
        "Happened on 24 Nov 2026, 11:29 (China's time)",
        "Event id: 0192f5d0-0000",
    ]
    assert subject([CREATED], "zh") == f"邻里：新请求 {REQUEST}"


def test_what_is_inside_of_a_request_is_named_briefly_and_a_slot_by_one_date() -> None:
    slot = {"start": "2026-11-24T06:00:00.000Z", "end": "2026-11-24T07:30:00.000Z"}
    visit = body("visit-scheduled", {"visit": f"{REQUEST}.visit-1", "slot": slot})
    said = lines(visit, "zh")[0]
    assert said == f"请求 {REQUEST} 的上门服务 visit-1 已安排：时段 2026年11月24日 14:00{DASH}15:30"


def test_a_digest_has_a_line_for_each_event_and_the_number_of_the_rest() -> None:
    closed = body("request-closed", {"reason": "rated"})
    said = text([CREATED, closed], 1, "en")
    assert said.title == "Linli: 3 notifications"
    assert [line.partition(f" {DASH} ")[0] for line in said.lines] == [
        f"24 Nov 2026, 11:29 New request {REQUEST}",
        f"24 Nov 2026, 11:29 Request {REQUEST} is closed",
    ]
    assert (said.more, and_more(said.more, "en"), and_more(2, "zh")) == (1, "and 1 more", "另有 2 条")
    assert subject([CREATED], "zh", more=2) == "邻里：3 条通知"
    assert subject([CREATED] * 2, "en") == "Linli: 2 notifications"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("type", [*TOLD])
def test_every_type_that_units_are_told_of_has_a_sentence(type: str, language: Language) -> None:
    assert words(language).find("event", type) is not None
    said = [subject([example(type)], language), *lines(example(type), language)]
    for line in said:
        assert not set(line) & set("{}?"), line
        assert not any(name in line for name in PRIVATE), line
        assert "\n" not in line


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_is_shown_has_words(language: Language) -> None:
    missing = {
        (name, code)
        for model in TOLD.values()
        for name, field in model.model_fields.items()
        if name in CODED - HIDDEN_FIELDS
        for code in codes(field.annotation)
        if words(language).find(name, code) is None
    }
    assert missing == set()


def codes(annotation: Any) -> Iterator[str]:
    """The strings that a `Literal` somewhere in `annotation` names."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from codes(part)


def test_both_languages_say_the_same_things() -> None:
    keys = []
    for language in LANGUAGES:
        with (TEMPLATES / f"{language}.po").open("rb") as file:
            messages = [message for message in read_po(file, abort_invalid=True) if message.id]
        assert len({(message.context, message.id) for message in messages}) == len(messages)
        keys.append({(message.context, message.id) for message in messages})
    assert keys[0] == keys[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_type_without_a_sentence_of_its_own_has_the_general_one(language: Language) -> None:
    said = lines(body("bench-painted", {"grid": "grid-3"}, "bench-1"), language)[0]
    assert "bench-painted" in said
    assert "bench-1" in said
    assert "grid-3" in said


def test_no_personal_detail_is_shown_even_if_a_body_had_one() -> None:
    data = {"resident": "resident-1", "tier": "high", "details": "Mei", "name": {"zh": "梅"}, "phone": "138"}
    said = "".join(lines(body("request-created", data), "zh"))
    assert not any(word in said for word in ("resident-1", "high", "Mei", "梅", "138"))


def test_what_a_chat_would_take_for_a_link_or_a_call_is_only_text() -> None:
    data = {"service": "[here](https://example.org)\n\n# <@all> @all `x`", "grid": "g\u202e\r\nBcc: a"}
    said = lines(body("request-created", data), "en")[0]
    assert not set(said) & set("[]()<>@#`\r\n\u202e")


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b"{" * 5000,
        body("request-created", None),
        body("request-created", ["a"]),
        body("request-created", {"service": {"a": 1}, "slot": 7, "due": "9999-12-31T23:59:59Z", "solved": 1}),
        body("request-created", {"slot": {"start": "0001-01-01T00:00:00Z", "end": "never"}, "due": "soon"}),
        body("request-created", {"service": "x" * 1_000_000, "times": 10**15}),
        body("", {}, ""),
        body("{subject.__class__}", {"reason": "{0}", "priority": "", "visit": "{x}"}, "{subject}"),
        body("x" * 10_000, {}, "\ud800", time=5),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_odd_body_is_told_as_well_as_it_can_be(odd: bytes, language: Language) -> None:
    for said in (subject([odd], language), *lines(odd, language), *text([odd, odd], 3, language).lines):
        assert 0 < len(said) < 600
        assert said.isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(["service", "slot", "due", "reason", "visit", "solved", "priority", "times", "kind"])


@given(
    type=st.sampled_from([*TOLD]) | st.text(),
    subject=JSON,
    data=st.dictionaries(FIELDS, JSON),
    language=st.sampled_from(LANGUAGES),
)
def test_nothing_that_a_body_says_makes_it_fail(
    type: str, subject: object, data: dict[str, object], language: Language
) -> None:
    document = {"id": 1, "type": type, "subject": subject, "time": AT, "data": data}
    for said in text([json.dumps(document).encode()], 0, language).lines:
        assert said.isprintable()


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_which_endpoint_was_told(language: Language) -> None:
    assert "endpoint-1" in sent_to("endpoint-1", language)


def test_the_page_on_channels_shows_texts_as_they_are() -> None:
    page = (TEMPLATES.parents[2] / "docs" / "channels.md").read_text()
    about = {"service": "service-home-health-help", "grid": "shaba-03", "priority": "urgent"}
    created = body("request-created", {**about, "due": "2026-11-24T03:59:28.123Z"})
    slot = {"start": "2026-11-24T06:00:00.000Z", "end": "2026-11-24T07:30:00.000Z"}
    planned = body("visit-scheduled", {**about, "visit": f"{REQUEST}.visit-1", "slot": slot})
    one = text([created.replace(b"0192f5d0-0000", b"0192f5d0-7d00-7000-8000-000000000001")], 0, "zh")
    several = text([created, planned.replace(b"T03:29:28", b"T04:05:00")], 3, "en")
    for said in (one, several):
        more = [and_more(said.more, "en")] if said.more else []
        assert "\n".join(["```text", said.title, "", *said.lines, *more, "```"]) in page
