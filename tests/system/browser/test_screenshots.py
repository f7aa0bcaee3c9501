"""The pictures of the documentation can be taken, and those that it has show what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.system.browser.screenshots import (
    FOLDER,
    MOST_BYTES,
    PICTURES,
    Picture,
    size_of,
    take,
    title_of,
    titled,
    write_pages,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.browser.chromium import Browsing

_IMAGE = re.compile(r"!\[([^\]]*)\]\(screenshots/([^)]+)\)")
_WORDS_OF_A_DESCRIPTION = 6


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the pages that are pictured."""
    folder = tmp_path_factory.mktemp("pictured")
    write_pages(folder)
    return folder


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_can_be_taken(picture: Picture, browsing: Browsing, pages: Path, tmp_path: Path) -> None:
    """The page opens, has the title that the picture says, and makes a picture of the expected size."""
    path = tmp_path / f"{picture.name}.png"
    path.write_bytes(take(picture, browsing, pages))
    assert (picture.size, picture.title) == (size_of(path.read_bytes()), title_of(path.read_bytes()))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_documentation_has_the_picture(picture: Picture) -> None:
    """It is there, is of the size and the page that it should be, and is no burden to whoever clones the project."""
    png = (FOLDER / f"{picture.name}.png").read_bytes()
    assert (picture.size, picture.title) == (size_of(png), title_of(png)), "python -m tests.system.browser.screenshots"
    assert len(png) < MOST_BYTES


def test_every_picture_is_shown_and_described() -> None:
    """Each stands on a page of the documentation, with words for those who do not see it; no other file lies there."""
    shown = [match for page in FOLDER.parent.glob("*.md") for match in _IMAGE.findall(page.read_text(encoding="utf-8"))]
    assert {f"{picture.name}.png" for picture in PICTURES} == {name for _, name in shown}
    assert {name for _, name in shown} == {path.name for path in FOLDER.iterdir()}
    assert [] == [text for text, _ in shown if len(text.split()) < _WORDS_OF_A_DESCRIPTION]


def test_a_picture_that_was_altered_is_noticed(browsing: Browsing) -> None:
    """A title can be read again, a file that is no PNG file or was damaged is refused, and one may have no title."""
    png = browsing.open("about:blank").screenshot()
    with_title = titled(png, "Accounts · mail")
    assert (None, "Accounts · mail") == (title_of(png), title_of(with_title))
    with pytest.raises(ValueError, match="checksum"):
        title_of(with_title.replace(b"Accounts", b"accounts"))
    with pytest.raises(ValueError, match="not a PNG"):
        size_of(b"GIF89a")
