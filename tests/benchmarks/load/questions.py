"""Questions: as many as needed, no two alike, made of the words of the documents."""

import random
import re
from collections.abc import Iterator
from itertools import count

import httpx

from qa.conversation.splitting import MAX_QUESTIONS

WORDS = (3, 8)
"""Fewest and most words that a question takes from the documents."""

MAX_CHARACTERS = 100_000
"""Of each document."""

_FORMS = (
    "What is said about {}?",
    "When was {}?",
    "Who mentions {}?",
    "How many are there of {}?",
    "Why does it say {}?",
)


def texts(url: str) -> list[str]:
    """The texts of all documents that a server has."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        documents = client.get("/documents", params={"limit": 1_000}).json()["documents"]
        found = []
        for sha256 in {each["sha256"] for each in documents if each["title"] is not None}:
            length = client.get(f"/documents/{sha256}").json()["characters"]
            place = {"start": 0, "end": min(length, MAX_CHARACTERS)}
            found.append(client.get(f"/documents/{sha256}/text", params=place).json()["text"])
    return found


def questions(sources: list[str], seed: int) -> Iterator[str]:
    """Questions without end; the same for the same seed.

    Args:
        sources: Texts whose words they take.
        seed: Of the random numbers.
    """
    chosen = random.Random(seed)
    words = [found for text in sources if len(found := re.findall(r"\w+", text)) > WORDS[1]]
    for number in count(1):
        source = chosen.choice(words)
        length = chosen.randint(*WORDS)
        at = chosen.randrange(len(source) - length)
        form = chosen.choice(_FORMS)
        # The number makes it one that no cache knows.
        yield form.format(f"{' '.join(source[at : at + length])} in {number}")


def slow_question(number: int) -> str:
    """A message of as many questions as are answered one by one, which takes long."""
    first = 1_000 + MAX_QUESTIONS * number
    return " ".join(
        f"What was founded in the year {first + part} by the members of the organisation?"
        for part in range(MAX_QUESTIONS)
    )
