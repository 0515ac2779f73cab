"""The orders of the environment matrix. A column for an environment has two: by age and by drift of what runs there."""

from tca_app.features.deployments.matrix.fragments import BEHIND, CURRENT, KNOWN_GROUPS

NAME = "lower(name)"
GROUP = f"""
    (SELECT min(lower(groups.name)) FROM project_groups JOIN groups ON groups.id = project_groups.group_id
     WHERE project_groups.project_id = projects.id AND groups.id IN ({KNOWN_GROUPS}))
"""  # noqa: S608  constant SQL
_IN_ENVIRONMENT = f"""
    FROM (SELECT projects.id AS id) AS page JOIN environments ON environments.project_id = page.id
      AND environments.deleted_at IS NULL AND lower(environments.name) = lower(:environment)
    {CURRENT}
"""
AGE = f"(SELECT now() - current.finished_at {_IN_ENVIRONMENT})"
DRIFT = f"(SELECT newer.count {_IN_ENVIRONMENT} {BEHIND})"
_KEYS = {"name": NAME, "group": GROUP, "age": AGE, "drift": DRIFT}


def order_of(sort: str) -> tuple[str, str, str]:
    """Returns the key of an order, the order of the rows by it, and the environment that it is about.

    All SQL is constant and chosen from a dictionary. Projects without the key are last in both directions.
    """
    name, _, environment = sort.removeprefix("-").partition(":")
    way = "DESC" if sort.startswith("-") else "ASC"
    if name == "name":
        return NAME, f"page.order_key {way}, page.id {way}", ""
    return _KEYS[name], f"page.order_key {way} NULLS LAST, lower(page.name), page.id", environment
