"""Ways of writing: the same words with and without diacritics, in capitals, joined as programs join them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

NOTHING_MEANT: Final = (
    "Hôm nay",
    "Xin chào,",
    "Ghi chú:",
    "Theo báo cáo,",
    "Kính gửi quý cơ quan,",
    "Anh chị xem giúp:",
)


def bare(text: str) -> str:
    """Return a text without diacritics."""
    apart = unicodedata.normalize("NFD", text).translate({ord("đ"): "d", ord("Đ"): "D"})
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def snake(text: str) -> str:
    """Return words as columns of databases are named."""
    return "_".join(bare(text).lower().replace(",", " ").replace("-", " ").split())


def camel(text: str) -> str:
    """Return words as fields of JSON are named."""
    first, *others = snake(text).split("_")
    return first + "".join(word.capitalize() for word in others)


def label(rng: Random, text: str) -> str:
    """Return a label as one of many people writes it."""
    way = rng.randrange(8)
    if way < 2:
        return text
    if way == 2:
        return unicodedata.normalize("NFD", text)
    if way == 3:
        return bare(text)
    if way == 4:
        return text.upper()
    if way == 5:
        return bare(text).upper()
    return text.lower() if way == 6 else bare(text).lower()


def beside(rng: Random, text: str, value: str) -> str:
    """Return a label and its value as forms, chats, programs and files bring them together."""
    way = rng.randrange(17)
    if way < 5:
        return f"{label(rng, text)}{rng.choice((': ', ':', ' : ', ' - ', ': '))}{value}"
    if way == 5:
        return f"{label(rng, text)} {value}"
    if way == 6:
        return f'{{"{rng.choice((snake, camel))(text)}":{rng.choice(("", " "))}"{value}"}}'
    if way == 7:
        key = snake(text).upper()
        return f"<{key}>{value}</{key}>"
    if way == 8:
        return f"{snake(text)}={value}"
    if way == 9:
        return f"<td>{text}</td><td>{value}</td>"
    if way == 10:
        return f"{rng.choice(NOTHING_MEANT)} {label(rng, text)}: {value}, xin cảm ơn."
    if way == 11:
        return f"{label(rng, text)}:\t{value}\n"
    if way == 12:
        return f"{label(rng, text)} của {rng.choice(('tôi', 'anh', 'chị', 'bên em', 'khách'))} là {value} nhé"
    if way == 13:
        return f"{label(rng, text)} {rng.choice(('(nếu có)', '(*)', '(bắt buộc)'))}: {value}"
    if way == 14:
        return f"{label(rng, text)}{rng.choice((chr(10), ':' + chr(10), chr(13) + chr(10)))}{value}\n"
    if way == 15:
        return f"{text}{rng.choice((',', ';', ' | ', chr(9), '=>'))}{value}"
    return f'{rng.randrange(1, 9)}. {label(rng, text)} : "{value}"'
