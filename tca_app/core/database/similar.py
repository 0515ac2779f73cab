"""Search for rows whose names are like a text, for people who do not type it exactly."""

from collections.abc import Callable

from sqlalchemy import CTE, ColumnElement, ScalarSelect, Select, Subquery, and_, func, literal, null, or_, select, true

MAX_WORDS = 8
SIMILAR_AMONG = 20_000  # the newest visible rows that a search for similar names tries, because no index serves it
SIMILAR_OF_EACH = 5_000  # the same where each row is on a page of its own, which takes four times as long
MAX_SIMILAR = 30
Like = Callable[[ScalarSelect[str]], ColumnElement[bool]]


def newest(rows: Select[*tuple[object, ...]], key: ColumnElement[int]) -> Subquery:
    """Return the newest of the rows, which a search for similar names tries.

    `rows` are those that the actor may see: with a filter after it, members would find nothing among rows of others.
    Join the tables of other names to it, so that these are read for its rows only.
    """
    return rows.order_by(key.desc()).limit(SIMILAR_AMONG).subquery("newest")


def newest_of_each(parents: CTE, rows: Select[*tuple[object, ...]], key: ColumnElement[int]) -> Subquery:
    """Return the newest rows of each of the parents, which share `SIMILAR_OF_EACH`, for members: at least one of each.

    `rows` are correlated to the parents. An index of the parent and the key serves each of them, whatever others have.
    """
    shared = func.greatest(literal(SIMILAR_OF_EACH) // func.nullif(func.count(), 0), 1)
    share = select(shared).select_from(parents).correlate(None).scalar_subquery()
    of_one = rows.order_by(key.desc()).limit(share).lateral("of_one")
    return select(of_one).select_from(parents.join(of_one, true())).subquery("newest")


def resembles(text: str, *likes: Like) -> ColumnElement[bool]:
    """Return the condition of rows of which one folded text has the letters of each word in their order.

    Other letters may be between. `likes` compare a text with a pattern, such as the method `like` of a column. No index
    serves them: limit the rows that are tried, with `newest`.
    """
    words = text.split()[:MAX_WORDS]
    return and_(true(), *(or_(*(like(_pattern(word)) for like in likes)) for word in words))


def has_similar_word(text: str, like: Like) -> ColumnElement[bool]:
    """Return the condition of rows whose folded text has the letters of at least one word in their order."""
    return or_(*(like(_pattern(word)) for word in text.split()[:MAX_WORDS]))


def whole_first(text: str, folded: ColumnElement[str]) -> ColumnElement[bool]:
    """Return an order in which rows whose folded text contains `text` as it is come first."""
    return func.strpos(folded, func.fold_text(text)) == 0


def _pattern(word: str) -> ScalarSelect[str]:
    """Returns the pattern of a word as a subquery, so that it is made once and not for every row."""
    letters = func.string_to_array(func.translate(func.fold_text(word), "%_\\", ""), null())
    return select(literal("%") + func.array_to_string(letters, "%") + literal("%")).scalar_subquery()
