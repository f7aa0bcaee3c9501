"""A code host on the loopback interface: git over HTTPS and the comments of GitHub and GitLab, as their clients meet them.

It is reached as a proxy that tunnels (RFC 9110, 9.3.6), so that git, gh and curl ask for the host's real name, over
TLS with a certificate of the tests' CA, and no name is looked up:

    HTTPS_PROXY=http://127.0.0.1:PORT  gh api repos/example/mail/issues/7/comments
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl
    from pathlib import Path
    from types import TracebackType

GITHUB = "github.com"
GITHUB_API = "api.github.com"
GITLAB = "gitlab.example.com"
REPOSITORY = "example/mail"
BOT = "github-actions[bot]"
_GIT_SECONDS = 60
_COMMENTS = re.compile(rf"/repos/{REPOSITORY}/issues/(\d+)/comments")
_COMMENT = re.compile(rf"/repos/{REPOSITORY}/issues/comments/(\d+)")
_NOTES = re.compile(r"/api/v4/projects/42/merge_requests/(\d+)/notes")
_NOTE = re.compile(r"/api/v4/projects/42/merge_requests/(\d+)/notes/(\d+)")
_MERGED_BY = re.compile(r"/api/v4/projects/42/repository/commits/([0-9a-f]{40})/merge_requests")
_PERMISSION = re.compile(rf"/repos/{REPOSITORY}/collaborators/([^/]+)/permission")
_PULL = re.compile(rf"/repos/{REPOSITORY}/pulls/(\d+)")
_ISSUES = (f"/repos/{REPOSITORY}/issues", "/api/v4/projects/42/issues")
_ISSUE = re.compile(r".*/issues/(\d+)")
_GIT = re.compile(rf"/{REPOSITORY}(?:\.git)?(/.*)")


@dataclass
class Comment:
    """A comment on the pull request of a number."""

    id: int
    request: int
    author: str
    body: str


@dataclass
class Issue:
    """An issue, or what the list of issues has of a pull request."""

    number: int
    author: str
    title: str
    body: str | None


@dataclass
class Forge:
    """What the code host has, and what it was asked; served between ``start`` and ``stop``, or inside ``with``."""

    context: ssl.SSLContext
    repository: Path
    """The bare repository."""
    token: str
    bot: str = BOT
    """Whose the token is."""
    comments: list[Comment] = field(default_factory=list)
    merged_by: dict[str, int] = field(default_factory=dict)
    """Which merge request led to a commit."""
    issues: list[Issue] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)
    """What somebody may do in the repository: ``admin``, ``write``, ``read``; who is not here may do nothing."""
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What GitHub tells of a pull request."""
    may_push: bool = False
    """Whether the token of the job that runs may write to the repository; on GitLab another one may."""
    failure: int | None = None
    """The status with which every call to the API is answered; None: as is right."""
    asked: list[str] = field(default_factory=list)
    """Method and path of each call to the API."""
    contacted: set[str] = field(default_factory=set)
    """Each host and port to which somebody wanted a tunnel."""

    def __enter__(self) -> Self:
        """Start to serve."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.forge = self
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def proxy(self) -> str:
        """The address of the proxy."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def comment(self, request: int, author: str, body: str) -> Comment:
        """Add a comment."""
        made = Comment(1000 + len(self.comments), request, author, body)
        self.comments.append(made)
        return made

    def bodies(self, request: int, author: str | None = None) -> list[str]:
        """Return the comments on a pull request, of its author if one is given."""
        return [each.body for each in self.comments if each.request == request and each.author == (author or self.bot)]


class _Server(ThreadingHTTPServer):
    forge: Forge
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where a client hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    host = ""
    """The host at the end of the tunnel."""

    @property
    def forge(self) -> Forge:
        return cast("_Server", self.server).forge

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Keep still."""

    def finish(self) -> None:
        """Close the end of the tunnel too, which the server knows nothing of."""
        super().finish()
        if self.host:
            self.rfile.close()
            self.connection.close()

    def do_CONNECT(self) -> None:
        """Go on with TLS, as the host that was asked for; others are not reached."""
        self.forge.contacted.add(self.path)
        name = self.path.removesuffix(":443")
        if name not in {GITHUB, GITHUB_API, GITLAB}:
            self.send_error(403)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.forge.context.wrap_socket(self.connection, server_side=True)
        self.host = name
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_GET(self) -> None:
        """Answer."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Take a comment, or answer git."""
        self._answer(self._body())

    do_PATCH = do_PUT = do_POST  # noqa: N815 - the names by which the base class finds them

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, body: bytes) -> None:
        git = _GIT.fullmatch(urlsplit(self.path).path)
        if not self.host:
            self.send_error(400)
        elif self.host != GITHUB_API and git is not None:
            self._git(git[1], body)
        elif self.forge.failure is not None:
            self.forge.asked.append(f"{self.command} {self.path}")
            self._json({"message": "no"}, self.forge.failure)
        else:
            self.forge.asked.append(f"{self.command} {self.path}")
            self._api(body)

    # git

    def _git(self, path: str, body: bytes) -> None:
        """Answer as ``git http-backend`` does; who has no token is asked for it (RFC 9110, 11.6.1)."""
        is_push = "git-receive-pack" in self.path
        wanted = base64.b64encode(f"{self._git_user(is_push=is_push)}:{self.forge.token}".encode()).decode()
        if is_push and self.host == GITHUB and not self.forge.may_push:
            self.send_error(403)
            return
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        variables = {
            "GIT_PROJECT_ROOT": str(self.forge.repository),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": urlsplit(self.path).query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        finished = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={"PATH": os.environ.get("PATH", os.defpath), **variables},
            capture_output=True,
            check=True,
            timeout=_GIT_SECONDS,
        )
        head, _, content = finished.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._send(int(fields.pop("Status", "200").split()[0]), content, fields)

    def _git_user(self, *, is_push: bool) -> str:
        if self.host == GITHUB:
            return "x-access-token"
        return "reconciler" if is_push else "gitlab-ci-token"  # a job's own token does not write

    # The APIs

    def _api(self, body: bytes) -> None:
        path = urlsplit(self.path).path
        if not self._knows_the_token():
            self._json({"message": "401 Unauthorized"}, 401)
        elif found := _COMMENTS.fullmatch(path) or _NOTES.fullmatch(path):
            self._comments_of(int(found[1]), body)
        elif found := _COMMENT.fullmatch(path):
            self._change(int(found[1]), json.loads(body)["body"] if body else None)
        elif found := _NOTE.fullmatch(path):
            self._change(int(found[2]), parse_qs(body.decode())["body"][0])
        elif found := _PERMISSION.fullmatch(path):
            self._json({"permission": self.forge.permissions.get(found[1], "none")})
        elif (found := _PULL.fullmatch(path)) and int(found[1]) in self.forge.pulls:
            self._json(self.forge.pulls[int(found[1])])
        elif path.startswith(_ISSUES):
            self._issues(path, body)
        elif path == "/api/v4/user":
            self._json({"id": _number_of(self.forge.bot), "username": self.forge.bot})
        elif found := _MERGED_BY.fullmatch(path):
            number = self.forge.merged_by.get(found[1])
            every = [] if number is None else _requests_of(found[1], number)
            size, page = self._page(default_size=20)
            self._json(every[(page - 1) * size : page * size])
        else:
            self._json({"message": "404 Not Found"}, 404)

    def _knows_the_token(self) -> bool:
        if self.host == GITLAB:
            return self.headers.get("PRIVATE-TOKEN") == self.forge.token
        return self.headers.get("Authorization") == f"token {self.forge.token}"

    def _comments_of(self, request: int, body: bytes) -> None:
        if self.command == "POST":
            text = parse_qs(body.decode())["body"][0] if self.host == GITLAB else json.loads(body)["body"]
            self._json(_shown(self.forge.comment(request, self.forge.bot, text)), 201)
            return
        size, page = self._page(default_size=30)
        every = [each for each in self.forge.comments if each.request == request]
        shown = every[(page - 1) * size : page * size]
        links = {}
        if self.host == GITHUB_API and page * size < len(every):
            path = urlsplit(self.path).path
            links["Link"] = f'<https://{GITHUB_API}{path}?per_page={size}&page={page + 1}>; rel="next"'
        self._json([_shown(each) for each in shown], 200, links)

    def _issues(self, path: str, body: bytes) -> None:
        if self.command == "GET":
            self._json([_issue_shown(each) for each in self.forge.issues])
            return
        is_gitlab = self.host == GITLAB
        given = {name: texts[0] for name, texts in parse_qs(body.decode()).items()} if is_gitlab else json.loads(body)
        text = given["description" if is_gitlab else "body"]
        if found := _ISSUE.fullmatch(path):
            (issue,) = (each for each in self.forge.issues if each.number == int(found[1]))
            issue.body = text
            self._json(_issue_shown(issue))
        else:
            made = Issue(500 + len(self.forge.issues), self.forge.bot, given["title"], text)
            self.forge.issues.append(made)
            self._json(_issue_shown(made), 201)

    def _page(self, *, default_size: int) -> tuple[int, int]:
        """Return how many there are on a page, and which is asked for."""
        query = parse_qs(urlsplit(self.path).query)
        return min(int(query.get("per_page", [default_size])[0]), 100), int(query.get("page", [1])[0])

    def _change(self, number: int, text: str | None) -> None:
        (comment,) = (each for each in self.forge.comments if each.id == number)
        if comment.author != self.forge.bot or self.command not in {"PATCH", "PUT"} or text is None:
            self._json({"message": "403 Forbidden"}, 403)
            return
        comment.body = text
        self._json(_shown(comment))

    def _json(self, document: object, status: int = 200, fields: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(document).encode(), {"Content-Type": "application/json", **(fields or {})})

    def _send(self, status: int, content: bytes, fields: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _requests_of(commit: str, number: int) -> list[dict[str, Any]]:
    """Return what GitLab tells of a commit: the one that led to it, and others that have it, such as a stranger's."""
    known = {"state": "merged", "target_branch": "main", "target_project_id": 42, "sha": "1" * 40}
    merged = {**known, "merge_commit_sha": commit, "squash_commit_sha": None}
    others = [
        {**merged, "iid": 901, "state": "closed"},
        {**merged, "iid": 902, "target_branch": "elsewhere"},
        {**merged, "iid": 903, "target_project_id": 43},
        {**merged, "iid": 904, "merge_commit_sha": "2" * 40},
    ]
    return [*(others * 30), {**merged, "iid": number}]


def _shown(comment: Comment) -> dict[str, Any]:
    """Return a comment with what either API says of it."""
    return {
        "id": comment.id,
        "body": comment.body,
        "user": {"login": comment.author},
        "author": {"id": _number_of(comment.author), "username": comment.author},
    }


def _issue_shown(issue: Issue) -> dict[str, Any]:
    """Return an issue with what either API says of it."""
    number, text, author = issue.number, issue.body, issue.author
    github = {"number": number, "body": text, "user": {"login": author}}
    return {**github, "iid": number, "description": text, "author": {"id": _number_of(author)}, "title": issue.title}


def _number_of(author: str) -> int:
    return sum(author.encode())
