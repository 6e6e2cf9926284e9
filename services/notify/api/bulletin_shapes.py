"""What is sent as bulletins and reports, and what answers look like; a test compares them with real ones."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field, StringConstraints, model_validator

from services.notify.domain.bulletin import MOST_UNITS
from shared.events.notify import WithdrawnFor
from shared.kernel.canonical import Json
from shared.kernel.times import Time
from shared.runtime.http.bodies import Body, Code
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

BULLETIN = "bulletin-01a20bba-7a10-7d2f-b5a1-94c0d1e7f3a2"
REPORT = "report-01a20bba-7a10-7d2f-b5a1-94c0d1e7f3a3"
_HEALTH, _SCHOOL = "unit-health-centre", "unit-primary-school"
_AT = "2026-11-24T03:29:28.123Z"
_TITLE = {"zh": "周五停水", "en": "No water on Friday"}
_TEXT = {"zh": "周五9点至17点检修水管。", "en": "The pipes are mended on Friday from 9 to 17."}

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
_OwnCommunity = Annotated[
    Code | Absent, Field(description="one of the token's; it may leave out its only one")
]
_Words = TypeVar("_Words", bound="WordsBody")


class TitleBody(Body):
    """A title in Chinese, in English, or both."""

    zh: Title | Absent = None
    en: Title | Absent = None


class TextBody(Body):
    """A text in the languages of the title."""

    zh: Text | Absent = None
    en: Text | Absent = None


class WordsBody(Body):
    """What is written, in one language or both; it names nobody."""

    title: TitleBody = Field(examples=[_TITLE])
    text: TextBody = Field(examples=[_TEXT])
    community: _OwnCommunity = None

    @model_validator(mode="after")
    def _is_whole(self: _Words) -> _Words:
        languages = self.title.model_dump(exclude_none=True).keys()
        if not languages or languages != self.text.model_dump(exclude_none=True).keys():
            raise ValueError("title and text are in the same languages: zh, en, or both")
        return self

    def words(self) -> dict[str, Json]:
        """What is sealed: `{title: {zh, en}, text: {zh, en}}`, without a language that is missing."""
        words: dict[str, Json] = self.model_dump(mode="json", include={"title", "text"}, exclude_none=True)
        return words


class BulletinBody(WordsBody):
    """A bulletin, to some units or to all."""

    units: list[Id] | Absent = Field(None, min_length=1, max_length=MOST_UNITS, examples=[[_HEALTH]])
    to_all: bool = Field(False, description="all units that may come in now, instead of `units`")
    urgent: bool = Field(False, description="said in the event, for whatever tells people of it")
    reply_by: Time | Absent = Field(None, description="until when a report in answer is asked for")

    @model_validator(mode="after")
    def _goes_somewhere(self) -> BulletinBody:
        if self.to_all == (self.units is not None):
            raise ValueError("a bulletin goes to `units`, or `to_all` is true; one of both")
        return self


class WithdrawBody(Body):
    """Why it holds no more. With `personal-data` its title and text are deleted."""

    reason: WithdrawnFor = Field(examples=["replaced"])


class ReportBody(WordsBody):
    """A report to the community office."""

    bulletin: Id | Absent = Field(None, description="the bulletin that it answers", examples=[BULLETIN])


class Published(Shape):
    """The bulletin's id, and to how many units it went."""

    example: ClassVar[Document] = {"id": BULLETIN, "addressed": 12}

    id: Id
    addressed: int


class Recorded(Shape):
    """It is on record."""

    example: ClassVar[Document] = {"id": BULLETIN}

    id: Id


class Words(Shape):
    """The same in one language or both."""

    example: ClassVar[Document] = _TITLE

    zh: str | Absent = None
    en: str | Absent = None


class Counts(Shape):
    """How many units it went to, and how many of them have read it and have not."""

    example: ClassVar[Document] = {"addressed": 12, "read": 9, "unread": 3}

    addressed: int
    read: int
    unread: int


class BulletinRow(Shape):
    """A bulletin in a list. A unit sees when it has read it; staff see to whom it went, and how many have."""

    example: ClassVar[Document] = {
        "id": BULLETIN,
        "community": "shaba",
        "status": "in-force",
        "withdrawn": None,
        "withdrawn_at": None,
        "to_all": True,
        "urgent": False,
        "published_at": _AT,
        "reply_by": "2026-11-27T09:00:00.000Z",
        "title": _TITLE,
        "read_at": "2026-11-24T05:02:11.640Z",
    }

    id: Id
    community: str
    status: Literal["in-force", "withdrawn"]
    withdrawn: WithdrawnFor | None = Field(description="why")
    withdrawn_at: Time | None
    to_all: bool
    urgent: bool
    published_at: Time
    reply_by: Time | None
    title: Words | None = Field(description="null of one that was withdrawn, but to staff; null once deleted")
    read_at: Time | None = Field(None, description="to a unit's client alone; null if it has not")
    units: list[Id] | Absent = Field(None, description="to staff alone")
    counts: Counts | Absent = Field(None, description="to staff alone")


class Bulletin(BulletinRow):
    """A bulletin with its text."""

    example: ClassVar[Document] = {**BulletinRow.example, "text": _TEXT}

    text: Words | None = Field(description="null where `title` is")


class Receipt(Shape):
    """Which unit has read it, when, and which client of the unit said so."""

    example: ClassVar[Document] = {"unit": _HEALTH, "at": _AT, "client": "client-hospital-system"}

    unit: Id
    at: Time
    client: str


class Receipts(Shape):
    """Who has read a bulletin, and which of the units that it went to have not."""

    example: ClassVar[Document] = {"id": BULLETIN, "read": [Receipt.example], "unread": [_SCHOOL]}

    id: Id
    read: list[Receipt] = Field(description="oldest first; with units that joined after it went to all")
    unread: list[Id]


class ReportRow(Shape):
    """A report in a list. `read_at` is when the community office read it, as somebody there said."""

    example: ClassVar[Document] = {
        "id": REPORT,
        "community": "shaba",
        "unit": _HEALTH,
        "client": "client-hospital-system",
        "bulletin": BULLETIN,
        "submitted_at": _AT,
        "read_at": None,
        "title": _TITLE,
    }

    id: Id
    community: str
    unit: Id
    client: str = Field(description="the client of the unit that sent it")
    bulletin: Id | None = Field(description="the bulletin that it answers")
    submitted_at: Time
    read_at: Time | None
    title: Words | None


class Report(ReportRow):
    """A report with its text."""

    example: ClassVar[Document] = {**ReportRow.example, "text": _TEXT}

    text: Words | None
