"""The catalogues are those of the sources, and the check finds what is wrong in one."""

import ast
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Message

SCRIPT = Path(__file__).parents[1] / ".ci" / "messages"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = SourceFileLoader("messages_script", str(SCRIPT))
    module = module_from_spec(spec_from_loader("messages_script", loader))  # type: ignore[arg-type]
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (Message("Sign in", "Anmelden"), ""),
        (Message("Sign in", ""), "not translated"),
        (Message("Sign in", "Anmelden", flags=["fuzzy"]), "fuzzy"),
        (Message("Open {name}", "Öffnen"), "other placeholders"),
        (Message("Open {name}", "{nam} öffnen"), "other placeholders"),
        (Message(("{count} day", "{count} days"), ("{count} Tag", "{count} Tage")), ""),
        (Message(("{count} day", "{count} days"), ("ein Tag", "{count} Tage")), ""),
        (Message(("{count} day", "{count} days"), ("{count} Tag",)), "a plural form is missing"),
        (Message("Open {0}", "{0} öffnen"), ""),
        (Message("Open {}", "{} öffnen"), "a placeholder is no name"),
        (Message(" or ", "oder"), "other spaces at an end"),
    ],
)
def test_the_check_finds_what_is_wrong_in_a_message(script: ModuleType, message: Message, fault: str) -> None:
    assert list(script._in_message(message, 2)) == ([fault] if fault else [])


def test_the_check_finds_texts_that_stay_english(script: ModuleType) -> None:
    page = 'rx.el.p("Sign in", class_name="btn small")\nlink(t("Open"), title=f"All {count} rows")\nbutton("API")'
    assert [text for _line, text in script.bare_texts(ast.parse(page))] == ["Sign in", "All {} rows"]


def test_the_check_finds_english_words_that_are_put_into_a_message(script: ModuleType) -> None:
    page = (
        't("Move {label} {way}", label=line["label"], way="up")\n'
        't("By {who}", who=rx.cond(state.who != "", state.who, "a deleted user"))\n'
        '_("{name} {done}", name=f"{first} {last}", done="on" if is_on else t("off"))\n'
        'nt("{count} of {total}", "{count} of {total}", count, total=t("All"), url=f"{base}/login")'
    )
    assert [text for _line, text in script.bare_values(ast.parse(page))] == ["up", "a deleted user", "on"]


def test_the_check_finds_a_function_that_hides_the_call(script: ModuleType) -> None:
    hidden = 'def f():\n    a, _ = g()\n    return _("Sign in")'
    fine = 'def f():\n    return [_("Sign in") for a, b in c]'
    assert (list(script.shadowed(ast.parse(hidden))), list(script.shadowed(ast.parse(fine)))) == ([1], [])


def test_a_template_has_messages_and_no_words_of_its_own(script: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    path.write_text(
        '{% if more %}{{ ngettext("{count} day", "{count} days", more) }}{% endif %}<a href="{{ url }}" lang="en">'
        '{{ _("Open {name}", name=name) }}</a> · {{ _(word) }}\n<p>Sign in</p>'
    )
    assert list(script._of_template(path)) == [("{count} day", "{count} days"), "Open {name}"]
    assert [text for _line, text in script.bare_words(path.read_text())] == ["Sign in"]
