"""The page of a repository that shows what changed between two commits."""

from urllib.parse import urlsplit


def compare_url(repository_url: str, before: str, after: str) -> str:
    """For GitHub, GitLab, Bitbucket and Gitea; "" when something is not known.

    A self-hosted server is told by its name, and one that says nothing has Gitea's form, which is GitHub's too.
    """
    parts = urlsplit(repository_url)
    if not (parts.hostname and parts.path.strip("/") and before and after) or before == after:
        return ""
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('.git')}"
    if "gitlab" in parts.hostname:
        return f"{base}/-/compare/{before}...{after}"
    if "bitbucket" in parts.hostname:
        return f"{base}/branches/compare/{after}..{before}"
    return f"{base}/compare/{before}...{after}"
