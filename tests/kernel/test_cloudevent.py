"""The CloudEvent form of a commit, where its events stand, and what is not one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kernel.canonical import Json, decode_object, encode
from shared.kernel.cloudevent import START, Place, documents, encoded, heard, parse, sequence
from shared.kernel.commit import Actor, Commit, StoredEvent

EVENT = StoredEvent(
    "event-1", "request-created", "request-1", 1, {"community": "shaba"}, "2026-11-24T03:29:28.123Z"
)
COMMIT = Commit(
    "commit-1",
    (EVENT, replace(EVENT, id="event-2", type="duty-booked", stream="calendar-1")),
    Actor("dispatcher", "client-1"),
    "correlation-1",
    pos=184,
    at="2026-11-24T03:29:28.456Z",
)
DOCUMENT = documents("dispatch", COMMIT)[0]


def places(sizes: list[int]) -> Iterator[Place]:
    for pos, size in enumerate(sizes, start=1):
        for index in range(size):
            yield Place(pos, index, size)


@settings(deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_each_place_is_next_to_its_successor_alone(sizes: list[int]) -> None:
    log = [START, *places(sizes)]
    for number, place in enumerate(log):
        following = [other for other in log if place.next_is(other)]
        assert following == log[number + 1 : number + 2]


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 10**12 - 1), st.integers(0, 9999)),
    st.tuples(st.integers(1, 300), st.integers(0, 99)),
)
def test_the_order_of_sequences_as_text_is_the_order_of_the_log(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    assert (sequence(*one) < sequence(*other)) == (one < other)


def test_reading_gives_what_was_written() -> None:
    first, second = (parse(raw) for raw in encoded("dispatch", COMMIT))
    assert (first.id, first.service, first.type, first.stream, first.version) == (
        "event-1",
        "dispatch",
        "request-created",
        "request-1",
        1,
    )
    assert (first.place, second.place) == (Place(184, 0, 2), Place(184, 1, 2))
    assert (first.time, first.recorded) == (EVENT.occurred_at, COMMIT.at)
    assert (first.community, first.correlation, first.data) == ("shaba", "correlation-1", EVENT.data)
    assert first.raw == encoded("dispatch", COMMIT)[0]


@pytest.mark.parametrize(("kind", "authtype"), [("system", "system"), ("unit", "service_account")])
def test_the_actor_is_named(kind: str, authtype: str) -> None:
    document = documents("dispatch", replace(COMMIT, actor=Actor(kind, "client-9")))[0]
    assert (document["authtype"], document["authrole"], document["authid"]) == (authtype, kind, "client-9")


def test_what_a_commit_does_not_know_is_left_out() -> None:
    assert not {"causationid", "traceparent", "dataref"} & DOCUMENT.keys()
    known = replace(COMMIT, causation="event-0", traceparent="00-aa-bb-01")
    assert documents("dispatch", known)[0]["causationid"] == "event-0"
    assert documents("dispatch", known)[0]["traceparent"] == "00-aa-bb-01"


def test_an_event_with_details_says_where_to_ask_for_them() -> None:
    sealed = replace(EVENT, data={**EVENT.data, "details": "d" * 64})
    document = documents("dispatch", replace(COMMIT, events=(sealed,)))[0]
    assert document["dataref"] == "/v1/requests/request-1/details"


@pytest.mark.parametrize(
    "attribute",
    [
        *("id", "source", "type", "time", "recordedtime", "subject", "streamversion", "sequence"),
        *("commitsize", "community", "correlationid", "data"),
    ],
)
def test_a_document_without_what_following_needs_is_refused(attribute: str) -> None:
    with pytest.raises(ValueError, match=f"missing: {attribute}"):
        parse(encode({name: value for name, value in DOCUMENT.items() if name != attribute}))


WRONG: dict[str, list[Json]] = {
    "id": [None, 7, "", ["event-1"]],
    "type": [None, 7, ""],
    "subject": [None, {}, ""],
    "community": [None, ""],
    "correlationid": [None, 1],
    "source": [None, 5, "", "dispatch", "/linli/", "/other/dispatch", "/linli/a/b"],
    "sequence": [
        *(None, 184, "", "184", "184.0", "000000000184.0000.0", "000000000184.0002", "000000000000.0000"),
        *("-00000000184.0000", "00000000_184.0000", "0000000\uff11184.0000", "000000000184.0000\n"),
    ],
    "commitsize": [None, 0, -1, True, "2"],
    "streamversion": [None, 0, -1, True, "1"],
    "time": [None, 0, "yesterday", "2026-11-24T03:29:28Z", "2026-11-24"],
    "recordedtime": [None, "2026-11-24T11:29:28.123+08:00"],
    "data": [None, [], "{}", 1],
}


@pytest.mark.parametrize(
    ("attribute", "value"), [(attribute, value) for attribute, values in WRONG.items() for value in values]
)
def test_a_document_with_a_wrong_attribute_is_refused(attribute: str, value: Json) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(encode({**DOCUMENT, attribute: value}))


@pytest.mark.parametrize("number", [b"1.5", b"1.0", b"1e3"])
def test_a_version_with_a_fraction_is_refused(number: bytes) -> None:
    with pytest.raises(ValueError, match="no number"):
        parse(encode(DOCUMENT).replace(b'"streamversion":1', b'"streamversion":' + number))


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'"event"', encode(DOCUMENT)[:-1]])
def test_what_is_no_document_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(raw)


def test_attributes_that_are_not_known_yet_are_no_obstacle() -> None:
    later = {**decode_object(encode(DOCUMENT)), "sampledrate": 3}
    assert parse(encode(later)).id == "event-1"


def test_what_is_heard_of_the_own_log_is_what_the_bytes_say() -> None:
    more = replace(EVENT, id="event-2", version=EVENT.version + 1, data={**EVENT.data, "details": "d" * 64})
    commit = replace(COMMIT, events=(EVENT, more), causation="event-0")
    assert heard("dispatch", commit) == [parse(raw) for raw in encoded("dispatch", commit)]
