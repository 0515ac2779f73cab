"""The page of a repository that shows what changed between two commits."""

from tca_app.core.urls import link_of, parse_url


def is_same_commit(one: str, other: str) -> bool:
    """Whether both are known and name one commit; either may be cut."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def compare_url(repository_url: str, before: str, after: str) -> str:
    """For GitHub, GitLab, Bitbucket and Gitea; "" when something is not known.

    A self-hosted server is told by its name, and one that says nothing has Gitea's form, which is GitHub's too.
    """
    repository = link_of(repository_url)
    if not (repository and before and after) or is_same_commit(before, after):
        return ""
    parts = parse_url(repository)
    if not (parts.path or "").strip("/"):
        return ""
    base = str(parts).partition("#")[0].partition("?")[0].rstrip("/").removesuffix(".git")
    host = parts.host or ""
    if "gitlab" in host:
        return f"{base}/-/compare/{before}...{after}"
    if "bitbucket" in host:
        return f"{base}/branches/compare/{after}..{before}"
    return f"{base}/compare/{before}...{after}"
