"""nginx's mail proxy in front of Postfix: it asks a page of its own who may log in, and logs in behind itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.support.processes import LOOPBACK, free_ports, program, require_root
from tests.system.support.users import USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.system.support.keys import Keys

LISTENERS = ("starttls", "starttlsOnly", "tls", "dead", "page")
_MODULE = "/usr/lib/nginx/modules/ngx_mail_module.so"
_CONFIGURATION = """\
load_module {module};
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  map "$http_auth_user:$http_auth_pass" $known {{
    default "Invalid login or password";
{known}  }}
  server {{
    listen {host}:{page};
    location / {{
      add_header Auth-Status $known;
      add_header Auth-Server {host};
      add_header Auth-Port $http_x_port;
      return 200 "";
    }}
  }}
}}
mail {{
  server_name mail.example.com;
  auth_http {host}:{page}/;
  auth_http_header X-Port {behind};
  proxy_smtp_auth on;
  xclient off;
  smtp_auth plain login;
  smtp_capabilities "SIZE 10240000" "8BITMIME";
  ssl_certificate {good};
  ssl_certificate_key {good};
  server {{ listen {host}:{starttls}; protocol smtp; starttls on; }}
  server {{ listen {host}:{starttlsOnly}; protocol smtp; starttls only; }}
  server {{ listen {host}:{tls} ssl; protocol smtp; }}
  server {{ listen {host}:{dead}; protocol smtp; starttls on; auth_http_header X-Port {nowhere}; }}
}}
"""


def command(folder: Path, ports: Mapping[str, int], keys: Keys, *, behind: int) -> Sequence[str]:
    """Write nginx's configuration and return its command; ``behind`` is the port of the server that it passes on to."""
    require_root("nginx")
    nginx = program("nginx")
    (nowhere,) = free_ports(1)
    known = "".join(f'    "{user.name}:{user.password}" OK;\n' for user in USERS[:1])
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            module=_MODULE,
            folder=folder,
            host=LOOPBACK,
            known=known,
            behind=behind,
            nowhere=nowhere,
            good=keys.good,
            **ports,
        ),
        encoding="utf-8",
    )
    return [nginx, "-e", str(folder / "error.log"), "-c", str(configuration)]
