"""The bytes that are hashed, fixed for ever: if a test here fails, it is not the test that is wrong."""

from __future__ import annotations

import hashlib

import pytest

from services.audit.domain.chain import GENESIS, begins, chained, leaf, leaf_hash, read_leaf
from services.audit.domain.contiguity import break_between, entry_id
from shared.kernel.canonical import decode_object, encode
from shared.kernel.cloudevent import START, Place

EVENT = (
    '{"authid":"client-1","authrole":"dispatcher","authtype":"service_account","commitsize":1,'
    '"community":"shaba","correlationid":"correlation-1",'
    '"data":{"channel":"telephone","community":"shaba","note":"邻里"},"datacontenttype":"application/json",'
    '"dataschema":"urn:linli:event:request-created:1","id":"0193b5c0-0000-7000-8000-00000000000%d",'
    '"partitionkey":"request-0193b5c0-0000-7000-8000-0000000000a%d",'
    '"recordedtime":"2026-11-24T03:29:28.200Z","sequence":"00000000000%d.0000","source":"/linli/dispatch",'
    '"specversion":"1.0","streamversion":1,"subject":"request-0193b5c0-0000-7000-8000-0000000000a%d",'
    '"time":"2026-11-24T03:29:28.123Z","type":"request-created"}'
)
EVENTS = [(EVENT % (n, n, n + 1, n)).encode() for n in range(2)]
RECORDED = "2026-11-24T03:29:28.500Z"
LEAVES = [
    b'{"event":' + event + b',"recorded":"2026-11-24T03:29:28.500Z","seq":%d}' % n
    for n, event in enumerate(EVENTS)
]
LEAF_HASHES = [
    "9bcc17645cbb063ef83021c94199c0a2f12d5d361ff1a54cc0840aa8df514e32",
    "fd4267f9893ee089ebd4517abb178a5de2734877f4a62a0d7e6902a18f1a5c15",
]
CHAINS = [
    "94a8685fe443d426bf8b81efb9a4fca32313d73ef2fe67e57ee3d456ee313a2f",
    "3722243d11fc9774a007f553eda5d316d9d66b62f9324454ea1f7ac78f3f68f3",
]


def test_the_bytes_of_leaf_and_chain_are_for_ever() -> None:
    chain = GENESIS
    for n, event in enumerate(EVENTS):
        data = leaf(n, RECORDED, event)
        assert data == LEAVES[n]
        assert leaf_hash(data).hex() == LEAF_HASHES[n]
        chain = chained(chain, leaf_hash(data))
        assert chain.hex() == CHAINS[n]


def test_the_chain_is_plain_sha_256_from_32_zero_bytes() -> None:
    first = hashlib.sha256(b"\x00" + LEAVES[0]).digest()
    assert first.hex() == LEAF_HASHES[0]
    assert hashlib.sha256(bytes(32) + first).hexdigest() == CHAINS[0]
    second = hashlib.sha256(b"\x00" + LEAVES[1]).digest()
    assert hashlib.sha256(bytes.fromhex(CHAINS[0]) + second).hexdigest() == CHAINS[1]


@pytest.mark.parametrize("seq", [0, 7, 10**12])
@pytest.mark.parametrize("event", [*EVENTS, b"{}", '{"text":"\\" \\\\ 邻"}'.encode()])
def test_a_spliced_leaf_is_the_canonical_json_of_its_three_parts(seq: int, event: bytes) -> None:
    parts = {"seq": seq, "recorded": RECORDED, "event": decode_object(event)}
    assert leaf(seq, RECORDED, event) == encode(parts)


def test_a_leaf_reads_back_as_what_it_was_made_of() -> None:
    read = read_leaf(LEAVES[1])
    assert (read.seq, read.recorded, encode(read.event)) == (1, RECORDED, EVENTS[1])


def test_a_leaf_begins_with_its_own_event_only() -> None:
    assert LEAVES[0].startswith(begins(EVENTS[0]))
    assert not LEAVES[0].startswith(begins(EVENTS[1]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not JSON",
        b"[]",
        b'{"event":{},"recorded":"x"}',
        b'{"event":{},"recorded":"x","seq":0,"more":1}',
        b'{"event":{},"recorded":"x","seq":true}',
        b'{"event":[],"recorded":"x","seq":0}',
        b'{"event":{},"recorded":5,"seq":0}',
        b'{"seq":0,"recorded":"x","event":{}}',
        b'{"event":{},"recorded":"x","seq": 0}',
        b'{"event":{"a":1,"a":2},"recorded":"x","seq":0}',
    ],
)
def test_what_is_not_the_one_form_of_a_leaf_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_leaf(data)


def test_a_place_is_named_by_source_and_sequence() -> None:
    assert entry_id("dispatch", Place(184, 3, 5)) == "dispatch@000000000184.0003"


@pytest.mark.parametrize(
    ("last", "place", "wrong"),
    [
        (START, Place(1, 0, 1), None),
        (START, Place(1, 0, 3), None),
        (Place(1, 0, 3), Place(1, 1, 3), None),
        (Place(1, 2, 3), Place(2, 0, 1), None),
        (START, Place(2, 0, 1), "gap"),
        (START, Place(1, 1, 2), "gap"),
        (Place(1, 0, 3), Place(2, 0, 1), "gap"),
        (Place(1, 2, 3), Place(3, 0, 1), "gap"),
        (Place(2, 0, 1), Place(2, 0, 1), "again"),
        (Place(2, 0, 1), Place(2, 0, 2), "again"),
        (Place(2, 0, 1), Place(1, 2, 3), "again"),
        (Place(1, 0, 3), Place(1, 1, 2), "size"),
    ],
)
def test_nothing_is_left_out_and_nothing_comes_twice(last: Place, place: Place, wrong: str | None) -> None:
    assert break_between(last, place) == wrong
