"""Pages for a browser: a plan as one page, and in ``site`` a report as many.

The page of a plan is one file with nothing to load, no script, and a policy that allows neither.
Jinja2 escapes every value. Nothing here marks a text as markup.
"""

from reconciler.render.html.plan import plan_page

__all__ = ["plan_page"]
