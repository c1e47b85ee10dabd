"""A receipt on the page: what was quoted, and what a browser may send in its place."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from embeddings.index.index import Index
from embeddings.indexing import index_folder
from qa.library.receipts import as_json
from qa.pipeline import QuestionAnswerer
from qa.service import receipt_check
from qa.service.messages import NO_RECEIPT, RECEIPT_TOO_LARGE, RECEIPT_WITHOUT_QUOTES
from qa.service.receipt_check import NoReceipt, ReceiptCheck, check_receipt
from qa.settings import Settings
from qa.web.html.receipt_page import receipt_help, receipt_table
from tests.builders import HashingEncoder
from tests.qa.library.test_receipts import citation_of, cited
from tests.qa.web.html.test_page import NO_ANSWER


@pytest.fixture
def index(tmp_path: Path, town: Path) -> Iterator[Index]:
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret.txt").write_text("The word is swordfish.")
    opened = Index.open_or_create(tmp_path / "index", HashingEncoder())
    for folder in (town, other):
        index_folder(folder, opened, HashingEncoder())
    yield opened
    opened.close()


@pytest.fixture
def answerer(index: Index, town: Path) -> QuestionAnswerer:
    """Answers from the town alone."""
    unused: object = None
    return QuestionAnswerer(index, unused, unused, Settings(), [town])  # type: ignore[arg-type]


def checked(check: ReceiptCheck) -> list[tuple[str, str]]:
    return [(quote.citation.quote, quote.status) for _, quote in check.quotes]


def test_each_quote_is_checked(index: Index, answerer: QuestionAnswerer, town: Path) -> None:
    exact = citation_of(index, "1901")
    receipt = as_json([cited(exact, replace(exact, quote="1902"), replace(exact, start=3, end=7))])
    check = check_receipt(receipt, answerer)
    assert checked(check) == [("1901", "exact"), ("1902", "changed"), ("1901", "moved")]
    assert check.total == 3
    shown = receipt_table(check.quotes, check.total, "")
    assert "Of 3 quotes 1 stands in the documents exactly." in shown
    assert shown.index("Changed") < shown.index("Moved") < shown.index("Exact")
    assert f"quote={exact.start}-{exact.end}&amp;at=1#quote-1" in shown
    # Of a list or of one answer, as of the command line.
    assert checked(check_receipt(cited(exact).to_json(), answerer)) == [("1901", "exact")]
    (town / "bridge.txt").write_text("It was changed meanwhile.")
    assert checked(check_receipt(cited(exact).to_json(), answerer)) == [("1901", "stale")]


def test_all_quotes_that_stand_are_said_to(index: Index, answerer: QuestionAnswerer) -> None:
    exact = citation_of(index, "1901")
    one = check_receipt(cited(exact).to_json(), answerer)
    assert "The quote stands in the documents exactly." in receipt_table(one.quotes, one.total, "")
    two = check_receipt(cited(exact, exact).to_json(), answerer)
    assert "All 2 quotes stand in the documents" in receipt_table(two.quotes, two.total, "")


def test_documents_that_are_not_served_are_not_looked_at(
    index: Index, answerer: QuestionAnswerer
) -> None:
    secret = citation_of(index, "swordfish", "other/secret.txt")
    served = citation_of(index, "1901")
    for made_up in (secret, replace(secret, path="town/x.txt"), replace(served, quote="swordfish")):
        check = check_receipt(cited(made_up).to_json(), answerer)
        assert checked(check)[0][1] in ("gone", "changed")
        assert check.quotes[0][1].path is None


HOSTILE = {
    "": NO_RECEIPT,
    " ": NO_RECEIPT,
    "not JSON": NO_RECEIPT,
    "{}": NO_RECEIPT,
    "null": NO_RECEIPT,
    '[{"question": 1}]': NO_RECEIPT,
    '{"documents": []}': NO_RECEIPT,
    "[" * 100_000: NO_RECEIPT,
    '{"a":' * 10_000 + "1" + "}" * 10_000: NO_RECEIPT,
    "{" * 20_001: RECEIPT_TOO_LARGE,
    "x" * 1_000_001: RECEIPT_TOO_LARGE,
    "\ud800": NO_RECEIPT,
    "[]": RECEIPT_WITHOUT_QUOTES,
    NO_ANSWER.to_json(): RECEIPT_WITHOUT_QUOTES,
}


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_receipt_gets_one_sentence(content: str) -> None:
    # The documents are not even looked at.
    with pytest.raises(NoReceipt) as refused:
        check_receipt(content, cast(QuestionAnswerer, None))
    assert str(refused.value) == HOSTILE[content]
    assert refused.value.too_large == (HOSTILE[content] == RECEIPT_TOO_LARGE)


def test_number_of_quotes_and_time_are_bounded(
    index: Index, answerer: QuestionAnswerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = cited(*[citation_of(index, "1901")] * 5).to_json()
    monkeypatch.setattr(receipt_check, "MAX_CHECKED", 3)
    check = check_receipt(receipt, answerer)
    assert (len(check.quotes), check.total) == (3, 5)
    assert "The first 3 of them were checked." in receipt_table(check.quotes, check.total, "")
    monkeypatch.setattr(receipt_check, "CHECK_SECONDS", -1)
    assert len(check_receipt(receipt, answerer).quotes) == 1


def test_receipt_is_escaped(index: Index, answerer: QuestionAnswerer) -> None:
    evil = "<img src=x onerror=alert(1)>${1+1}{{2}}"
    citation = replace(citation_of(index, "1901"), quote=evil, title=evil, path=evil)
    check = check_receipt(replace(cited(citation), question=evil).to_json(), answerer)
    shown = receipt_table(check.quotes, check.total, "") + receipt_help()
    assert "<img" not in shown and "${" not in shown and "{{" not in shown
