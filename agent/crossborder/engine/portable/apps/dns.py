"""DNS messages (RFC 1035, RFC 6895): bytes to questions, answers and response codes."""

from __future__ import annotations

from typing import NamedTuple

from crossborder.engine.portable.apps.reader import Reader, ShortError

HEADER = 12  # RFC 1035 4.1.1
MAX_NAME = 255  # RFC 1035 2.3.4; longer names are cut
MAX_JUMPS = 32  # compression pointers followed in one name, against loops
MAX_QUESTIONS = 8  # read of one message; the wire has one
MAX_ANSWERS = 128  # read of one message
A, CNAME, NB, AAAA = 1, 5, 32, 28
CLASSES = frozenset({1, 3, 4, 254, 255})  # IN CH HS NONE ANY (RFC 6895 3.2)
UNICAST_REPLY = 0x8000  # top bit of the class in multicast DNS (RFC 6762 5.4)

RCODES = (
    *("noerror", "formerr", "servfail", "nxdomain", "notimp", "refused"),
    *("yxdomain", "yxrrset", "nxrrset", "notauth", "notzone"),
)
"""Response codes 0 to 10 in lower case (RFC 6895 2.3)."""


class Question(NamedTuple):
    """What is asked. `name` has no trailing dot and the case of the wire; the root is the empty string."""

    name: str
    kind: int
    klass: int


class Message(NamedTuple):
    """A message as far as it could be read; `damaged` when it ends or breaks before its counts are served."""

    ident: int
    response: bool
    opcode: int
    rcode: int
    questions: tuple[Question, ...]
    addresses: tuple[bytes, ...]  # of A and AAAA answers on the CNAME chain that starts at the first question
    damaged: bool


def rcode_name(rcode: int) -> str:
    """Return the response code in lower case."""
    return RCODES[rcode] if rcode < len(RCODES) else f"rcode{rcode}"


def parse(message: bytes) -> Message | None:
    """Return what a DNS message says; None when it is shorter than a header."""
    if len(message) < HEADER:
        return None
    ident, flags, asked, answered = (int.from_bytes(message[i : i + 2], "big") for i in (0, 2, 4, 6))
    questions: list[Question] = []
    addresses: list[bytes] = []
    reader = Reader(message, HEADER)
    damaged = asked > MAX_QUESTIONS
    try:
        for _ in range(min(asked, MAX_QUESTIONS)):
            question = Question(read_name(reader, message), reader.uint(2), reader.uint(2))
            questions.append(question)
        if flags & 0x8000 and questions:
            _read_answers(reader, message, min(answered, MAX_ANSWERS), questions[0].name, addresses)
    except ShortError:
        damaged = True
    return Message(
        ident, bool(flags & 0x8000), flags >> 11 & 15, flags & 15, tuple(questions), tuple(addresses), damaged
    )


def _read_answers(reader: Reader, message: bytes, count: int, asked: str, found: list[bytes]) -> None:
    """Collect the addresses of the name asked and of its aliases; records of other names prove nothing."""
    aliases = {asked.lower()}
    for _ in range(count):
        owner = read_name(reader, message).lower()
        kind, _klass, _ttl = reader.uint(2), reader.uint(2), reader.uint(4)
        data = Reader(message, reader.at + 2, reader.at + 2 + (size := reader.uint(2)))
        reader.take(size)
        if owner not in aliases:
            continue
        if (kind, size) in {(A, 4), (AAAA, 16)}:
            found.append(data.take(size))
        elif kind == CNAME:
            aliases.add(read_name(data, message).lower())


def read_name(reader: Reader, message: bytes) -> str:
    """Read a name that may be compressed (RFC 1035 4.1.4) and leave the reader behind it.

    Ways to be damaged, and what comes back: pointer loop, too many pointers or over 255 bytes: the labels so far;
    pointer outside the message, reserved label type or end of the message inside the name: ShortError.
    """
    labels: list[str] = []
    length = jumps = 0
    at = reader
    while size := at.uint(1):
        if size >= 0xC0:  # pointers may look forward too: bounded all the same, and resolvers follow them
            target = (size & 0x3F) << 8 | at.uint(1)
            jumps += 1
            if jumps > MAX_JUMPS:
                break
            at = Reader(message, target)
            continue
        if size > 63:  # 01 and 10 are reserved (RFC 6891 5)
            raise ShortError
        label = at.take(size)
        length += size + 1
        if length <= MAX_NAME:
            labels.append(_label(label))
        elif at is not reader:
            break
    return ".".join(labels)


def _label(label: bytes) -> str:
    r"""Return a label as text: a dot or backslash inside it is escaped (RFC 1035 5.1), UTF-8 is kept."""
    if b"." in label or b"\\" in label:
        label = label.replace(b"\\", rb"\\").replace(b".", rb"\.")
    return label.decode("utf-8", "backslashreplace")


def looks_like_dns(message: bytes, size: int | None = None) -> bool | None:
    """Tell by content alone whether these bytes begin a DNS message; None when more are needed.

    `size` is the length of the whole message where the transport says it. Known by: a header whose counts fit into
    the message, one whole first question with a class that exists (an answer without question only over multicast).
    Codes and reserved bits are not looked at: real resolvers set odd ones.
    """
    if len(message) < HEADER:
        return None if size is None or size >= HEADER + 5 else False
    counts = [int.from_bytes(message[i : i + 2], "big") for i in (4, 6, 8, 10)]
    whole = len(message) if size is None else size
    if not 1 <= counts[0] <= MAX_QUESTIONS or whole < HEADER + 5 * counts[0] + 11 * (counts[1] + counts[2]):
        return False
    if not message[2] & 0x80 and counts[1] > MAX_QUESTIONS:  # a question that brings answers: only multicast does
        return False
    return _first_question_fits(message, whole)


def _first_question_fits(message: bytes, whole: int) -> bool | None:
    reader = Reader(message, HEADER)
    try:
        while label := reader.uint(1):
            if label > 63 or reader.at - HEADER > MAX_NAME:
                return False
            reader.take(label)
        kind, klass = reader.uint(2), reader.uint(2)
    except ShortError:
        return None if len(message) < whole else False
    return kind != 0 and klass & ~UNICAST_REPLY in CLASSES
