"""The pictures of the documentation: ``python -m tests.system.browser.screenshots`` takes them anew.

They are not compared pixel by pixel, since letters differ from machine to machine. Each carries the title of the page
that it shows, by which a test knows whether it still shows the page that it is said to show.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.plan import Summary
from reconciler.render.html import plan_page
from tests.render import saved, values
from tests.system.browser.chromium import PHONE, Browsing, Look, running_chromium
from tests.system.browser.register import FAILING, build_register
from tests.system.browser.site import write_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import ViewportSize

    from reconciler.model.plan import SavedPlan

FOLDER = Path(__file__).parents[3] / "docs" / "screenshots"
MOST_BYTES = 200_000
GENERATED = 24
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TITLE = b"Title\x00"
_WIDE: ViewportSize = {"width": 1000, "height": 800}
_LONG: ViewportSize = {"width": 1000, "height": 1100}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture: the page, who looks at it, and the page's title."""

    name: str
    page: str
    """Relative to the folder with the pages, with what is searched and sorted."""
    title: str
    viewport: ViewportSize
    is_dark: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.viewport["width"], self.viewport["height"]


PICTURES = (
    Picture(name="list", page="site/index.html#sort=-status", title="Accounts · mail", viewport=_LONG),
    Picture(
        name="list-phone", page="site/index.html#sort=-status", title="Accounts · mail", viewport=PHONE, is_dark=True
    ),
    Picture(name="account", page=f"site/accounts/{FAILING}.html", title=f"{FAILING} · mail", viewport=_WIDE),
    Picture(name="plan", page="plan.html", title="Plan for mail", viewport=_LONG),
)


def write_pages(folder: Path) -> None:
    """Write the pages that are pictured into a folder."""
    (folder / "plan.html").write_text(plan_page(pictured_plan()), encoding="utf-8")
    write_site(build_register(folder / "mail", generated=GENERATED, is_hostile=False), folder / "site")


def pictured_plan() -> SavedPlan:
    """Return a plan that nothing refuses, with a change of each kind."""
    changes = (values.DELETED, values.RENAMED, values.UPDATED, values.through_server("anna", values.passed()))
    summary = Summary(create=1, update=1, rename=1, delete=1, unchanged=40)
    accounts = {"sales-pl": saved.prepared("sales-pl"), "anna": saved.prepared("anna")}
    return saved.saved(values.plan(changes, summary=summary), accounts)


def take(picture: Picture, browsing: Browsing, pages: Path) -> bytes:
    """Return the picture as a PNG file that carries the page's title."""
    look = Look(viewport=picture.viewport, is_dark=picture.is_dark, wants_less_motion=True)
    page = browsing.open(f"{pages.as_uri()}/{picture.page}", look)
    return titled(page.screenshot(), page.title())


def titled(png: bytes, title: str) -> bytes:
    """Return a PNG file with a title (PNG 11.3.3.2), which a tool that knows nothing of it passes over."""
    body = b"tEXt" + _TITLE + title.encode("latin-1")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    header_end = len(_SIGNATURE) + 25
    return png[:header_end] + chunk + png[header_end:]


def title_of(png: bytes) -> str | None:
    """Return the title that a PNG file carries; None where it has none."""
    titles = (content for kind, content in _chunks(png) if kind == b"tEXt" and content.startswith(_TITLE))
    return next((content.removeprefix(_TITLE).decode("latin-1") for content in titles), None)


def size_of(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG file in pixels; ``ValueError`` where it is none."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("not a PNG file")
    _, header = next(_chunks(png))
    width, height = struct.unpack(">II", header[:8])
    return width, height


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and content of every chunk; ``ValueError`` for one that was altered."""
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if struct.unpack_from(">I", png, at + 8 + length) != (zlib.crc32(kind + content),):
            raise ValueError("a chunk's checksum does not hold")
        yield kind, content
        at += length + 12


def main() -> None:
    """Take every picture of the documentation anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reconciler-screenshots-") as scratch, running_chromium() as chromium:
        write_pages(Path(scratch))
        browsing = Browsing(chromium)
        for picture in PICTURES:
            (FOLDER / f"{picture.name}.png").write_bytes(take(picture, browsing, Path(scratch)))
        browsing.close()
        browsing.require_quiet()


if __name__ == "__main__":
    main()
