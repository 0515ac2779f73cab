"""URLs of the same page with another query, computed in the browser, so that a click costs one round trip, not two."""

from typing import Any

import reflex as rx

from tca_app.core.lists.query import ANY, TableSpec


def query_url(**changes: Any) -> rx.Var[str]:
    """Returns this page's URL with other query values. An empty value removes a parameter."""
    return _url(
        "for (const [name, value] of Object.entries(changes))"
        ' { if (value === "" || value == null) query.delete(name); else query.set(name, value); }',
        changes,
    )


def toggled_url(spec: TableSpec, name: Any, value: Any) -> rx.Var[str]:
    """Returns this page's URL with or without a value of a parameter that may be repeated, on the first page."""
    return _url(
        "const {name, value, defaults} = changes; const usual = defaults[name] ?? [];"
        " const all = query.has(name) ? query.getAll(name) : usual; query.delete(name); query.delete('page');"
        f" const next = all.filter((other) => other !== value && other !== '{ANY}');"
        " if (!all.includes(value)) next.push(value);"
        f" if (usual.length && !next.length) next.push('{ANY}');"
        " if (String(next) !== String(usual)) for (const other of next) query.append(name, other);",
        {"name": name, "value": value, "defaults": spec.defaults},
    )


def _url(change: str, values: dict[str, Any]) -> rx.Var[str]:
    given = rx.Var.create(values)
    expression = (
        f"((changes) => {{ const query = new URLSearchParams(window.location.search); {change}"
        " const text = query.toString();"
        ' return window.location.pathname + (text ? "?" + text : ""); })'
    )
    return rx.Var(f"{expression}({given!s})", _var_type=str, _var_data=given._get_all_var_data()).to(str)
