"""Read shapes that are made without validation are the same as those made with it."""

from datetime import UTC, datetime

from tca_app.core.lists import shapes
from tca_app.features.users.schemas import UserRead


def test_a_shape_made_from_a_row_equals_a_validated_one():
    now = datetime.now(UTC)
    row = (1, "a@example.com", "ana", "Ana", True, False, None, 3, now, now, None)
    made = shapes(UserRead, [(*row, "a column behind")])[0]
    checked = UserRead(**dict(zip(UserRead.model_fields, row, strict=True)))
    assert made == checked
    assert made.model_dump_json() == checked.model_dump_json()
    assert made.model_copy(update={"version": 4}).version == 4
    assert repr(made) == repr(checked)
