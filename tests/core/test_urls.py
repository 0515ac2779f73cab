"""URLs that people enter: which are accepted, and the errors for the others."""

import pytest

from tca_app.core.urls import MAX_URL, check_url, host_of, link_of

VALID = (
    "",
    "https://ci_runner.example.com/7",
    "https://github.com/tca/billing",
    "https://example.com",
    "HTTPS://Example.COM/Path",
    "http://localhost:8080",
    "http://[::1]:8080/x?y=[z]#top",
    "https://bücher.example/ü?q=ä",
    "https://example.com/a@b",
    "https://example.com/" + "x" * (MAX_URL - 20),
)
REFUSED = {
    "javascript:alert(1)": "Enter a URL that starts with http:// or https://.",
    "example.com": "Enter a URL that starts with http:// or https://.",
    "ftp://example.com": "Enter a URL that starts with http:// or https://.",
    "https://ana:secret@example.com": "Remove the user name and password from the URL.",
    "https://@example.com": "Remove the user name and password from the URL.",
    "https://example.com/a b": "Remove spaces, backslashes and invisible characters from the URL.",
    "https://example.com\\@evil.example": "Remove spaces, backslashes and invisible characters from the URL.",
    "https://example.com/\u202etxt": "Remove spaces, backslashes and invisible characters from the URL.",
    "https://": "This URL is not valid: empty host.",
    "https://example.com:99999": "This URL is not valid: invalid port number.",
    "https://[::1": "This URL is not valid: invalid IPv6 address.",
    "https://1.2.3.400": "This URL is not valid: invalid IPv4 address.",
    "https://example.com/" + "x" * MAX_URL: f"Use at most {MAX_URL} characters.",
}


@pytest.mark.parametrize("url", VALID)
def test_a_valid_url_is_kept_as_it_was_typed(url: str) -> None:
    assert check_url(url) == url
    assert link_of(url) == url


@pytest.mark.parametrize(("url", "reason"), REFUSED.items())
def test_a_refused_url_says_what_is_wrong_with_it(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z]") as refusal:
        check_url(url)
    assert str(refusal.value) == reason
    assert link_of(url) == ""


def test_only_a_service_of_the_operator_may_have_a_user_in_its_url() -> None:
    assert check_url("https://ana:secret@example.com", may_have_user=True) == "https://ana:secret@example.com"


def test_the_host_of_a_url_is_in_its_ascii_form() -> None:
    assert (host_of("https://Bücher.example:8080/x"), host_of("")) == ("xn--bcher-kva.example", "")
