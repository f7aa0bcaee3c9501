"""What can be read off a page as it is laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_FOREIGN = """() => document.querySelectorAll(
  "script:not([src], [type='application/json']), img, iframe, object, embed, svg:not([aria-labelledby='chart']), base, form[action], [onerror]").length"""


def pixels_too_wide(page: Page) -> int:
    """Return how far the page can be scrolled sideways."""
    return int(page.evaluate(_TOO_WIDE))


def foreign_elements(page: Page) -> int:
    """Return how many elements the page has that only markup of somebody else could have made."""
    return int(page.evaluate(_FOREIGN))


def style_of(element: Locator, name: str) -> str:
    """Return a property of an element's style, as it is shown."""
    return str(element.evaluate("(element, name) => getComputedStyle(element).getPropertyValue(name)", name))


def is_in_view(element: Locator) -> bool:
    """Tell whether an element's beginning is within the window."""
    return bool(
        element.evaluate("element => (top => top >= 0 && top < innerHeight)(element.getBoundingClientRect().top)")
    )
