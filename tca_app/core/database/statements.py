"""The texts of statements without their parameters, for traces and error texts.

Some parameters, such as the term of a search, are in the text that PostgreSQL gets, because its plan depends on them.
"""

from sqlalchemy.engine.interfaces import ExceptionContext, ExecutionContext
from sqlalchemy.exc import StatementError


def with_placeholders(statement: str, context: ExecutionContext | None) -> str:
    """Return the statement as it was compiled."""
    compiled = context.compiled if context is not None else None
    return str(compiled.string) if compiled is not None else statement


def hide_terms(failure: ExceptionContext) -> None:
    """Take the parameters out of the text of an error, as `hide_parameters` does with the others."""
    error = failure.sqlalchemy_exception
    if isinstance(error, StatementError) and error.statement:
        error.statement = with_placeholders(error.statement, failure.execution_context)
