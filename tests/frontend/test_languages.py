"""The pages in other languages: their catalogue and their texts."""

import json
import re
from pathlib import Path

import pytest

from tca_app.core.language.messages import speaking
from tca_app.frontend import languages
from tca_app.frontend.languages import add_languages, keep_messages, messages_of_scripts, translator
from tca_app.ui.components.text import PAGE_MESSAGES, nt, t

PAGE = (
    '<!DOCTYPE html><html lang="en"><head><script>let a = ">Sign in<";</script><title>Sign in · Acme</title></head>'
    '<body><p title="Sign in" data-x="Sign in">Sign in</p><code>Sign out &amp; in</code>'
    '<table style="--c2:&quot;Sign in&quot;;--c3:&quot;Username&quot;"></table>'
    "<p>Forward WebSocket upgrades of <code>/_event</code> with HTTP/1.1. For nginx:</p></body></html>"
)


@pytest.fixture
def client(tmp_path: Path) -> Path:
    built = tmp_path / "build" / "client"
    (built / "assets").mkdir(parents=True)
    (built / "login.html").write_text(PAGE)
    return built


def test_a_language_is_one_hashed_script_with_the_texts_of_pages_alone(client: Path) -> None:
    keep_messages(client.parent.parent, ["Sign in", "{count} day"])
    add_languages(client)
    [script] = (client / "assets").iterdir()
    assert re.fullmatch(r"messages-de-[0-9a-f]{12}\.js", script.name)
    texts = json.loads(script.read_text().split("texts:")[1].rstrip("};\n") + "}")
    assert texts["Sign in"] == "Anmelden"
    assert texts["{count} day"] == ["{count} Tag", "{count} Tage"]
    assert texts["just now"] == "gerade eben"  # of a script in assets/
    assert "Forgot password?" not in texts


def test_a_page_has_the_texts_of_its_language_and_no_script_of_it_changes(client: Path) -> None:
    keep_messages(client.parent.parent, ["Sign in", "Forward WebSocket upgrades of {event} with HTTP/1.1. For nginx:"])
    add_languages(client)
    page = (client / "login.html.de").read_text()
    assert '<html lang="de">' in page
    assert '<head><script>let a = ">Sign in<";</script><title>Anmelden · Acme</title>' in page
    assert '<table style="--c2:&quot;Anmelden&quot;;--c3:&quot;Username&quot;">' in page
    assert '<p title="Anmelden" data-x="Sign in">Anmelden</p><code>Sign out &amp; in</code>' in page
    assert "<p>Leiten Sie WebSocket-Upgrades von <code>/_event</code> mit HTTP/1.1 weiter. Für nginx:</p>" in page
    assert re.search(r'<body><script src="/assets/messages-de-\w+\.js"></script><p', page)
    assert (client / "login.html").read_text() == PAGE, "English costs nothing"


def test_a_text_with_a_value_in_it_is_found_and_escaped() -> None:
    translate = translator({"At least {length} characters": "Mindestens {length} Zeichen", "{name}": "{name}"})
    assert translate("At least 8 characters") == "Mindestens 8 Zeichen"
    translate_parts = translator({"{role} and above": "{role} und höher", "Viewer": "Betrachter", "View": "Ansicht"})
    assert translate_parts("Viewer and above") == "Betrachter und höher"
    assert translate_parts("View: all") == "Ansicht: all"
    assert languages._in_html("At least &lt;8&gt; characters", translate) == "Mindestens &lt;8&gt; Zeichen"


def test_texts_of_pages_are_known_when_the_pages_are_compiled() -> None:
    texts = [t("Sign in"), nt("{count} day", "{count} days", 3), t("Version {version}", version='"</script>')]
    assert {"Sign in", "{count} day", "Version {version}"} <= PAGE_MESSAGES
    assert str(texts[2]) == r't_("Version {version}", ({ ["version"] : "\"</script>" }))'
    assert all(texts), "a text is there, so that `if hint` works"
    assert "just now" in messages_of_scripts()


def test_a_function_of_a_page_that_an_event_calls_gets_the_text_itself() -> None:
    with speaking("de"):
        assert (t("Sign in"), nt("{count} day", "{count} days", 2)) == ("Anmelden", "2 Tage")
