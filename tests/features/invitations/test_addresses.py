"""Addresses that people paste: whatever stands between them, every one is read, and every bad one is named."""

import pytest

from tca_app.core.errors import Invalid
from tca_app.features.invitations.addresses import addresses_in, split_addresses


def test_any_separator_and_names_are_read() -> None:
    pasted = (
        "ana@example.com, bob@example.com;cy@example.com\ndee@example.com eve@example.com"
        '\t"Fox, Fay" <fay@example.com>;'
        " Gus Gray <Gus@Example.com>, ana@example.com <ana@example.com>\r\n <hal@example.com>\n ian@example.com;;"
    )
    found = split_addresses(pasted)
    names = [address.removesuffix("@example.com") for address in found.good]
    assert names == ["ana", "bob", "cy", "dee", "eve", "fay", "gus", "hal", "ian"]
    assert found.bad == []


def test_every_bad_one_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        addresses_in("ana@example.com, bob@, nobody; Cy <cy@localhost>")
    assert refused.value.field_details == {"emails": "Not an email address: bob@, nobody, cy@localhost."}


def test_many_bad_ones_are_counted() -> None:
    with pytest.raises(Invalid) as refused:
        addresses_in(" ".join(f"word{n}" for n in range(13)))
    assert refused.value.field_details["emails"].endswith("word9 and 3 more.")


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (" ,; ", "Required."),
        (",".join(f"p{n}@example.com" for n in range(101)), "Invite at most 100 addresses at once."),
        ("a" * 10_001, "Use at most 10,000 characters."),
    ],
)
def test_empty_and_endless_lists_are_refused(text: str, detail: str) -> None:
    with pytest.raises(Invalid) as refused:
        addresses_in(text)
    assert refused.value.field_details == {"emails": detail}
