"""The keyboard shortcuts: the dialog and the script have one list, and the script knows every action of it."""

import json
import re
from collections import Counter
from pathlib import Path

from tca_app.ui.layout.keys import GENERAL, HELP, PAGES, ROWS, TICKS, keys_for_script
from tca_app.ui.layout.keys_dialog import keys_dialog
from tca_app.ui.layout.navigation import NAVIGATION

SCRIPTS = Path(__file__).parents[3] / "assets" / "console"
SCRIPT = (SCRIPTS / "shortcuts.js").read_text()


def actions_of(script: str, name: str) -> set[str]:
    block = re.search(rf"const {name} = \{{\n(.*?)\n\}};", script, re.DOTALL)
    assert block
    return set(re.findall(r'^ {2}"?([\w-]+)"?[:,]', block[1], re.MULTILINE))


def test_the_script_knows_every_action_and_no_other() -> None:
    known = actions_of(SCRIPT, "ACTIONS") | actions_of((SCRIPTS / "grid.js").read_text(), "ROW_ACTIONS")
    assert known == {shortcut.action for shortcut in (*GENERAL, *ROWS, *TICKS)}
    assert f'press("{HELP}")' in SCRIPT


def test_every_page_of_the_sidebar_has_a_letter_of_its_own() -> None:
    assert {url for _label, url, _icon, _permission in NAVIGATION} <= {url for _letter, _label, url in PAGES}
    keys = [key for shortcut in (*GENERAL, *ROWS, *TICKS) for key in shortcut.keys] + [letter for letter, *_ in PAGES]
    assert {label for label, count in Counter(label for _, label, _ in PAGES).items() if count > 1} == set()
    assert Counter(letter for letter, *_ in PAGES).most_common(1)[0][1] == 1
    assert "g" not in keys  # the first of two keys


def test_the_dialog_shows_all_and_the_page_carries_the_list() -> None:
    drawn = str(keys_dialog())
    for label in [one.label for one in (*GENERAL, *ROWS, *TICKS)] + [label for _, label, _ in PAGES]:
        assert label in drawn, label
    script = json.loads(keys_for_script())
    assert (script["j"], script["g d"], script["?"]) == ("next-row", "/dashboard", HELP)
    assert "data-keys" in drawn
