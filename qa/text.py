"""Text: the words that say what a question is about, and how answers are compared."""

import re
import string
from functools import lru_cache
from itertools import pairwise
from threading import Lock

import snowballstemmer

_WORD = re.compile(r"\w+")
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)

# English function words, and the words with which a question asks rather than describes.
STOP_WORDS = frozenset(
    """
    a about above after again against all also am an and any are aren as at be because been
    before being below between both but by can cannot could did didn do does doesn doing don
    down during each few for from further had has hasn have haven having he her here hers
    herself him himself his how i if in into is isn it its itself just ll me more most my myself
    no nor not now of off on once only or other our ours ourselves out over own re s same she
    should shouldn so some such t than that the their theirs them themselves then there these
    they this those through to too under until up us ve very was wasn we were weren what when
    where which while who whom whose why will with would wouldn you your yours yourself
    called many mean means much name named please stand stands tell
    """.split()
)

# Past forms that no stemmer leads back to their verb: a question asks "did it meet", the
# answer says "met". Forms with another common meaning (found, left, saw) are left alone.
_IRREGULAR = {
    form: verb
    for verb, *forms in (
        line.split()
        for line in """
        become became; begin began begun; break broke broken; bring brought; build built
        buy bought; catch caught; choose chose chosen; come came; deal dealt; draw drew drawn
        drive drove driven; eat ate eaten; fall fell fallen; fight fought; fly flew flown
        forbid forbade forbidden; forget forgot forgotten; give gave given; go went gone
        grow grew grown; hear heard; hide hid hidden; hold held; keep kept; know knew known
        lead led; lend lent; lose lost; make made; meet met; pay paid; ride rode ridden
        rise rose risen; run ran; say said; seek sought; sell sold; send sent; sing sang sung
        sink sank sunk; sleep slept; speak spoke spoken; spend spent; stand stood
        steal stole stolen; strike struck; swim swam swum; take took taken; teach taught
        think thought; throw threw thrown; understand understood; wear wore worn; win won
        write wrote written
        """.replace("\n", ";").split(";")
        if line.strip()
    )
    for form in forms
}

_stemmer = snowballstemmer.stemmer("english")
# The stemmer has state: two threads at once would get wrong stems, or an error.
_stemmer_lock = Lock()


def terms(text: str) -> list[str]:
    """The distinct words that carry meaning, in lower case and order; all words if none does.

    >>> terms("How many members does the IOFS have?")
    ['members', 'iofs']
    """
    words = list(dict.fromkeys(_WORD.findall(text.lower())))
    return [word for word in words if word not in STOP_WORDS] or words


def search_terms(text: str) -> list[str]:
    """What to search for: the words that carry meaning, and each two of them that touch.

    The pairs raise passages that hold a name or a fixed phrase with all its words.

    >>> search_terms("Who won Super Bowl 50?")
    ['won', 'super', 'bowl', '50', 'won super', 'super bowl', 'bowl 50']
    """
    words = _WORD.findall(text.lower())
    pairs = [
        f"{first} {second}"
        for first, second in pairwise(words)
        if first not in STOP_WORDS and second not in STOP_WORDS
    ]
    return [*terms(text), *dict.fromkeys(pairs)]


LONGEST_STEMMED = 64
"""Characters; no English word is longer, and stemming takes the square of them."""


def stem(word: str) -> str:
    """The word without its English ending, in lower case (Porter 2); of a past form, its verb's.

    >>> stem("Organisations"), stem("organisation"), stem("met")
    ('organis', 'organis', 'meet')
    """
    return _stem(word) if len(word) <= LONGEST_STEMMED else word.lower()


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    word = word.lower()
    with _stemmer_lock:
        return str(_stemmer.stemWord(_IRREGULAR.get(word, word)))


def stems(text: str) -> set[str]:
    """The stems of all words of a text."""
    return {stem(word) for word in _WORD.findall(text)}


def normalise(text: str) -> str:
    """The text as answers are compared: lower case, no ASCII punctuation, no articles.

    >>> normalise("The  IOFS, (2013)")
    'iofs 2013'
    """
    return join_whitespace(_ARTICLE.sub(" ", text.lower().translate(_NO_PUNCTUATION)))


def replace_surrogates(text: str) -> str:
    """The text with "?" for halves of surrogate pairs, which a terminal can hand over."""
    return text.encode("utf-8", "replace").decode("utf-8")


def join_whitespace(text: str) -> str:
    """The text with each run of white space as one space, without any at its ends.

    >>> join_whitespace("  When  was it? ")
    'When was it?'
    """
    return " ".join(text.split())
