"""The words of charts, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from services.dispatch.domain.figures import By

Lang = Literal["zh", "en"]
Words = tuple[str, str]
Charted = Literal[
    "requests",
    "counted",
    "running",
    "duplicates",
    "rejected",
    "withdrawn",
    "reopenings",
    "response_rate",
    "on_time_rate",
    "resolution_rate",
    "solved_rate",
    "satisfaction_rate",
    "satisfaction_mean",
    "repeat_rate",
    "reopening_rate",
    "coverage",
    "reached",
    "minutes_to_assign_median",
    "minutes_to_assign_p90",
    "minutes_to_visit_median",
    "minutes_to_visit_p90",
    "minutes_to_resolve_median",
    "minutes_to_resolve_p90",
]

PERCENT: Words = ("%", "%")
MINUTES: Words = ("分钟", "minutes")
COUNT: Words = ("件", "requests")
POINTS: Words = ("分（1至5）", "points, 1 to 5")

FIGURES: Mapping[Charted, tuple[Words, Words]] = {
    "requests": (("受理请求数", "Requests taken in"), COUNT),
    "counted": (("计入统计的请求数", "Requests that count"), COUNT),
    "running": (("计时中的请求数", "Requests whose clock runs"), COUNT),
    "duplicates": (("重复登记数", "Duplicates"), COUNT),
    "rejected": (("不予受理数", "Rejected"), COUNT),
    "withdrawn": (("撤回数", "Withdrawn"), COUNT),
    "reopenings": (("重新办理次数", "Reopenings"), COUNT),
    "response_rate": (("响应率", "Response rate"), PERCENT),
    "on_time_rate": (("按时上门率", "On time"), PERCENT),
    "resolution_rate": (("办结率", "Resolution rate"), PERCENT),
    "solved_rate": (("解决率（居民评价）", "Solved, as requesters say"), PERCENT),
    "satisfaction_rate": (("满意率", "Satisfaction rate"), PERCENT),
    "satisfaction_mean": (("满意度平均分", "Mean satisfaction"), POINTS),
    "repeat_rate": (("重复请求率", "Repeat requests"), PERCENT),
    "reopening_rate": (("重新办理率", "Reopening rate"), PERCENT),
    "coverage": (("上门覆盖率", "Coverage by visits"), PERCENT),
    "reached": (("重点居民见面率", "Vulnerable residents met"), PERCENT),
    "minutes_to_assign_median": (("派单用时（中位数）", "Time to assign, median"), MINUTES),
    "minutes_to_assign_p90": (("派单用时（九成以内）", "Time to assign, 90th percentile"), MINUTES),
    "minutes_to_visit_median": (("上门用时（中位数）", "Time to visit, median"), MINUTES),
    "minutes_to_visit_p90": (("上门用时（九成以内）", "Time to visit, 90th percentile"), MINUTES),
    "minutes_to_resolve_median": (("办结用时（中位数）", "Time to resolve, median"), MINUTES),
    "minutes_to_resolve_p90": (("办结用时（九成以内）", "Time to resolve, 90th percentile"), MINUTES),
}
"""Of each figure its title, and what its values are in."""

GROUPS: Mapping[By, Words] = {
    "service": ("服务", "service"),
    "category": ("服务类别", "category"),
    "unit": ("责任单位", "unit that answers for it"),
    "team": ("服务队", "team"),
    "grid": ("网格", "grid"),
    "week": ("周（ISO，北京时间）", "ISO week, China's time"),
}
CODES: Mapping[str, Words] = {
    "party-building": ("党建引领", "party building"),
    "volunteering": ("志愿服务", "volunteering"),
    "community-service": ("社区服务", "community service"),
    "party-members": ("党员服务队", "party members"),
    "veterans": ("退伍军人服务队", "veterans"),
    "ethnic-minorities": ("少数民族服务队", "ethnic minorities"),
    "residents": ("社区居民服务队", "residents"),
}
OTHERS: Words = ("其他", "others")
NOTHING: Words = ("无数据", "no data")


def in_lang(words: Words, lang: Lang) -> str:
    """The one that is wanted."""
    return words[get_args(Lang).index(lang)]
