"""The site's templates: every value is made safe and escaped on its way into a page, without exception."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension

from reconciler.render.html.site.markup import shown
from reconciler.render.html.site.phrases import Phrases, moment
from reconciler.render.html.site.rows import Rows
from reconciler.render.html.site.words import CATALOGS, Tongue, number_text, text
from reconciler.render.safe import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template

POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""What a page may do: load the site's own scripts and styles, and nothing else; send nothing anywhere.

For a site that is opened from a folder ``file:`` says what ``'self'`` says for one on a server: not every browser
takes one file for the ``'self'`` of another. A page on a server cannot load files at all. Trusted types keep every
script from turning text into markup.
"""
_FOLDER = "templates/site"
_SHOWN = re.compile(r"\{\{ ([^{}]+(?:\{\})?[^{}]*) \}\}")


@cache
def template(name: str, tongue: Tongue, *, is_switchable: bool) -> Template:
    """Return a page's template in the words of one language; ``is_switchable`` marks the words to exchange."""
    return _environment(tongue, is_switchable=is_switchable).get_template(name)


def asset(name: str) -> str:
    """Return the text of a style sheet or script."""
    return _loader().get_source(_environment("en", is_switchable=False), name)[0]


@cache
def _loader() -> PackageLoader:
    return PackageLoader("reconciler.render.html", _FOLDER)


@cache
def _environment(tongue: Tongue, *, is_switchable: bool) -> Environment:
    environment = Environment(
        loader=_loader(),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": True, "separators": (",", ":")}
    phrases = Phrases(tongue, is_switchable)
    plain = phrases.plain
    said = {key: phrases.say(key) for key in plain}
    environment.globals |= {
        "said": said,
        "say": phrases.say,
        "of": phrases.of,
        "label": phrases.label,
        "status": phrases.status,
        "moment": moment,
        "rows_of": Rows(phrases, said, plain),
        "policy": POLICY,
        "word": partial(text, tongue),
        "knows": CATALOGS[tongue].__contains__,
    }
    environment.filters |= {"number": partial(number_text, tongue)}
    quoted = {key: f'"{key}"' for key in plain}
    environment.words_put_in = {  # type: ignore[attr-defined]
        **{f"said[{each}]": said[key] for key, each in quoted.items()},
        **{f"of({each})": phrases.of(key) for key, each in quoted.items()},
        **{f"label({each})": phrases.label(key) for key, each in quoted.items()},
        **{f"word({each}, {{}})": shown(plain[key]) for key, each in quoted.items()},
    }
    environment.add_extension(_WordsPutIn)
    return environment


class _WordsPutIn(Extension):
    """Puts words that hang on no value into a template's text before it is compiled: to look them up took half of a page's time."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja's
        """Return a template's source with the words in it."""
        words: Mapping[str, str] = self.environment.words_put_in  # type: ignore[attr-defined]
        return _SHOWN.sub(lambda shown: words.get(shown[1], shown[0]), source)


def _finalized(value: Any) -> Any:
    """Return a value as a template may show it: foreign text made harmless, our own markup as it is."""
    # Exactly str: what macros and tojson return is a subclass of it, and consists of text that was here before.
    if type(value) is not str or (value.isascii() and value.isprintable() and "##" not in value):
        return value  # the second for speed alone: most text is such, and safe would leave it as it is
    return safe(value)
