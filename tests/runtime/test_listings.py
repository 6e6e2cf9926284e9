"""Sealed details are found by keyed hashes alone, in the communities asked for, and never once erased."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.kernel.terms import likeness_terms, name_query, search_terms, telephone_query
from shared.runtime.mongo import Database
from shared.runtime.sealed import Detail, Erased, Found, Listing, SealedDetails, new_detail
from shared.runtime.sealing import MOST_TERMS

SHABA = ("shaba",)


def resident(subject: str, name: str, telephone: str = "13800000001", community: str = "shaba") -> Detail:
    terms = search_terms([name], [telephone]) + likeness_terms(name, [telephone])
    content = {"name": name, "phone": telephone}
    return new_detail(subject, content, listing=Listing(community, "resident", terms))


async def found(sealed: SealedDetails, query: str, communities: Sequence[str] = SHABA) -> list[str]:
    return [each.subject for each in await sealed.search([name_query(query)], communities, "resident")]


async def test_who_is_searched_is_found_and_read(sealed: SealedDetails) -> None:
    detail = resident("resident-1", "王秀英")
    await sealed.write([detail, resident("resident-2", "李梅")], "resident-1", 1)
    for query in ("王", "秀英", "wangx", "wxy"):
        assert await sealed.search([name_query(query)], SHABA, "resident") == [
            Found("resident-1", (detail.digest,))
        ]
    assert await sealed.read(detail.digest) == {"name": "王秀英", "phone": "13800000001"}
    assert await found(sealed, "张") == []


async def test_the_store_holds_no_word_of_what_is_searched(sealed: SealedDetails, database: Database) -> None:
    detail = resident("resident-1", "王秀英")
    await sealed.write([detail], "resident-1", 1)
    document = await database["details-searched"].find_one({})
    assert document is not None
    everything = repr(document).encode() + b"".join(document["terms"]) + document["listing"]
    for word in ("王", "wang", "wxy", "13800000001", "telephone", "shaba"):
        assert word.encode() not in everything
    assert {len(term) for term in document["terms"]} == {16}


async def test_another_community_and_another_kind_find_nobody(sealed: SealedDetails) -> None:
    await sealed.write([resident("resident-1", "王秀英")], "resident-1", 1)
    await sealed.write([resident("resident-2", "王秀英", community="lianhua")], "resident-2", 1)
    assert await found(sealed, "王", ["lianhua"]) == ["resident-2"]
    assert await found(sealed, "王", ["shaba", "lianhua"]) == ["resident-1", "resident-2"]
    assert await found(sealed, "王", []) == []
    assert await sealed.search([name_query("王")], SHABA, "volunteer") == []


async def test_all_that_is_asked_for_must_be_so(sealed: SealedDetails) -> None:
    await sealed.write([resident("resident-1", "王秀英", "13800000001")], "resident-1", 1)
    await sealed.write([resident("resident-2", "王秀英", "13800000002")], "resident-2", 1)
    wanted = [name_query("王"), telephone_query("0002")]
    assert [each.subject for each in await sealed.search(wanted, SHABA, "resident")] == ["resident-2"]
    assert await sealed.search([name_query("李"), telephone_query("0002")], SHABA, "resident") == []
    assert await sealed.search([name_query("王"), frozenset()], SHABA, "resident") == []
    assert await sealed.search([], SHABA, "resident") == []


async def test_pages_follow_each_other_without_a_gap(sealed: SealedDetails) -> None:
    everybody = [f"resident-{number}" for number in range(10, 17)]
    await sealed.write([resident(subject, "王秀英") for subject in everybody], "import-1", 1)
    seen: list[str] = []
    while page := await sealed.search(
        [name_query("王")], SHABA, "resident", limit=3, after=seen[-1] if seen else None
    ):
        seen += [each.subject for each in page]
    assert seen == everybody


async def test_who_looks_the_same_is_told_by_name_and_telephone(sealed: SealedDetails) -> None:
    await sealed.write([resident("resident-1", "王秀英", "138 0000 0001")], "resident-1", 1)
    await sealed.write([resident("resident-2", "王秀英", "13800000002")], "resident-2", 1)
    await sealed.write([resident("resident-3", "王秀兰", "13800000001")], "resident-3", 1)
    same = await sealed.search([likeness_terms("王 秀英", ["+86 13800000001"])], SHABA, "resident")
    assert [each.subject for each in same] == ["resident-1"]


async def test_nobody_who_was_erased_is_found(sealed: SealedDetails, database: Database) -> None:
    detail = resident("resident-1", "王秀英")
    await sealed.write([detail], "resident-1", 1)
    assert await sealed.erase("resident-1") == [detail.digest]
    assert await found(sealed, "王") == []
    with pytest.raises(Erased):
        await sealed.write([resident("resident-1", "王秀英")], "resident-1", 2)
    assert await database["details-searched"].count_documents({}) == 0


async def test_what_is_unlisted_is_read_and_not_found(sealed: SealedDetails) -> None:
    old, new = resident("resident-1", "王秀英"), resident("resident-1", "王秀兰")
    await sealed.write([old], "resident-1", 1)
    await sealed.write([new], "resident-1", 2)
    assert (await sealed.search([name_query("王")], SHABA, "resident"))[0].digests == tuple(
        sorted([old.digest, new.digest])
    )
    await sealed.unlist([old.digest])
    assert await found(sealed, "秀英") == []
    assert (await sealed.read(old.digest))["name"] == "王秀英"
    assert await found(sealed, "秀兰") == ["resident-1"]


async def test_the_terms_of_one_detail_are_few(sealed: SealedDetails, database: Database) -> None:
    listing = Listing("shaba", "resident", [f"name:{number}" for number in range(1000)])
    await sealed.write([new_detail("resident-1", {}, listing=listing)], "resident-1", 1)
    document = await database["details-searched"].find_one({})
    assert document is not None
    assert len(document["terms"]) == MOST_TERMS


async def test_what_is_not_searched_pays_for_no_index_of_terms(
    sealed: SealedDetails, database: Database
) -> None:
    await sealed.write([new_detail("resident-1", {"text": "words"})], "request-1", 1)
    for name in ("details", "details-of-requests"):
        keys = [index["key"] for index in await database[name].list_indexes().to_list(None)]
        assert not any("terms" in key for key in keys), name
    assert await database["details"].count_documents({}) == 1


async def test_a_request_s_own_detail_cannot_be_searched() -> None:
    with pytest.raises(ValueError, match="person"):
        new_detail("request-1", {}, person=False, listing=Listing("shaba", "request", ["x"]))


async def test_a_page_of_details_is_read_at_once_without_those_erased(sealed: SealedDetails) -> None:
    listed = [resident(f"resident-{number}", "王秀英") for number in range(3)]
    other = new_detail("client-1", {"name": "front desk"})
    nobodys = new_detail("request-1", {"text": "words"}, person=False)
    await sealed.write([*listed, other, nobodys], "import-1", 1)
    await sealed.erase("resident-1")
    digests = [each.digest for each in (*listed, other, nobodys)]
    read = await sealed.read_many([*digests, "d" * 64])
    assert read.keys() == set(digests) - {listed[1].digest}
    assert read[nobodys.digest] == {"text": "words"}
    assert read[listed[2].digest]["name"] == "王秀英"
    assert await sealed.read_many([]) == {}
