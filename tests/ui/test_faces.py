"""The initials of faces."""

import reflex as rx

from tca_app.ui.components.faces import avatar, face_of


def test_a_face_has_the_first_letters_of_the_first_and_the_last_word() -> None:
    assert face_of("Ada Augusta Lovelace")["initials"] == "AL"
    assert face_of("émile")["initials"] == "É"


def test_a_small_face_shows_one_letter_because_two_cannot_be_read() -> None:
    shown = rx.Var.create(face_of("Ada Lovelace"))
    assert "pyStrSlice" in str(avatar(shown, "small"))
    assert "pyStrSlice" not in str(avatar(shown))
