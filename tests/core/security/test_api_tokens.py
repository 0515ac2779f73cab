"""The text of API tokens."""

import re

from tca_app.core.security.api_tokens import is_api_token, is_well_formed, new_api_token
from tca_app.core.security.scopes import including
from tca_app.core.telemetry.redaction import redact_text


def test_a_token_has_a_prefix_and_a_checksum_for_scanners() -> None:
    token = new_api_token()
    assert re.fullmatch(r"tca_[0-9A-Za-z]{46}", token)
    assert is_api_token(token)
    assert is_well_formed(token)
    assert new_api_token() != token


def test_a_mistyped_token_is_found_by_its_checksum() -> None:
    token = new_api_token()
    other = "a" if token[10] != "a" else "b"
    swapped = token[:10] + other + token[11:]
    for wrong in (swapped, token[:-1], token + "a", token.upper(), f"tca_{'é' * 46}", "tca_", ""):
        assert not is_well_formed(wrong)


def test_a_token_is_removed_from_logs() -> None:
    token = new_api_token()
    assert token not in redact_text(f"cannot read {token} from the form")


def test_a_scope_includes_those_before_it() -> None:
    assert including(["deploy"]) == {"read", "deploy"}
    assert including(["read", "admin"]) == {"read", "deploy", "write", "admin"}
    assert including([]) == frozenset()
