"""The site's templates: every value is made safe and escaped on its way into a page, without exception."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.compiler import CodeGenerator
from jinja2.ext import Extension
from markupsafe import Markup, escape

from reconciler.render.html.site.markup import shown
from reconciler.render.html.site.phrases import Phrases, moment
from reconciler.render.html.site.rows import Rows
from reconciler.render.html.site.words import CATALOGS, Tongue, number_text, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template
    from jinja2.compiler import Frame
    from jinja2.nodes import Expr

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
_MACROS = "macros.html"
_SHOWN = re.compile(r"\{\{ ([^{}]+(?:\{\})?[^{}]*) \}\}")


@cache
def template(name: str, tongue: Tongue, *, is_switchable: bool) -> Template:
    """Return a page's template in the words of one language; ``is_switchable`` marks the words to exchange."""
    return _loaded(_environment(tongue, is_switchable=is_switchable), name)


def asset(name: str) -> str:
    """Return the text of a style sheet or script."""
    return _loader().get_source(_environment("en", is_switchable=False), name)[0]


def _loaded(environment: Environment, name: str) -> Template:
    found = environment.get_template(name)
    # Copied for every page: of the chain of mappings that a template comes with that takes calls for each name.
    found.globals = dict(found.globals)
    return found


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
    environment.code_generator_class = _Escaped
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": True, "separators": (",", ":")}
    phrases = Phrases(tongue, is_switchable)
    plain = phrases.plain
    said = {key: phrases.say(key) for key in plain}
    environment.globals |= {
        "said": said,
        "of": phrases.of,
        "label": phrases.label,
        "rows_of": Rows(phrases, said, plain),
        "policy": POLICY,
        "word": partial(text, tongue),
        "knows": CATALOGS[tongue].__contains__,
    }
    # Filters rather than functions where a page has many: a template asks of each function how it is to be called.
    environment.filters |= {
        "say": phrases.say,
        "of": phrases.of,
        "word": partial(text, tongue),
        "status": phrases.status,
        "moment": moment,
        "number": partial(number_text, tongue),
    }
    quoted = {key: f'"{key}"' for key in plain}
    environment.words_put_in = {  # type: ignore[attr-defined]
        **{f"said[{each}]": said[key] for key, each in quoted.items()},
        **{f"of({each})": phrases.of(key) for key, each in quoted.items()},
        **{f"label({each})": phrases.label(key) for key, each in quoted.items()},
        **{f"word({each}, {{}})": shown(plain[key]) for key, each in quoted.items()},
    }
    environment.add_extension(_WordsPutIn)
    _loaded(environment, _MACROS)
    return environment


class _WordsPutIn(Extension):
    """Puts words that hang on no value into a template's text before it is compiled: to look them up took half of a page's time."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja's
        """Return a template's source with the words in it."""
        words: Mapping[str, str] = self.environment.words_put_in  # type: ignore[attr-defined]
        return _SHOWN.sub(lambda shown: words.get(shown[1], shown[0]), source)


class _Escaped(CodeGenerator):
    """Shows what ``_finalized`` returns as it is: to escape what is markup already takes longer than to make it."""

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: Any) -> None:
        if finalize.src is None or frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write(f"({finalize.src}")


def _finalized(value: Any) -> Markup:
    """Return the markup that shows a value: foreign text made safe and escaped, our own markup as it is."""
    # Exactly str: what macros and tojson return is a subclass of it, and consists of text that was here before.
    kind = type(value)
    if kind is Markup:
        return value  # type: ignore[no-any-return]
    return shown(value) if kind is str else escape(value)
