"""Examples: questions generated from what a document says.

A sentence that says when something was founded, how many members it has or how large it can be is
turned into the question that it answers; a heading that asks is taken as it is. Whether the
question is a good one is decided by how much the documents say about its subject, and by
answering it: see ``example_ranking`` and ``example_finder``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, cast

from embeddings.document import CELL_SEPARATOR
from embeddings.parts import Part
from embeddings.sentences import sentence_spans
from qa.abbreviations import introduced
from qa.text import STOP_WORDS, join_whitespace

Kind = Literal[
    "asked",
    "cell",
    "date",
    "place",
    "count",
    "number",
    "maker",
    "role",
    "property",
    "purpose",
    "definition",
    "person",
    "abbreviation",
]
"""What a question asks for; ``asked`` is one that a heading asks."""

Item = TypeVar("Item")

Blocks = Iterable[tuple[str, int, str]]
"""Kind and start, as in ``Block``, and text of each block of a document, in order."""

_NAME = r"(?P<name>(?:The )?[A-Z][\w’'-]*(?: (?:of|for|the|and|in|on|de|[A-Z][\w’'-]*)){0,7})"
_PARTICIPLES = (
    r"founded|established|opened|built|created|launched|born|signed|introduced|published|"
    r"completed|elected|formed|discovered|invented|released|adopted"
)
_NUMBER = r"\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve"
_WHEN = re.compile(
    rf"{_NAME} (?P<be>was|were) (?P<participle>{_PARTICIPLES})\b[^.]*?"
    r"\b(?:in|on|since) (?:[\w ]{0,15} )?\d{4}\b"
)
_WHERE = re.compile(
    rf"{_NAME} (?P<be>is|was|are|were) (?P<participle>born|held|located|based|situated|buried) "
    r"(?:\w+ )?(?:in|at|on) (?:the )?[A-Z]"
)
_HOW_MANY = re.compile(
    rf"{_NAME} (?P<have>has|have|had|contains?|consists? of|comprises?|includes?) "
    rf"(?:about |over |some |more than |exactly )?(?:{_NUMBER}) "
    r"(?P<noun>(?:[a-z-]+ )?[a-z]+s)\b(?! of)"
)
_THERE_ARE = re.compile(
    rf"There (?P<be>are|were) (?:about |over |some |more than |exactly )?(?:{_NUMBER}) "
    r"(?P<noun>(?:[a-z-]+ )?[a-z]+s) in (?P<name>(?:the )?[A-Z][\w’'-]*(?: [A-Z][\w’'-]*){0,4})"
)
_NUMBER_OF = re.compile(
    r"The (?P<name>(?:[a-z][\w’'-]* ){1,4}(?:of|for|in|between) (?:[\w’'-]+ ){1,6}?)"
    rf"(?P<be>is|was) (?:(?:about|exactly|at most|set to|typically) )?(?:{_NUMBER})\b"
)
_PROPERTY_OF = re.compile(
    r"The (?P<name>(?:main |primary |chief |first )?(?:aim|author|capital|cause|goal|head|leader|"
    r"name|objective|official language|purpose|role|seat|task|theme|title|topic) of "
    r"(?:[\w’'-]+ ){1,8}?)(?P<be>is|was) "
)
_ROLE = re.compile(
    r"(?P<person>[A-Z][\w’'-]+(?: [A-Z][\w’'.-]+){1,3}),? (?P<be>is|was) (?P<the>the )?"
    r"(?P<name>(?:[\w-]+ ){0,3}(?:ambassador|analyst|author|chair|chairman|chairperson|chief|"
    r"director|economist|editor|expert|founder|governor|head|king|leader|manager|mayor|minister|"
    r"president|professor|queen|secretary) (?:of|for|at) (?:the )?[A-Z][\w’'-]*"
    r"(?: (?:of|for|the|and|[A-Z][\w’'-]*))*)"
)
_MAKER = re.compile(
    rf"{_NAME} (?:was|were) (?:\w+ly )?(?P<participle>founded|established|created|designed|"
    r"developed|invented|discovered|introduced|written|built|drawn) by (?:the )?[A-Z]"
)
_PURPOSE = re.compile(
    r"(?P<name>(?:The |An? )?[A-Za-z][\w’'-]*(?: [A-Za-z][\w’'-]*){0,4}?) (?P<be>is|are) "
    r"(?:\w+ly )?used (?:to|for|as) "
)
_ABBREVIATION = re.compile(
    r"\b(?P<defined>[A-Z]{2,8}) stands for [A-Zt]|\((?P<parenthesized>[A-Z]{3,8})\)"
)
_WHAT = re.compile(rf"{_NAME} (?P<be>is|was|are|were) (?:an? |the |one of )(?P<what>\w.*)")
_NOUN = re.compile(
    r"(?P<name>An? [a-z][\w-]*(?: [a-z][\w-]*){0,2}) is (?:an? |the |one of )(?P<what>\w.*)"
)
_NUMBERING = re.compile(r"^[\s(]*\d[\d.]*[).:]?\s+|^\((?:\d+|[a-z])\)\s*")
_OF = re.compile(r" (?:of|for|in|between) (?:an? |the |each |any )?")
_OF_ROLE = re.compile(r" (?:of|for|at) (?:the )?")
_ARTICLE = re.compile(r"^(?:the|an?) ", re.I)
_LABEL = re.compile(r"(?=.{3,40}$)[^\W\d_][\w'’&/-]*(?: [^\W\d_][\w'’&/-]*){0,5}")
# What only the text around it explains; a heading that asks may say "I" and "my".
_DEPENDENT = re.compile(
    r"\b(?:its?|this|that|these|those|they|them|their|he|she|his|hers?|him|above|below|here|"
    r"following|previous|same|such)\b",
    re.I,
)
_SPOKEN = re.compile(r"\b(?:we|us|ours?|you|yours?|my|me|I)\b")
_CODE = re.compile(r"[<>{}$`\\\\|]")
_SMALL_WORD = re.compile(r"\b[a-z]\w*")
_ASKS = re.compile(r"(?:how|what|when|where|which|who|why|can|does|do|is|are|should)\b", re.I)

_PARENTHESIS = re.compile(r" \([^()]{1,40}\)")
_PAST = {"written": "wrote", "drawn": "drew"}

# After "X is a": then X is a person, of whom nobody asks "What is X?".
_PERSONS = frozenset(
    """
    actor actress ambassador analyst architect artist assistant author boy brother captain
    chairman chairperson chairwoman chancellor chief child colleague composer consultant cousin
    daughter deputy diplomat director doctor economist editor employee engineer expert farmer
    father fellow founder friend girl governor graduate guest head husband inventor journalist
    judge king lawyer leader lecturer man manager mayor mathematician member minister mother
    musician novelist nurse officer owner painter patient person philosopher physicist player poet
    politician president priest prince princess professor programmer queen researcher scholar
    scientist secretary senator singer sister soldier son spokesman spokesperson spokeswoman
    student teacher wife winner woman worker writer
    """.split()
)
# Last words in the names of a table's columns that are properties of what its rows are about.
_ATTRIBUTES = frozenset(
    """
    age amount area author authors budget capacity capital category colour color cost country
    currency date deadline default density depth description director duration fee format
    frequency height income language length level limit location mass maximum meaning
    minimum number owner percentage period population port precision price purpose quantity range
    rate rating revenue role salary score size speed status temperature time title total type
    unit value version volume wage wages weight width year
    """.split()
)
# Capitals at the beginning of a sentence that name nothing that one could ask about.
_NO_SUBJECTS = frozenset(
    """
    additional alternatively another example examples figure finally following former
    fortunately however important instead last later latter lastly likewise next note notice
    otherwise part perhaps point second section sometimes step table third today usually
    unfortunately version way
    """.split()
)
# What only the paragraph before explains: "the data" of which table?
_VAGUE = frozenset(
    """
    above aim answer below case data fact first idea issue last list main most next number one
    only order other problem purpose question reason result results same second set solution
    system thing type use value
    """.split()
)

MAX_NAME = 60
"""Characters of a name that a short question can hold."""

MAX_QUESTION = MAX_NAME + 30
"""Characters of an example question."""

MAX_READ_CHARACTERS = 50_000
"""Characters at a document's beginning from which questions are generated."""

ROWS_ASKED = 5
"""Rows of a table that are asked about, at equal distances."""

MIN_ASKED_WORDS = 4
"""Words of a question that a heading asks: shorter ones, as "Why not?", need what is around."""

PREDICATE_WORDS = 6
"""Words behind "is a" that are searched for one that says that a person is meant."""


@dataclass(frozen=True, slots=True)
class ExampleQuestion:
    """A question that a document seems to answer.

    Attributes:
        question: As it is asked.
        subject: What it is about, in the document's words.
        kind: What it asks for.
        source: The sentence that answers it, or the heading that asks it.
        start: Offset of the first character of its source, into ``Document.text``.
        end: Offset behind its last character.
    """

    question: str
    subject: str
    kind: Kind
    source: str
    start: int
    end: int


def example_questions(blocks: Blocks) -> Iterator[ExampleQuestion]:
    """Questions that the blocks of a document seem to answer, in their order.

    >>> text = "The Old Bridge was opened in 1901. It has two arches. The IOFS has 41 members."
    >>> [example.question for example in example_questions([("paragraph", 0, text)])]
    ['When was the Old Bridge opened?', 'How many members does the IOFS have?']
    """
    kept = list(blocks)
    # A word that is written small elsewhere names nothing, but begins a sentence.
    small = {word for _, _, text in kept for word in _SMALL_WORD.findall(text)}
    seen: set[str] = set()
    for kind, start, text in kept:
        for example in _of_block(kind, start, text):
            named = example.subject[0].isupper()
            if named and example.subject.partition(" ")[0].lower() in small:
                if example.kind == "definition":
                    continue
                example = _in_small_letters(example)
            # Questions that differ in a capital are the same.
            key = example.question.lower()
            if key not in seen and len(example.question) <= MAX_QUESTION:
                seen.add(key)
                yield example


def blocks_of(part: Part, start: int = 0, end: int = MAX_READ_CHARACTERS) -> Blocks:
    """The blocks of a part that begin within these offsets, into ``Document.text``."""
    for block in part.blocks:
        # Without names of columns nobody can ask for a cell.
        if start <= block.start < end and (block.kind != "table" or block.header_rows == 1):
            yield block.kind, block.start, part.cut(block.start, block.end)


def _in_small_letters(example: ExampleQuestion) -> ExampleQuestion:
    """The question about a noun, which had a capital because its sentence begins with it."""
    if example.kind != "purpose":
        return example
    subject = example.subject[0].lower() + example.subject[1:]
    return replace(
        example, question=example.question.replace(example.subject, subject, 1), subject=subject
    )


def round_robin(groups: Iterable[Iterable[Item]]) -> Iterator[Item]:
    """The first item of each group, then the second of each, and so on, without duplicates.

    >>> list(round_robin(["ab", "a", "cde"]))
    ['a', 'c', 'b', 'd', 'e']
    """
    remaining = [iter(group) for group in groups]
    seen: set[Item] = set()
    while remaining:
        unfinished = []
        for group in remaining:
            for item in group:
                if item not in seen:
                    seen.add(item)
                    yield item
                    unfinished.append(group)
                    break
        remaining = unfinished


def _of_block(kind: str, start: int, text: str) -> Iterator[ExampleQuestion]:
    """The question that a block asks, or those that its sentences answer."""
    if kind == "table":
        yield from _of_table(start, text)
    if kind not in ("heading", "paragraph", "list"):
        return
    if kind != "list" and (asked := _asked(text)):
        yield ExampleQuestion(asked, asked, "asked", text, start, start + len(text))
    if kind == "heading":
        return
    for first, last in sentence_spans(text):
        sentence = join_whitespace(text[first:last])
        # What does not end as a sentence does is a label or a line of a listing.
        if sentence.endswith((".", "!")):
            for question, subject, asks_for in _of_sentence(sentence):
                if _DEPENDENT.search(question) or _SPOKEN.search(question):
                    continue
                place = start + first, start + last
                yield ExampleQuestion(question, subject, asks_for, sentence, *place)


def _asked(text: str) -> str | None:
    """The question that is all that a heading, or a line in its place, consists of."""
    question = _NUMBERING.sub("", join_whitespace(text[: 2 * MAX_QUESTION]))
    if not question.endswith("?") or not _ASKS.match(question) or "? " in question:
        return None
    if len(question.split()) < MIN_ASKED_WORDS or _DEPENDENT.search(question):
        return None
    if _CODE.search(question):
        return None
    return question[0].upper() + question[1:]


def _of_sentence(sentence: str) -> Iterator[tuple[str, str, Kind]]:
    """Question, subject and kind of each question that a sentence answers."""
    for short in _ABBREVIATION.finditer(sentence):
        abbreviation = short["defined"] or short["parenthesized"]
        if short["defined"] or abbreviation in introduced([sentence]):
            yield f"What does {abbreviation} stand for?", abbreviation, "abbreviation"
    plain = _PARENTHESIS.sub("", sentence)
    yield from _of_named(plain)
    if match := _THERE_ARE.match(plain):
        place = match["name"]
        yield f"How many {match['noun']} {match['be']} there in {place}?", _bare(place), "count"
    for pattern, kind in ((_NUMBER_OF, "number"), (_PROPERTY_OF, "property")):
        if match := pattern.match(plain):
            name = match["name"].strip()
            subject = _OF.split(name, maxsplit=1)[-1]
            if len(name) <= MAX_NAME and not _is_vague(subject.split()):
                yield f"What {match['be']} the {name}?", subject, cast(Kind, kind)
    if match := _PURPOSE.match(plain):
        name = match["name"]
        subject = _bare(name)
        if subject.split()[0].lower() not in STOP_WORDS and not _is_vague(subject.split()):
            yield f"What {match['be']} {_inside(name)} used for?", subject, "purpose"
    if (match := _NOUN.match(plain)) and not _is_vague(match["name"].split()[1:]):
        yield f"What is {_inside(match['name'])}?", _bare(match["name"]), "definition"


def _of_named(sentence: str) -> Iterator[tuple[str, str, Kind]]:
    """Likewise, the questions about what has a name."""
    if match := _match_name(_WHEN, sentence):
        name = _inside(match["name"])
        yield f"When {match['be']} {name} {match['participle']}?", _bare(name), "date"
    if match := _match_name(_WHERE, sentence):
        name = _inside(match["name"])
        yield f"Where {match['be']} {name} {match['participle']}?", _bare(name), "place"
    if match := _match_name(_HOW_MANY, sentence):
        name, verb = _inside(match["name"]), match["have"].split()[0]
        do = "did" if verb == "had" else "does" if verb.endswith("s") else "do"
        base = "have" if verb in ("has", "had") else verb.removesuffix("s")
        of, how = ("Of ", "how") if base == "consist" else ("", "How")
        yield f"{of}{how} many {match['noun']} {do} {name} {base}?", _bare(name), "count"
    if match := _match_name(_MAKER, sentence):
        past = _PAST.get(match["participle"], match["participle"])
        yield f"Who {past} {_inside(match['name'])}?", _bare(match["name"]), "maker"
    if match := _ROLE.match(sentence):
        name = match["name"]
        subject = _OF_ROLE.split(name, maxsplit=1)[-1]
        yield f"Who {match['be']} {match['the'] or ''}{name}?", subject, "role"
    if match := _match_name(_WHAT, sentence):
        words = re.findall(r"[a-z]+", match["what"].lower())[:PREDICATE_WORDS]
        name = match["name"]
        if _PERSONS.isdisjoint(words):
            yield f"What {match['be']} {_inside(name)}?", _bare(name), "definition"
        elif _is_full_name(name):
            yield f"Who {match['be']} {name}?", name, "person"


def _of_table(start: int, text: str) -> Iterator[ExampleQuestion]:
    """Questions for cells of some rows of a table whose first row names its columns."""
    header, *lines = text.split("\n")
    columns = header.split(CELL_SEPARATOR)
    first_cells = Counter(line.partition(CELL_SEPARATOR)[0] for line in lines)
    step = max(1, len(lines) // ROWS_ASKED)
    at = start + len(header) + 1
    for number, line in enumerate(lines):
        label, *cells = line.split(CELL_SEPARATOR)
        wanted = number % step == 0 and first_cells[label] == 1 and _LABEL.fullmatch(label)
        for column, cell in zip(columns[1:], cells, strict=False):
            if wanted and (name := _attribute(column)) and cell.strip():
                question = f"What is the {name} of {label}?"
                yield ExampleQuestion(question, label, "cell", line, at, at + len(line))
                break
        at += len(line) + 1


def _attribute(column: str) -> str | None:
    """The name of a column as a question has it; none if it names no property of a row.

    >>> _attribute("Storage Size"), _attribute("full_name"), _attribute("Python")
    ('storage size', 'full name', None)
    """
    words = column.replace("_", " ").split()
    if not 0 < len(words) <= 3 or not all(word.isalpha() for word in words):
        return None
    if words[-1].lower() not in _ATTRIBUTES and " ".join(words).lower() != "full name":
        return None
    # Abbreviations stay as they are.
    return " ".join(word if word.isupper() else word.lower() for word in words)


def _bare(name: str) -> str:
    """A name or noun without its article."""
    return _ARTICLE.sub("", name)


def _match_name(pattern: re.Pattern[str], sentence: str) -> re.Match[str] | None:
    """The match if it names something; a question about "it" could not be answered."""
    match = pattern.match(sentence)
    if match is None or len(match["name"]) > MAX_NAME:
        return None
    words = match["name"].removeprefix("The ").split()
    first, last = words[0].lower(), words[-1].lower()
    is_name = (
        first not in STOP_WORDS | _NO_SUBJECTS
        and last not in STOP_WORDS
        # "Using Git is a …", but "The Meeting was …".
        and (match["name"].startswith("The ") or not first.endswith("ing"))
        and not last.endswith(("'s", "’s"))
        # Of a single letter only a formula says what it is.
        and len(last) > 1
        and not _is_vague(words)
    )
    return match if is_name else None


def _is_vague(words: list[str]) -> bool:
    """Whether all words need what stands before to be understood."""
    return all(word.lower() in _VAGUE or word.lower() in STOP_WORDS for word in words)


def _is_full_name(name: str) -> bool:
    words = name.split()
    return 1 < len(words) <= 4 and not name.startswith("The ")


def _inside(name: str) -> str:
    """The name or noun as it is written inside a sentence."""
    article = _ARTICLE.match(name)
    return name[: article.end()].lower() + name[article.end() :] if article else name
