"""Chinese names in Latin letters, as they are typed: without tones, `ü` as `v`, syllables run together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice, product

from shared.kernel.surnames import ALSO, READINGS

SPELLINGS = 4
"""Spellings of one name that are kept; half as many of one that is longer than ordinary."""
ORDINARY = 4

_ALL = """
    a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce
    cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun
    chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die ding diu
    dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fo fou fu ga gai gan gang gao ge
    gei gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou
    hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka
    kai kan kang kao ke ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei
    leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve ma mai man mang mao me
    mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang
    niao nie nin ning niu nong nou nu nuan nun nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian
    piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao
    re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang
    shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui
    sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang
    wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi
    yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe
    zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun
    zuo
"""
SYLLABLES = frozenset(_ALL.split())
_LONGEST = max(map(len, SYLLABLES))


@cache
def _reading(character: str) -> str | None:
    """How `character` is read most often."""
    # Imported when first needed: only who searches names pays for the table. The phrases, five times as
    # large, are of no use for names, and the package leaves them out when it is told so.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, errors="ignore")
    return found[0][0] if found and found[0][0] in SYLLABLES else None


def spellings(surname: str, given: str) -> list[tuple[str, ...]]:
    """The syllables of a name (Chinese characters), in each of the ways it may be read: the surname as it
    is read as such, given names by their common readings. Empty if a character has no reading."""
    known = READINGS.get(surname)
    of_surname = [[each] for each in syllables(known)] if known else [_readings(each) for each in surname]
    ways = product(*of_surname, *(_readings(each) for each in given))
    return list(islice(ways, SPELLINGS if len(surname + given) <= ORDINARY else SPELLINGS // 2))


def _readings(character: str) -> list[str]:
    first, also = _reading(character), ALSO.get(character)
    return list(dict.fromkeys(each for each in (first, also) if each is not None))


@lru_cache(4096)
def syllables(letters: str) -> tuple[str, ...]:
    """`letters` as syllables, the longest first; empty if they are none."""
    for size in range(min(_LONGEST, len(letters)), 0, -1):
        head, rest = letters[:size], letters[size:]
        if head in SYLLABLES and (not rest or syllables(rest)):
            return (head, *syllables(rest))
    return ()


def completions(letters: str) -> set[str]:
    """What whole syllables `letters` are, or can become with its last one completed.

    Names are kept by whole syllables alone: `wangx` is looked for as `wangxi`, `wangxia`, …
    """
    letters = letters.replace("lyu", "lv").replace("nyu", "nv")  # as passports say `lü` and `nü`
    found = set()
    for cut in range(max(0, len(letters) - _LONGEST), len(letters) + 1):
        head, tail = letters[:cut], letters[cut:]
        if head and not syllables(head):
            continue
        found |= {head + each for each in _beginning(tail)} if tail else {head}
    return {*found, *_with_umlaut(found)}


def _beginning(tail: str) -> Iterator[str]:
    return (each for each in SYLLABLES if each.startswith(tail))


def _with_umlaut(spelled: Iterable[str]) -> set[str]:
    """`lu` may be meant for `lü`."""
    return {re.sub(r"([ln])u(?![aiou])", r"\1v", each) for each in spelled}
