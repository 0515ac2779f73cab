"""Parsers of text from outside take linear time: 100 kB within 10 ms.

The patterns are found, not listed: every compiled one in a module of the console, every field of a model and every
parameter of a route. Code that reads text in another way has a line in `PARSERS`.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import thread_time
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from reflex.route import get_router

import tca_app
from tca_app.config.settings import get_settings
from tca_app.core import schema, urls
from tca_app.core.database import csv_lines
from tca_app.core.outgoing import http, mail, openid, ssrf_safe
from tca_app.core.security import api_tokens, tokens
from tca_app.core.telemetry import log, redaction
from tca_app.features.auth import throttle
from tca_app.features.auth.ui import devices
from tca_app.features.ci.claims import job_of
from tca_app.features.deployments import compare
from tca_app.features.deployments.github import payloads
from tca_app.features.invitations.addresses import addresses_in
from tca_app.features.metrics.router import router as metrics_router
from tca_app.features.presence.ui.state import subject_of
from tca_app.features.projects import creation
from tca_app.features.tokens import authentication
from tca_app.features.users import provided_accounts
from tca_app.rest import bodies
from tca_app.server.api import ROUTERS, build_api
from tca_app.server.edge import Edge
from tca_app.ui import arguments, url
from tca_app.ui.components.faces import face_of
from tca_app.ui.websocket import frames
from tca_app.ui.websocket.limits import network_of

SIZE = 100_000
LIMIT_S = 0.010  # what is not linear takes seconds
TRIES = 20
# Where much runs at once the same work takes longer: then it may take as long as five plain scans, measured beside it.
LINEAR = re.compile(r"[^\0]")
# What is read here is of our own making: the front end's files while they are built, the settings at the start.
OURS = (
    "tca_app.frontend.build",
    "tca_app.demo.organisation",
    "tca_app.server.pages",
    "tca_app.ui.components.dialogs",
    "tca_app.core.stores.embedded",
    "tca_app.config.fields",
    "tca_app.config.retention",
    "tca_app.config.schema",
    "tca_app.core.addresses",
)

_PIECES = (
    *("a", "0", "-", "_", ".", "/", ":", "@", "=", "&", ";", ",", "%", "+", '"', "'", "\\", "[", "{", "(", "<", "~"),
    *(
        " ",
        "\t",
        "\n",
        "\r",
        "\0",
        "\x1b[",
        "\x9b",
        "\u202e",
        "\ufeff",
        "é",
        "\u0301\u0327",
        "\u1100\u1161",
        "\U0001f600",
    ),
    *(
        "a.",
        "a-",
        "a=",
        "abc=",
        "a=b;",
        "a=b&",
        "a@",
        "a@a.",
        "://",
        "http://",
        "//a:b@",
        "%41",
        "0x",
        "1.",
        "\\'",
        '\\"',
    ),
    *(
        "password",
        "token=",
        "passwordtoken-",
        "eyJ",
        "eyJ-",
        "eyJabcdef.",
        "earer ",
        "bearer ",
        "$argon2",
        "sid",
        "dsn=",
    ),
    *(
        "'password",
        "'password': '",
        '\\"token\\": \\"',
        'sid="\\"',
        "--",
        "W/",
        "2026-",
        "T00:00",
        "<!--",
        "[x](",
        "{{",
    ),
)
HOSTILE = {
    f"{begin}{piece * 3}...{end}": begin + (piece * (SIZE // len(piece)))[: SIZE - 20] + end
    for piece in _PIECES
    for begin, end in (("", ""), ("", "="), ("", "!"), ("x", "\n"))
} | {
    "address": "https://" + "a" * SIZE,
    "email": "a" * 60 + "@" + "a-" * (SIZE // 2),
    "cookie": 'sid="' + '\\"' * (SIZE // 2) + '"',
    "all words": " ".join(redaction.SECRET_WORDS) + " sid= device= eyJ $argon2 bearer ://" + "a" * SIZE,
    "word and blanks": "password" + " " * SIZE,
    "digits": "1" * SIZE + ".5",
    "deep": "[" * (SIZE // 2) + "]" * (SIZE // 2),
}


def _modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(tca_app.__path__, "tca_app."):
        if not found.name.startswith(OURS) and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def _patterns_in(value: object, depth: int = 0) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from _patterns_in(list(value.values()), depth)
    elif isinstance(value, tuple | list | set | frozenset) and depth < 4:
        for inner in value:
            yield from _patterns_in(inner, depth + 1)


PATTERNS = {
    found.pattern: found
    for module in _modules()
    for value in vars(module).values()
    for found in _patterns_in(value)
    if str(module.__name__).startswith("tca_app")
}


def slowest(read: Callable[[str], object]) -> tuple[str, float] | None:
    """The first text over the limit, in CPU time."""
    return next(((name, took) for name, text in HOSTILE.items() if (took := _slow(read, text))), None)


def _slow(read: Callable[[str], object], text: str) -> float:
    """How long each of several tries took, at best, or 0 when one was within the limit."""
    best = float("inf")
    for _ in range(TRIES):
        took = _took(read, text)
        if took <= LIMIT_S or took <= 5 * _took(partial(LINEAR.sub, ""), "a" * SIZE):
            return 0
        best = min(best, took)
        if best > 100 * LIMIT_S:
            break
    return best


def _took(read: Callable[[str], object], text: str) -> float:
    started = thread_time()
    with suppress(Exception):  # a refusal is an answer
        read(text)
    return thread_time() - started


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_a_pattern_takes_linear_time(pattern: re.Pattern[str]) -> None:
    assert not slowest(lambda text: pattern.sub("", text))  # at every position
    assert not slowest(pattern.fullmatch)


def test_patterns_are_compiled_where_they_are_found() -> None:
    """A pattern that is written into a call would not be measured above."""
    written = [
        f"{path.name}:{call.lineno}"
        for path in Path(tca_app.__path__[0]).rglob("*.py")
        if not ".".join(path.relative_to(Path(tca_app.__path__[0]).parent).with_suffix("").parts).startswith(OURS)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
        and call.func.attr not in ("compile", "escape")
    ]
    assert not written


def _models(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        yield from _models(model)
        is_ours = model.__module__.startswith("tca_app.") and not model.__module__.startswith(OURS)
        if is_ours and "[" not in model.__name__:
            yield model


def _fields() -> dict[str, tuple[type[BaseModel], list[str]]]:
    """Every field of a model that has validators of its own; of the others, each type of field once."""
    seen: set[str] = set()
    found: dict[str, tuple[type[BaseModel], list[str]]] = {}
    for model in _models():
        decorators = model.__pydantic_decorators__
        has_validators = bool(decorators.model_validators or decorators.field_validators or decorators.root_validators)
        types = {name: f"{field.annotation} {field.metadata}" for name, field in model.model_fields.items()}
        names = [name for name, type_ in types.items() if has_validators or type_ not in seen]
        seen.update(types.values())
        if names:
            found[f"{model.__module__}.{model.__qualname__}"] = (model, names)
    return found


FIELDS = _fields()


@pytest.mark.parametrize(("model", "names"), FIELDS.values(), ids=FIELDS)
def test_a_field_of_a_model_takes_linear_time(model: type[BaseModel], names: list[str]) -> None:
    for name in names:
        field = model.model_fields[name]
        for shape in (lambda text: text, lambda text: [text]):
            slow = slowest(lambda text: model.model_validate({field.alias or name: shape(text)}))  # noqa: B023
            assert not slow, name


def _parameters(dependant: Dependant) -> Iterator[Any]:
    yield from (*dependant.path_params, *dependant.query_params, *dependant.header_params, *dependant.cookie_params)
    yield from dependant.body_params
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def test_a_parameter_of_a_route_takes_linear_time() -> None:
    routes = [route for router in (*ROUTERS, metrics_router) for route in router.routes if isinstance(route, APIRoute)]
    found = {str(one.field_info): one for route in routes for one in _parameters(route.dependant)}
    assert len(found) > len(ROUTERS)
    for name, parameter in found.items():
        assert not slowest(lambda text: parameter.validate(text, {}, loc=("x",))), name  # noqa: B023


def _edge() -> Edge:
    return Edge(build_api(), build_api(), get_settings().model_copy(update={"trusted_proxy_hops": 1}), "")


_EDGE = _edge()
PARSERS: dict[str, Callable[[str], object]] = {
    "log field": lambda text: log._clean(None, "info", {"event": "x", "path": text, "n": {"k": [text]}}),
    "log traceback": lambda text: redaction.redact_text(
        log._clean(None, "error", {"event": "x", "exception": text})["exception"]
    ),
    "excerpt": redaction.excerpt,
    "redaction": lambda text: redaction.redact({"name": text, text: [text]}),
    "secret name": redaction.is_secret,
    "cookie": lambda text: tokens.cookie_in(text, "sid"),
    "API token": lambda text: api_tokens.is_well_formed(f"tca_{text}"),
    "network of an API token": lambda text: authentication._is_within(text, ()),
    "access token": tokens.read_access_token,
    "access token of three parts": lambda text: tokens.read_access_token(f"{text}.{text}.{text}"),
    "issuer of an ID token": openid.claimed_issuer,
    "issuer of an ID token of three parts": lambda text: openid.claimed_issuer(f"{text}.{text}.{text}"),
    "claims of a job": lambda text: job_of({"repository": text, "ref": text}),
    "password": lambda text: tokens.password_fault("Aa1" + text, text),
    "device cookie": lambda text: throttle.is_device_of(7, text),
    "login name": lambda text: throttle.sign_in_attempt(None, text, "", ""),
    "forwarded address": lambda text: _EDGE.address({"client": None}, {b"x-forwarded-for": text.encode()}),
    "host": lambda text: _EDGE._host_is_ours(text),
    "content type": lambda text: _EDGE._api_refusal(
        {"method": "POST", "path": "/api"}, {b"content-type": text.encode(), b"content-length": b"1"}
    ),
    "content length": lambda text: _EDGE._api_refusal(
        {"method": "GET", "path": ""}, {b"content-length": text.encode()}
    ),
    "user agent": devices.device_words,
    "address of a target": ssrf_safe.target_of,
    "retry after": lambda text: http.retry_after(
        httpx.Headers({"retry-after": text.encode("ascii", "ignore").decode()})
    ),
    "URL": urls.check_url,
    "local path": urls.is_local_path,
    "key id of an ID token": openid._key_id,
    "username of a provider": provided_accounts.username_from,
    "link": urls.link_of,
    "mail header": lambda text: mail._encoded("Subject", text[:1000]),
    "compare page": lambda text: compare.compare_url(text, "a", "b"),
    "slug": creation.slug_of,
    "payload": lambda text: payloads.read_payload(payloads.Delivery("1", "push", "", text.encode())),
    "line of a payload": payloads._one_line,
    "moment": schema.moment,
    "digits": schema._digits,
    "page address": lambda text: url.fields_of(url.page_url({"asPath": text})),
    "number": url.number_in,
    "event": arguments.refuse_wild,
    "frame": lambda text: frames.read_frame(frames.EVENT + text, lambda _name, _payload: True),
    "JSON body": lambda text: bodies.read_json(text.encode()),
    "network": network_of,
    "route of a page": get_router(["index", "users/[id]", "projects/[id]/edit", "404"]),
    "subject of a page": subject_of,
    "faces": face_of,
    "cell of a CSV": csv_lines.cell,
    "pasted addresses": addresses_in,
    "line of a mail": mail._BREAKS.split,
}


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_a_parser_takes_linear_time(parser: Callable[[str], object]) -> None:
    assert not slowest(parser)
