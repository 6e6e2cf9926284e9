"""The people of the demo: invented residents with the case's shares, and invented volunteers.

Nobody here exists. The case gives the number of residents and the shares of the elderly and the vulnerable;
how they live together, their ages, names and languages are assumptions, only meant to be plausible.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal, TypeVar, get_args

from services.registry.case.case import load_case

Tier = Literal["high", "key", "general"]
Flag = Literal["over-sixty", "empty-nest", "lives-alone", "low-income", "disabled"]
Language = Literal["zh", "ii", "hmn"]
"""The language to be spoken to in: Chinese, Yi or Miao, as BCP 47 tags."""
Ethnicity = Literal["han", "yi", "hui", "miao"]
Home = tuple[int, ...]
"""The ages of those who live together; the couple or the single adult first."""
T = TypeVar("T")

OVER_SIXTY_SHARE = 0.20
VULNERABLE_SHARE = 0.14
ROOMS = tuple((unit, floor * 100 + door) for unit in (1, 2, 3) for floor in range(1, 7) for door in (1, 2))
ETHNICITIES: Sequence[Ethnicity] = ("han",) * 93 + ("yi",) * 4 + ("hui",) * 2 + ("miao",)
HARDSHIPS: Sequence[tuple[Flag, ...]] = (
    (("low-income",),) * 11 + (("disabled",),) * 6 + (("low-income", "disabled"),) * 3
)
OWN_LANGUAGES: dict[Ethnicity, Language] = {"yi": "ii", "miao": "hmn"}
SURNAMES: dict[Ethnicity, Sequence[str]] = {
    "han": "李李李王王王张张张杨杨杨陈陈刘刘赵赵周周黄何朱吴徐马高罗郭胡林孙唐曾彭邓袁蒋段邹宋董谢沈",
    "yi": "普毕禄鲁龙安陆李杨张",
    "hui": "马马马马纳保沙撒忽丁合",
    "miao": "熊熊陶杨王项韩李朱",
}
# Some Yi keep the names of the Nuosu from across the river; given names are men's, then women's.
NUOSU_SURNAMES = ("沙马", "吉克", "阿鲁", "曲比")
NUOSU_GIVEN_NAMES = (
    ("木呷", "尔布", "拉哈", "伍呷", "尔古", "阿木", "石布", "日古"),
    ("阿依", "阿芝", "阿呷", "阿牛", "阿果", "木果", "伍果", "尔洛"),
)
# The first and second characters of men's and of women's given names, by the age from which they are usual.
GIVEN_NAMES = (
    (55, ("建国德光正文绍朝开永兴家世明学", "华明荣昌发富贵良义清"), ("秀桂玉美琼凤兰翠", "英芳珍仙芬莲")),
    (25, ("志建永家海云晓俊文国", "伟华平峰波军勇刚斌明涛强"), ("丽晓春雪海红艳云", "梅燕娟萍芳琼敏丽")),
    (0, ("子梓宇浩俊博天嘉", "轩豪航然熙文佑宸"), ("欣雨思诗佳可梓语", "怡桐涵妍雯琪晗萱")),
)
# Unit, team, and the skills of each of its people there.
ROSTER = """
unit-community-office  party-members     party-lecturing counselling, party-lecturing mediation, job-guidance
unit-community-office  veterans          mediation patrol
unit-community-office  ethnic-minorities mandarin-yi counselling, mandarin-yi hairdressing
unit-community-office  residents         hairdressing, digital-help, dance first-aid
unit-police-station    party-members     patrol fire-safety
unit-police-station    veterans          patrol first-aid, patrol fire-safety
unit-police-station    ethnic-minorities patrol mandarin-yi
unit-health-centre     party-members     nursing first-aid, nursing counselling
unit-health-centre     ethnic-minorities first-aid mandarin-yi
unit-health-centre     residents         nursing, rehabilitation massage
unit-red-cross         party-members     first-aid
unit-red-cross         veterans          first-aid fire-safety
unit-red-cross         ethnic-minorities first-aid
unit-red-cross         residents         first-aid nursing, first-aid
unit-primary-school    party-members     tutoring party-lecturing
unit-primary-school    residents         tutoring digital-help, tutoring counselling
unit-tongshan-firm     party-members     home-repair job-guidance
unit-tongshan-firm     veterans          home-repair
unit-tongshan-firm     residents         home-repair digital-help
unit-property-company  veterans          patrol fire-safety
unit-property-company  residents         home-repair, home-repair fire-safety
unit-judicial-office   party-members     legal mediation
unit-judicial-office   residents         legal
unit-culture-station   ethnic-minorities performing-arts dance
unit-culture-station   residents         performing-arts dance, tai-chi
unit-elder-care-centre veterans          tai-chi
unit-elder-care-centre residents         massage, rehabilitation
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A resident. `age` in years; `flags` in the order in which `Flag` lists them."""

    name: str
    phone: str
    address: str
    grid: str
    age: int
    tier: Tier
    flags: tuple[Flag, ...]
    language: Language


@dataclass(frozen=True, slots=True)
class VolunteerPerson:
    """A volunteer with the ids of its unit and team, and with skills from the case's list."""

    name: str
    phone: str
    unit: str
    team: str
    skills: tuple[str, ...]
    languages: tuple[Language, ...]


def population(size: int = 3879, seed: int = 2003) -> list[Person]:
    """`size` residents, the same for the same seed on every version of Python.

    Sixty or over: round(20%) of them; low-income or disabled: round(14%). Those who share an address live
    together, and `lives-alone` (one person at home) and `empty-nest` (over sixty, nobody younger at home)
    follow from that. Telephone numbers are invented, and unique up to 10,000 people, except that a child
    under twelve is reached at its parents'. Raises ValueError for a negative size.
    """
    if size < 0:
        raise ValueError("a population has no negative size")
    rng = random.Random(seed)
    homes = _shuffled(rng, _homes(rng, size))
    addresses = _addresses(rng, len(homes))
    hardships = iter(_hardships(rng, [age for home in homes for age in home]))
    phones = _shuffled(rng, range(10_000))
    people: list[Person] = []
    for home, (grid, address) in zip(homes, addresses, strict=True):
        ethnicity = _pick(rng, ETHNICITIES)
        first = len(people)
        for age, name in zip(home, _names(rng, ethnicity, home), strict=True):
            flags = _flags(age, home, next(hardships))
            phone = f"1380000{phones[(first if age < 12 else len(people)) % len(phones)]:04d}"
            language = _language(rng, ethnicity, age)
            people.append(Person(name, phone, address, grid, age, tier_of(age, flags), flags, language))
    return people


def volunteers(seed: int = 2003) -> list[VolunteerPerson]:
    """Forty volunteers: unit, team and skills are fixed (`ROSTER`), names and telephones follow the seed.

    For each service of the case, somebody in its lead or supporting units has all the skills it asks for.
    """
    rng = random.Random(f"volunteers {seed}")
    phones = iter(_shuffled(rng, range(10_000)))
    people: list[VolunteerPerson] = []
    for row in ROSTER.strip().splitlines():
        unit, team, each = row.split(maxsplit=2)
        for skills in each.split(", "):
            speaks_yi = "mandarin-yi" in skills
            others: Sequence[Ethnicity] = ("hui", "miao") if team == "ethnic-minorities" else ("han",)
            ethnicity: Ethnicity = "yi" if speaks_yi else _pick(rng, others)
            (name,) = _names(rng, ethnicity, (20 + int(rng.random() * 48),))
            phone = f"1390000{next(phones):04d}"
            languages: tuple[Language, ...] = ("zh", "ii") if speaks_yi else ("zh",)
            people.append(VolunteerPerson(name, phone, unit, team, tuple(skills.split()), languages))
    return people


def tier_of(age: int, flags: Iterable[Flag]) -> Tier:
    """How closely somebody is to be looked after.

    `high`: lives alone and is eighty or over, or disabled, or over sixty with a low income.
    `key`: otherwise low-income or disabled, or over sixty with nobody younger at home.
    `general`: everybody else.
    """
    has = frozenset(flags)
    if "lives-alone" in has and (age >= 80 or "disabled" in has or {"over-sixty", "low-income"} <= has):
        return "high"
    return "key" if has & {"low-income", "disabled", "empty-nest"} else "general"


# Every draw goes through random(): the only method whose sequence Python promises to keep for a seed.


def _pick(rng: random.Random, choices: Sequence[T]) -> T:
    return choices[int(rng.random() * len(choices))]


def _shuffled(rng: random.Random, items: Iterable[T]) -> list[T]:
    return [item for _, _, item in sorted((rng.random(), place, item) for place, item in enumerate(items))]


def _homes(rng: random.Random, size: int) -> list[Home]:
    """Who lives with whom: singles, couples of like age, families with children or an old parent."""
    elders = [60 + int(37 * rng.random() ** 1.7) for _ in range(round(size * OVER_SIXTY_SHARE))]
    younger = size - len(elders)
    children = [int(rng.random() * 25) for _ in range(int(younger * 0.26))]
    adults = [25 + int(rng.random() * 35) for _ in range(younger - len(children))]
    alone, old_couples = len(elders) * 2 // 5, len(elders) * 9 // 25
    singles = len(adults) // 12
    families = _couples(rng, adults[singles:])
    for age in (*children, *elders[alone + old_couples :]):
        _family_for(rng, age, families).append(age)
    couples = _couples(rng, elders[alone : alone + old_couples])
    apart = [[age] for age in (*elders[:alone], *adults[:singles])]
    return [tuple(home) for home in (*apart, *couples, *families)]


def _family_for(rng: random.Random, age: int, families: Sequence[list[int]]) -> list[int]:
    """A family whose couple could be the parents, or the children, of somebody of that age."""
    for _ in range(100):
        family = _pick(rng, families)
        if all(20 <= abs(age - other) <= 45 for other in family[:2]):
            return family
    return _pick(rng, families)


def _couples(rng: random.Random, ages: Iterable[int]) -> list[list[int]]:
    ordered = sorted(ages, key=lambda age: age + rng.random() * 5)
    return [ordered[i : i + 2] for i in range(0, len(ordered), 2)]


def _hardships(rng: random.Random, ages: Sequence[int]) -> list[tuple[Flag, ...]]:
    """For each of the ages `low-income`, `disabled`, both or neither; two in five of these are over sixty."""
    vulnerable = round(len(ages) * VULNERABLE_SHARE)
    order = _shuffled(rng, range(len(ages)))
    elders = [place for place in order if ages[place] >= 60][: round(vulnerable * 0.4)]
    younger = [place for place in order if ages[place] < 60][: vulnerable - len(elders)]
    drawn = {place: _pick(rng, HARDSHIPS) for place in (*elders, *younger)}
    return [drawn.get(place, ()) for place in range(len(ages))]


def _flags(age: int, home: Home, hardships: tuple[Flag, ...]) -> tuple[Flag, ...]:
    living = {"over-sixty": age >= 60, "empty-nest": min(home) >= 60, "lives-alone": len(home) == 1}
    return tuple(flag for flag in get_args(Flag) if living.get(flag, flag in hardships))


def _addresses(rng: random.Random, homes: int) -> list[tuple[str, str]]:
    """A grid and an address for each home; the grids are of equal size, one room in five or so is empty."""
    grids = load_case("shaba").grids
    buildings = -(-homes * 5 // (4 * len(grids) * len(ROOMS))) or 1
    rooms = [(building, *room) for building in range(1, buildings + 1) for room in ROOMS]
    free = [(grid, iter(_shuffled(rng, rooms))) for grid in grids]
    places: list[tuple[str, str]] = []
    for grid, rooms_left in islice(cycle(free), homes):
        building, unit, room = next(rooms_left)
        places.append((grid.id, f"东川区铜都街道{grid.name.zh}{building}栋{unit}单元{room}室"))
    return places


def _language(rng: random.Random, ethnicity: Ethnicity, age: int) -> Language:
    own = rng.random() < (0.5 if age >= 60 else 0.1)
    return OWN_LANGUAGES.get(ethnicity, "zh") if own else "zh"


def _names(rng: random.Random, ethnicity: Ethnicity, home: Home) -> list[str]:
    """A name for each of a home: the first one's surname, but the other half of a couple has its own."""
    nuosu = ethnicity == "yi" and rng.random() < 0.3
    surnames = NUOSU_SURNAMES if nuosu else SURNAMES[ethnicity]
    family = _pick(rng, surnames)
    names: list[str] = []
    for place, age in enumerate(home):
        surname = _pick(rng, surnames) if place == 1 and abs(age - home[0]) < 20 else family
        woman = place == 1 if place < 2 <= len(home) else rng.random() < 0.5
        given = _pick(rng, NUOSU_GIVEN_NAMES[woman]) if nuosu else _given_name(rng, woman, age)
        names.append(surname + given)
    return names


def _given_name(rng: random.Random, woman: bool, age: int) -> str:
    men_and_women = next(names for since, *names in GIVEN_NAMES if age >= since)
    firsts, seconds = men_and_women[woman]
    first, second = _pick(rng, firsts), _pick(rng, seconds)
    alone = 25 <= age < 55 and rng.random() < 0.3
    return second if alone or first == second else first + second
