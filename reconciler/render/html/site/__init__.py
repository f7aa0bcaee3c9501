"""The report as a static site: a list of all accounts, a page for each, a page for each revision, and the history.

Values in, pages out, one at a time, so that ten thousand of them never stand in memory together. Every value passes
``safe`` and Jinja2's escaping; scripts get theirs as JSON and make text of it, never markup. Nothing here depends on
the time, and no page on where the site lies.
"""

from reconciler.render.html.site.pages import Language, SiteFile, site_files
from reconciler.render.html.site.paths import INDEX

__all__ = ["INDEX", "Language", "SiteFile", "site_files"]
