"""Compare links of the four kinds of Git hosts."""

import pytest

from tca_app.features.deployments.compare import compare_url


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        ("https://github.com/tca/billing", "https://github.com/tca/billing/compare/aaa...bbb"),
        ("https://github.com/tca/billing.git", "https://github.com/tca/billing/compare/aaa...bbb"),
        ("https://gitlab.com/tca/sub/billing/", "https://gitlab.com/tca/sub/billing/-/compare/aaa...bbb"),
        ("https://gitlab.example.com/tca/billing.git", "https://gitlab.example.com/tca/billing/-/compare/aaa...bbb"),
        ("https://bitbucket.org/tca/billing", "https://bitbucket.org/tca/billing/branches/compare/bbb..aaa"),
        ("http://git.example.com:3000/tca/billing", "http://git.example.com:3000/tca/billing/compare/aaa...bbb"),
        (
            "https://bücher.example/tca/billing?tab=readme#top",
            "https://xn--bcher-kva.example/tca/billing/compare/aaa...bbb",
        ),
        ("javascript:alert(1)//x/y", ""),
        ("", ""),
        ("https://git.example.com", ""),
    ],
)
def test_each_server_has_its_form(repository: str, expected: str) -> None:
    assert compare_url(repository, "aaa", "bbb") == expected


def test_without_two_different_commits_there_is_nothing_to_compare() -> None:
    for before, after in (("", "bbb"), ("aaa", ""), ("aaa", "aaa")):
        assert compare_url("https://github.com/tca/billing", before, after) == ""
