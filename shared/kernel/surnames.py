"""Chinese names taken apart: the surname, of one or two characters, and what is given."""

from __future__ import annotations

_COMPOUND = """
    欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 尉迟 尉遲 皇甫 令狐 慕容 长孙 長孫 宇文 司徒 夏侯 东方
    東方 公孙 公孫 轩辕 軒轅 澹台 公冶 宗政 濮阳 濮陽 淳于 单于 太叔 申屠 仲孙 仲孫 钟离 鍾離
    鲜于 鮮于 闾丘 闾邱 司空 呼延 端木 百里 南宫 南宮 西门 西門 独孤 獨孤 万俟 闻人 聞人 赫连
    赫連 拓跋 拓拔 左丘 东郭 東郭 梁丘 公羊 谷梁 第五 乐正 樂正 巫马 巫馬 公西 漆雕 亓官 司寇
    子车 子車 颛孙 顓孫 段干 夹谷 叶赫 爱新 纳兰 納蘭
"""
COMPOUND = frozenset(_COMPOUND.split())
"""Surnames of two characters, in simplified and traditional writing."""

READINGS = {
    **{"单": "shan", "單": "shan", "仇": "qiu", "曾": "zeng", "解": "xie", "查": "zha", "任": "ren"},
    **{"区": "ou", "區": "ou", "朴": "piao", "盖": "ge", "蓋": "ge", "华": "hua", "華": "hua", "冼": "xian"},
    **{"洗": "xian", "缪": "miao", "繆": "miao", "覃": "qin", "翟": "zhai", "乐": "yue", "樂": "yue"},
    **{
        "折": "she",
        "黑": "he",
        "秘": "bi",
        "员": "yun",
        "員": "yun",
        "繁": "po",
        "种": "chong",
        "召": "shao",
    },
    **{
        "句": "gou",
        "那": "na",
        "宁": "ning",
        "盛": "sheng",
        "葛": "ge",
        "郇": "xun",
        "牟": "mu",
        "尹": "yin",
    },
    **{
        "卜": "bu",
        "薄": "bo",
        "柏": "bai",
        "卡": "ka",
        "逄": "pang",
        "佴": "nai",
        "晁": "chao",
        "隗": "wei",
        "燕": "yan",
        "占": "zhan",
        "过": "guo",
    },
    **{"尉迟": "yuchi", "尉遲": "yuchi", "万俟": "moqi", "长孙": "zhangsun", "長孫": "zhangsun"},
    **{"令狐": "linghu", "澹台": "tantai", "单于": "chanyu", "乐正": "yuezheng", "亓官": "qiguan"},
}
"""How a surname is read where that is not how its characters are read most often."""

ALSO = {
    **{"乐": "yue", "樂": "yue", "行": "hang", "娜": "nuo", "长": "zhang", "長": "zhang", "朝": "zhao"},
    **{"重": "zhong", "茜": "xi", "柏": "bo", "晟": "cheng", "莘": "shen", "强": "jiang", "強": "jiang"},
    **{"卜": "bu", "奇": "ji", "会": "kuai", "传": "zhuan", "傳": "zhuan", "都": "dou", "觉": "jiao"},
    **{"藏": "cang", "单": "shan", "隽": "jun", "阿": "e", "露": "lou", "绿": "lu", "率": "lv", "泊": "po"},
    **{"参": "shen", "參": "shen", "恪": "que", "仔": "zai", "劲": "jing", "勁": "jing", "若": "re"},
    **{"殷": "yan", "种": "chong", "盛": "cheng", "曾": "ceng", "车": "ju", "角": "jue", "尉": "yu"},
}
"""A second reading of a character that is often part of a given name."""

_HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF), (0x3007, 0x3007))


def is_han(text: str) -> bool:
    """Whether `text` is Chinese characters and nothing else."""
    return bool(text) and all(any(low <= ord(each) <= high for low, high in _HAN) for each in text)


def split_name(name: str) -> tuple[str, str]:
    """Surname and given name of a name in Chinese characters: two characters of surname if they are known
    as one and something is left to be given."""
    size = 2 if len(name) > 2 and name[:2] in COMPOUND else 1
    return name[:size], name[size:]
