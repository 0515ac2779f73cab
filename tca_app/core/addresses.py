"""What the addresses in settings lead to: whether it is this machine, by the parsers of the libraries that connect."""

import os
import re
from ipaddress import IPv6Address, ip_address
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from redis.asyncio.connection import parse_url as parse_redis_url
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from tca_app.core.urls import check_url, parse_url

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WITH_USER = re.compile(r"//[^/]{0,500}@")
_NO_HOST = re.compile(r"[/?#@*\\\s,]")


def is_this_machine(host: str) -> bool:
    """Whether `host` is this machine for certain: a socket's path, a loopback address, localhost or a name below it.

    What only some resolvers take for an address (2130706433, 127.1) is another machine, as is every other name.
    """
    if host.startswith("/"):
        return True
    name = host.removeprefix("[").removesuffix("]").removesuffix(".").lower()
    try:
        address = ip_address(name)
    except ValueError:
        labels = name.split(".")
        return labels[-1] == "localhost" and all(labels)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def read_database_url(url: str) -> dict[str, Any]:
    """What libpq reads in it: host, hostaddr, password, sslmode … Raises ValueError, without what stands in it."""
    try:
        make_url(url)  # SQLAlchemy connects, too, and wants a number as the port
        return dict(conninfo_to_dict(url))
    except (ProgrammingError, ArgumentError, ValueError):
        raise ValueError("must look like postgresql://user:password@host:5432/name") from None


def database_hosts(url: str) -> list[str]:
    """Every host that libpq may connect to, those of PGHOST and a service file included; none is the local socket."""
    given = read_database_url(url)
    service = given.get("service") or os.environ.get("PGSERVICE")
    hosts = [given.get("host") or os.environ.get("PGHOST"), given.get("hostaddr") or os.environ.get("PGHOSTADDR")]
    found = [host for one in hosts if one for host in str(one).split(",") if host]
    return [*found, f"service {service}"] if service else found


def read_redis_url(url: str) -> dict[str, Any]:
    """What redis-py reads in it. Raises ValueError, without what stands in it."""
    try:
        return dict(parse_redis_url(url))
    except ValueError:
        raise ValueError("must look like redis://:password@host:6379/0, rediss://… or unix:///path") from None


def redis_host(url: str) -> str:
    given = read_redis_url(url)
    return str(given.get("path") or "/") if url.startswith("unix:") else str(given.get("host") or "localhost")


def origin(text: str) -> str:
    """`https://host` or `https://host:port` as a browser sends it. Raises ValueError for anything else."""
    try:
        url = parse_url(check_url(text))
    except ValueError as error:
        raise ValueError(f"{_WITH_USER.sub('//…@', text)!r}: {error}") from None
    if not text or "*" in str(url.host):
        raise ValueError(f"{text!r} must look like https://console.example.com")
    port = "" if url.port == _DEFAULT_PORTS[url.scheme] else f":{url.port}"
    found = f"{url.scheme}://{url.host}{port}"
    if url.path not in (None, "/") or url.query is not None or url.fragment is not None:
        raise ValueError(f"{text!r} must not have a path: use {found}")
    return found


def host_name(text: str) -> str:
    """A name or address as it stands in a Host header, without its port. Raises ValueError for anything else."""
    bare = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    try:
        if not bare or _NO_HOST.search(bare) or re.search(r":[0-9]*$", bare):
            raise ValueError
        return str(parse_url(f"http://{bare}").host)
    except ValueError:
        raise ValueError(
            f"{text!r} must be a host such as console.example.com, without scheme, port and path"
        ) from None
