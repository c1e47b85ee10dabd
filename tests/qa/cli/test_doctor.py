import shutil
from pathlib import Path

import pytest

from embeddings.errors import IndexDamaged
from embeddings.index.commit_log import Commit, CommitLog
from embeddings.index.index import STORE_FILE, VECTORS_FILE, Index
from embeddings.indexing import open_and_index
from qa import Settings
from qa.cli.doctor import examine
from qa.pipeline import load_encoder


@pytest.fixture
def place(docs_index: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(docs_index, tmp_path / "index"))


def test_sound_index_has_only_sound_findings(place: Path) -> None:
    findings = list(examine(Settings(index=place)))
    assert [finding.sound for finding in findings] == [True] * 8
    assert "documents and" in findings[4].what
    assert "vectors of this generation" in findings[7].what


def test_changed_letter_in_the_database_is_found(place: Path) -> None:
    path = place / STORE_FILE
    content = path.read_bytes()
    assert content.count(b"50 tons") >= 2
    path.write_bytes(content.replace(b"50 tons", b"90 tons"))
    findings = list(examine(Settings(index=place)))
    wrong = [finding.what for finding in findings if not finding.sound]
    assert any("fails its checksum in table passage" in what for what in wrong)
    assert any("fails its checksum in table part" in what for what in wrong)
    assert wrong[-1].startswith(f"Delete {place} and index again")


def test_lost_rows_are_found(place: Path) -> None:
    index = Index.open(place)
    with index.store.transaction():
        index.store._execute("DELETE FROM vector WHERE passage = 3")
    index.close()
    wrong = [finding.what for finding in examine(Settings(index=place)) if not finding.sound]
    assert [what.partition(":")[0] for what in wrong] == [
        "Rows are missing",
        f"Delete {place} and index again; your documents are not touched.",
    ]


def test_documents_that_a_damaged_log_has_lost_are_named(place: Path) -> None:
    commits = CommitLog(place / STORE_FILE)
    (base,) = commits.read()
    changes = tuple((f"docs/{number}.md", "0" * 64) for number in range(7))
    commits.append(Commit(base.library, base.generation + 1, "f" * 32, changes))
    wrong = [finding.what for finding in examine(Settings(index=place)) if not finding.sound]
    assert wrong == [
        *(
            f"docs/{number}.md had been indexed and is missing; index its folder again."
            for number in range(7)
        ),
        "The log of the database was damaged. Index the folders again that hold these documents: "
        f"qa index FOLDER. Uploads lie in {place}.uploads.",
    ]
    with pytest.raises(IndexDamaged, match=r"to docs/0\.md, .*, docs/4\.md and 2 more\. Index"):
        Index.open(place)


def test_damaged_faiss_file_leaves_the_index_sound(place: Path) -> None:
    path = place / VECTORS_FILE
    path.write_bytes(path.read_bytes()[:-100])
    findings = list(examine(Settings(index=place)))
    assert all(finding.sound for finding in findings)
    assert findings[-1].what.startswith("The FAISS file is missing, damaged or older")


def test_missing_index_is_found_with_a_remedy(tmp_path: Path) -> None:
    *_, last = examine(Settings(index=tmp_path))
    assert (last.sound, "qa index FOLDER" in last.what) == (False, True)


def test_missing_model_is_found(place: Path, tmp_path: Path) -> None:
    (finding,) = examine(Settings(index=place, encoder=str(tmp_path)))
    assert not finding.sound
    assert "has no weights" in finding.what


def test_folder_and_files_that_are_gone_are_found(tmp_path: Path) -> None:
    index = tmp_path / "index"
    encoder = load_encoder(Settings(index=index))
    for name in ("town", "sea"):
        (tmp_path / name).mkdir()
        for number in range(2):
            (tmp_path / name / f"{number}.txt").write_text(f"The {name} has {number} bridges.")
        open_and_index(tmp_path / name, index, encoder)[0].close()
    assert "All documents are where they were indexed." in {
        finding.what for finding in examine(Settings(index=index))
    }
    (tmp_path / "town").rename(tmp_path / "city")
    (tmp_path / "sea" / "1.txt").unlink()
    found = {finding.what: finding.sound for finding in examine(Settings(index=index))}
    assert found[
        f"The folder town is gone from {tmp_path / 'town'}. If it was moved: qa move town "
        "NEW_FOLDER. If it was deleted: qa remove town"
    ] is False  # fmt: skip
    assert found[
        "Of sea, 1 files are gone since they were indexed; bring it up to date: qa index "
        f"{tmp_path / 'sea'}"
    ]
