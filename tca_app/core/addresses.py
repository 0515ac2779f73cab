"""Parses hosts and store URLs from the settings, with the parsers of the libraries that connect."""

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
    """Return True if `host` is certainly this machine: a socket path, a loopback address, or localhost.

    A name below localhost counts too. Forms that only some resolvers read as an address (2130706433, 127.1) do not.
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
    """Parse a database URL as libpq does: host, hostaddr, password, sslmode … A ValueError never quotes the URL."""
    try:
        make_url(url)  # SQLAlchemy connects too, and requires a numeric port
        return dict(conninfo_to_dict(url))
    except (ProgrammingError, ArgumentError, ValueError):
        raise ValueError("must look like postgresql://user:password@host:5432/name") from None


def database_hosts(url: str) -> list[str]:
    """Return every host that libpq may connect to, including PGHOST and a service file. Empty: the local socket."""
    params = read_database_url(url)
    service = params.get("service") or os.environ.get("PGSERVICE")
    lists = [params.get("host") or os.environ.get("PGHOST"), params.get("hostaddr") or os.environ.get("PGHOSTADDR")]
    hosts = [host for names in lists if names for host in str(names).split(",") if host]
    return [*hosts, f"service {service}"] if service else hosts


def read_redis_url(url: str) -> dict[str, Any]:
    """Parse a Redis URL as redis-py does. A ValueError never quotes the URL."""
    try:
        return dict(parse_redis_url(url))
    except ValueError:
        raise ValueError("must look like redis://:password@host:6379/0, rediss://… or unix:///path") from None


def redis_host(url: str) -> str:
    params = read_redis_url(url)
    return str(params.get("path") or "/") if url.startswith("unix:") else str(params.get("host") or "localhost")


def origin(text: str) -> str:
    """Return an origin as a browser sends it: `https://host` or `https://host:port`. Raises ValueError otherwise."""
    try:
        url = parse_url(check_url(text))
    except ValueError as error:
        raise ValueError(f"{_WITH_USER.sub('//…@', text)!r}: {error}") from None
    if not text or "*" in str(url.host):
        raise ValueError(f"{text!r} must look like https://console.example.com")
    port = "" if url.port == _DEFAULT_PORTS[url.scheme] else f":{url.port}"
    normalized = f"{url.scheme}://{url.host}{port}"
    if url.path not in (None, "/") or url.query is not None or url.fragment is not None:
        raise ValueError(f"{text!r} must not have a path: use {normalized}")
    return normalized


def host_name(text: str) -> str:
    """Return a name or address as in a Host header, without a port. Raises ValueError for anything else."""
    bare = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    try:
        if not bare or _NO_HOST.search(bare) or re.search(r":[0-9]*$", bare):
            raise ValueError
        return str(parse_url(f"http://{bare}").host)
    except ValueError:
        raise ValueError(
            f"{text!r} must be a host such as console.example.com, without scheme, port and path"
        ) from None
