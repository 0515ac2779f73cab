"""URLs of a repository's comparison of two commits."""

from tca_app.core.urls import link_of, parse_url


def is_same_commit(one: str, other: str) -> bool:
    """Returns whether both are known and name the same commit. Either may be abbreviated."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def compare_url(repository_url: str, before: str, after: str) -> str:
    """Returns the URL for GitHub, GitLab, Bitbucket and Gitea, or "" when something is unknown.

    A self-hosted server is recognized by its host name; others get the form of Gitea, which is also GitHub's.
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
