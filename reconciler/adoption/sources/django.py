"""Django: ``settings.py``, read as a syntax tree and never executed.

Taken are texts, numbers and yes or no as they are written, joined texts, and names that were given such a value before;
of a look-up of the environment the variable, and its default. Everything else is told as not read. ``EMAIL_*`` is one
account; ``MAILERS`` (Django 6.1) has one for each of its keys.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.adoption.fields import found_of
from reconciler.adoption.source import ReadsAlone, passed_over, port_of, unreadable
from reconciler.classes import Frozen, dataclass
from reconciler.model.adoption.found import FoundAccount, SourceReading
from reconciler.rules.adoption import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.adoption.source import Source
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.adoption.found import Security

_SHAPE = re.compile(
    r"^\s*(?:EMAIL_\w+\s=\s|DEFAULT_FROM_EMAIL\s=\s|MAILERS\s*(?::[^=\n]+)?=\s*\{|from\s+django|INSTALLED_APPS\s*=)",
    re.MULTILINE,
)
_INSIDE = re.compile(r"^[ \t]+EMAIL_HOST\s*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
_MOST_CHARACTERS = 1_000_000
_MOST_LEVELS = 200
"""Deeper trees are refused: what walks them is recursive."""
_SETTINGS = {
    "EMAIL_HOST": "host", "EMAIL_PORT": "port", "EMAIL_HOST_USER": "username", "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls", "EMAIL_USE_SSL": "use_ssl", "DEFAULT_FROM_EMAIL": "email", "EMAIL_BACKEND": "mailer",
    "EMAIL_SSL_CERTFILE": "client_certificate", "EMAIL_SSL_KEYFILE": "client_key",
}  # fmt: skip
_OPTIONS = {
    "HOST": "host", "PORT": "port", "USERNAME": "username", "PASSWORD": "password", "USE_TLS": "use_tls",
    "USE_SSL": "use_ssl", "USER": "username", "FROM_EMAIL": "email", "DEFAULT_FROM_EMAIL": "email",
    "SSL_CERTFILE": "client_certificate", "SSL_KEYFILE": "client_key",
}  # fmt: skip
_PARTS, _SENDERS = "_options", "_senders"
_LOOK_UPS = re.compile(
    r"(?:os\.)?(?:environ\.get|getenv|environ)\Z|(?:\w+\.)?(?:env|config|Env|get_env|getenv_or)(?:\.\w+)?\Z"
)


class _Value(Frozen):
    """What an expression says: a constant, or a variable of the environment with its default."""

    constant: str | int | float | bool | None = None
    variable: str | None = None
    is_known: bool = True

    @property
    def text(self) -> str:
        """The constant as text; empty for none."""
        return "" if self.constant is None else str(self.constant)


_UNKNOWN = _Value(is_known=False)


@dataclass
class _Module:
    """What a module gives its names, the last of several."""

    values: dict[str, _Value] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    mailers: ast.Dict | None = None
    parts: dict[str, dict[str, _Value]] = field(default_factory=dict)
    """Mailers that are given one part after the other, by name, as what ``publish`` writes has them."""


class Django(ReadsAlone):
    """Reads settings of Django."""

    name = "django"

    def recognises(self, source: Source) -> bool:
        """Tell it by settings with the spaces that Python code has around an equals sign, or by them in a file of Python."""
        is_python = source.file.endswith(".py") and "EMAIL_" in source.text
        return is_python or _SHAPE.search(source.text) is not None

    def read(self, source: Source) -> SourceReading:
        """Return the account of ``EMAIL_*``, and those of ``MAILERS``."""
        tree = _parsed(source)
        if not isinstance(tree, ast.Module):
            return SourceReading(problems=(tree,))
        problems: list[Diagnostic] = []
        module = _read_module(tree, source, problems)
        written = [_account(said, name, 1, source, problems) for name, said in module.parts.items()]
        accounts = [each for each in written if each is not None]
        if not accounts and not module.values.keys() >= {
            _PARTS,
            _SENDERS,
        }:  # what ``publish`` writes without an account
            accounts = [*_of_email(module, source, problems), *_of_mailers(module, source, problems)]
        if not accounts and not problems and "EMAIL_BACKEND" in source.text:
            problems.append(
                passed_over(source, None, "EMAIL_BACKEND is set, and no server: its mail does not go by SMTP.")
            )
        if (
            not accounts
            and not problems
            and not _SETTINGS.keys() & module.values.keys()
            and _INSIDE.search(source.text)
        ):
            detail = "EMAIL_HOST is set inside a class or a function, which is not read. Copy those lines into a file of their own, and import that."
            problems.append(passed_over(source, None, detail))
        return SourceReading(accounts=tuple(accounts), problems=tuple(problems))


def _parsed(source: Source) -> ast.Module | Diagnostic:
    if len(source.text) > _MOST_CHARACTERS:
        return unreadable(source, None, "The file is longer than a settings file is. Nothing of it was read.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.text)
    except SyntaxError as failure:
        return unreadable(
            source, failure.lineno, "This is not Python as this version reads it. Nothing of it was read."
        )
    except (RecursionError, MemoryError, ValueError):
        return unreadable(source, None, "The code is nested deeper than settings are. Nothing of it was read.")
    return tree


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module and of its branches, in their order; not those of functions and classes."""
    waiting = [*reversed(body)]
    while waiting:
        statement = waiting.pop()
        yield statement
        for name in ("finalbody", "orelse", "body"):
            inner = getattr(statement, name, None)
            is_branch = isinstance(statement, (ast.If, ast.Try, ast.With))
            waiting.extend(reversed(inner) if is_branch and isinstance(inner, list) else ())


def _read_module(tree: ast.Module, source: Source, problems: list[Diagnostic]) -> _Module:
    module = _Module()
    for statement in _statements(tree.body):
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        for target, given in _pairs(targets, value):
            _assign(module, target, given, statement, source, problems)
        # django-environ makes all settings of one address: ``env.email_url(…)``.
        func = value.func if isinstance(value, ast.Call) else None
        if isinstance(func, ast.Attribute) and func.attr in {"email", "email_url"}:
            detail = "The settings come of an address in a variable, which was not read. Import the address itself, a line of a file, with --from url."
            problems.append(passed_over(source, statement.lineno, detail))
    return module


def _pairs(targets: Sequence[ast.expr], value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what is assigned to what; ``A, B = 1, 2`` is two assignments."""
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            if len(target.elts) == len(value.elts):
                yield from zip(target.elts, value.elts, strict=True)
        else:
            yield target, value


def _assign(
    module: _Module, target: ast.expr, value: ast.expr, statement: ast.stmt, source: Source, problems: list[Diagnostic]
) -> None:
    if isinstance(target, ast.Subscript):
        _give_part(module, target, value)
    elif isinstance(target, ast.Name):
        if target.id == "EMAIL_BACKEND" and statement.col_offset > 0:
            return  # a branch for development, most often
        if target.id == "MAILERS" and isinstance(value, ast.Dict):
            module.mailers = value
        _give(module, target.id, _value(value, module, 0), statement.lineno, source, problems)


def _give_part(module: _Module, target: ast.Subscript, value: ast.expr) -> None:
    """Take ``_options[NAME] = {…}``, ``_options[NAME]["password"] = …`` and ``_senders[NAME] = …``."""
    key = _value(target.slice, module, 0).text
    if isinstance(target.value, ast.Subscript):
        setting, name = _OPTIONS.get(key.upper()), _value(target.value.slice, module, 0).text
        if _dotted(target.value.value) == _PARTS and setting is not None:
            module.parts.setdefault(name, {})[setting] = _value(value, module, 0)
    elif _dotted(target.value) == _PARTS and isinstance(value, ast.Dict):
        module.parts[key] = {
            _OPTIONS[option]: _value(given, module, 0)
            for node, given in _entries(value)
            if (option := _value(node, module, 0).text.upper()) in _OPTIONS
        }
    elif _dotted(target.value) == _SENDERS and key in module.parts:
        module.parts[key]["email"] = _value(value, module, 0)


def _give(module: _Module, name: str, value: _Value, line: int, source: Source, problems: list[Diagnostic]) -> None:
    before = module.values.get(name)
    if name in _SETTINGS and before is not None and before != value and before.is_known:
        detail = f"{name} is given more than once; the last one was taken."
        problems.append(passed_over(source, line, detail))
    module.values[name], module.lines[name] = value, line


def _value(node: ast.expr, module: _Module, level: int) -> _Value:
    """Return what an expression says; calls are looked at and never made."""
    if level > _MOST_LEVELS:
        return _UNKNOWN
    if isinstance(node, ast.Constant):
        is_plain = isinstance(node.value, (str, int, float, bool)) or node.value is None
        return _Value(node.value) if is_plain else _UNKNOWN  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return module.values.get(node.id, _UNKNOWN)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined([node.left, node.right], module, level)
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return _joined(parts, module, level)
    return _looked_up(node, module, level)


def _joined(nodes: list[ast.expr], module: _Module, level: int) -> _Value:
    """Return the text that several make together; unknown where one of them is no text that is written out."""
    parts = [_value(node, module, level + 1) for node in nodes]
    is_text = all(part.is_known and part.variable is None and isinstance(part.constant, str) for part in parts)
    return _Value("".join(part.text for part in parts)) if is_text else _UNKNOWN


def _looked_up(node: ast.expr, module: _Module, level: int) -> _Value:
    """Return the variable that a look-up of the environment names, with its default; unknown for anything else."""
    if isinstance(node, ast.Subscript) and _dotted(node.value).endswith("environ"):
        key = _value(node.slice, module, level + 1)
        return _Value(variable=key.text) if isinstance(key.constant, str) else _UNKNOWN
    if not isinstance(node, ast.Call):
        return _UNKNOWN
    name = _dotted(node.func)
    if name in {"int", "str", "bool"} and len(node.args) == 1:
        return _value(node.args[0], module, level + 1)
    if not _LOOK_UPS.match(name) or not node.args:
        return _UNKNOWN
    key = _value(node.args[0], module, level + 1)
    if not isinstance(key.constant, str):
        return _UNKNOWN
    given = [*node.args[1:2], *(each.value for each in node.keywords if each.arg == "default")]
    # A default that is a variable itself has a value only where the program runs, so it counts as none.
    default = _value(given[0], module, level + 1) if given else _Value()
    return _Value(default.constant if default.variable is None else None, variable=key.constant)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < _MOST_LEVELS:
        parts.append(node.attr)
        node = node.value
    return ".".join([*([node.id] if isinstance(node, ast.Name) else []), *reversed(parts)])


def _of_email(module: _Module, source: Source, problems: list[Diagnostic]) -> Iterator[FoundAccount]:
    said = {setting: module.values[name] for name, setting in _SETTINGS.items() if name in module.values}
    if not any(name in said for name in ("host", "username")):
        return
    line = min(module.lines[name] for name in _SETTINGS if name in module.values)
    found = _account(said, "EMAIL", line, source, problems)
    if found is not None:
        yield found


def _of_mailers(module: _Module, source: Source, problems: list[Diagnostic]) -> Iterator[FoundAccount]:
    for key, node in _entries(module.mailers):
        label = _value(key, module, 0).text
        if not isinstance(node, ast.Dict):
            problems.append(passed_over(source, node.lineno, "A mailer is no dict that is written out."))
            continue
        said: dict[str, _Value] = {}
        for name, value in _entries(node):
            word = _value(name, module, 0).text.upper()
            if word == "BACKEND":
                said["mailer"] = _value(value, module, 0)
            for option, given in _entries(value) if isinstance(value, ast.Dict) else ():
                setting = _OPTIONS.get(_value(option, module, 0).text.upper())
                if setting is not None:
                    said[setting] = _value(given, module, 0)
            if word in _OPTIONS:
                said[_OPTIONS[word]] = _value(value, module, 0)
        found = _account(said, label or "MAILERS", node.lineno, source, problems)
        if found is not None:
            yield found


def _entries(node: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield key, value


def _account(
    said: Mapping[str, _Value], label: str, line: int, source: Source, problems: list[Diagnostic]
) -> FoundAccount | None:
    lost: list[str] = []
    texts: dict[str, str] = {}
    for setting, value in said.items():
        if not value.is_known:
            lost.append(_not_evaluated(setting))
        elif value.variable is not None and setting != "password":
            lost.append(_of_environment(setting, value))
        if value.is_known and value.constant is not None:
            texts[setting] = value.text
    password = said.get("password", _Value())
    port = port_of(texts.get("port"))
    found = found_of(texts, label=label, line=line)
    host = found.host
    if host is None and "host" not in said:
        host = "localhost"
        lost.append("No host is written out here, and localhost is what Django takes then.")
    if host is None:
        problems.append(
            passed_over(source, line, f"{label} names no server that is written out. {' '.join(lost)}".strip())
        )
        return None
    has_login = found.has_login or password.variable is not None
    return replace(
        found,
        host=host,
        port=port or 25,
        security=_security(said, texts, port),
        reference={"env": password.variable} if password.variable is not None and found.password is None else None,
        has_login=has_login,
        lost=(*found.lost, *lost),
    )


def _security(said: Mapping[str, _Value], texts: Mapping[str, str], port: int | None) -> Security:
    """Return how the connection is encrypted, by the two boxes; unsaid where one of them is not written out."""
    if any(name in said and name not in texts for name in ("use_tls", "use_ssl")):
        return replace(words.unsaid(port), certainty="server", why="the source decides about encryption as it runs")
    return words.two_boxes(
        starttls=words.flag(texts.get("use_tls", "no")) is True,
        implicit=words.flag(texts.get("use_ssl", "no")) is True,
        port=port,
    )


def _not_evaluated(setting: str) -> str:
    if setting == "password":
        return "The password is an expression, which is not evaluated. Set the variable that the manifest names."
    return f"The value of {_called(setting)} is an expression, which is not evaluated. Write it into the manifest."


_CALLED = {setting: name for name, setting in _SETTINGS.items()}


def _called(setting: str) -> str:
    return _CALLED.get(setting, setting)


def _of_environment(setting: str, value: _Value) -> str:
    taken = "its default was taken" if value.constant is not None else "it has no default"
    return f"{_called(setting)} comes of the variable {value.variable} where Django runs; {taken}."


READER = Django()
