"""Pages for a browser: one file each, with nothing to load, no script, and a policy that allows neither.

Jinja2 escapes every value. Nothing here marks a text as markup.
"""

from reconciler.render.html.page import plan_page

__all__ = ["plan_page"]
