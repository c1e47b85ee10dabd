"""Damage to any file of an index: the right answer or an error that says so."""

import pytest

from tests.attacks.examination import NAMES, Damage
from tests.attacks.flips import Flips
from tests.attacks.sizes import MARKS, SEED, size
from tests.attacks.tally import Tally

pytestmark = [*MARKS, pytest.mark.slow]

TRIALS = size("FLIP_TRIALS", 40)

LOG = "index/library.sqlite-wal"
DERIVED = "index/library.faiss"
FEEDBACK = "index.feedback.sqlite"

DAMAGE = {
    "log": Damage(LOG, "bit", 12_352, 1, False),
    "log that is gone": Damage(LOG, "gone", 0, 1, False),
    "log cut short": Damage(LOG, "cut", 41_560, 1, False),
    "derived file cut short while it is open": Damage(DERIVED, "cut", 100, 1, True),
    "derived file zeroed while it is open": Damage(DERIVED, "zeros", 100, 1, True),
    "owner of a lock": Damage("index/writer.lock.owner", "bit", 0, 128, True),
    "database": Damage("index/library.sqlite", "bit", 20_000, 1, False),
    "header of the database": Damage("index/library.sqlite", "zeros", 0, 1, False),
}


@pytest.fixture(scope="module")
def flips(tmp_path_factory: pytest.TempPathFactory) -> Flips:
    return Flips(tmp_path_factory.mktemp("flips"))


def test_flips_bring_about_no_wrong_quote_and_no_silent_loss(flips: Flips) -> None:
    tally = flips.run(SEED, TRIALS)
    assert tally.passed, tally.report()


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_reported_or_harmless(flips: Flips, what: str) -> None:
    damage = DAMAGE[what]
    tally = Tally("known damage", flips.PROMISES, seed=0)
    holding = [image for image in flips.images if damage.file in image.files]
    for image in holding[:2]:
        flips.look(image, damage, what, tally)
    assert tally.passed and tally.trials, tally.report()


@pytest.mark.parametrize("bit", [1, 128])
def test_damaged_rating_is_not_returned(flips: Flips, bit: int) -> None:
    image = flips.images[-1]
    content = (image.at / FEEDBACK).read_bytes()
    tally = Tally("known damage", flips.PROMISES, seed=0)
    for name in NAMES[:2]:
        # A letter of the stored answer becomes another, or no letter.
        offset = content.index(f"The {name} bridge".encode())
        flips.look(image, Damage(FEEDBACK, "bit", offset, bit, False), name, tally)
    assert tally.passed, tally.report()
