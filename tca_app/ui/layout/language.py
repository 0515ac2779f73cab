"""The choice of the language. assets/console/language-choice.js stores it in the browser, and loads the page anew."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from tca_app.core.database.session import transaction
from tca_app.core.language.choice import accepted_language
from tca_app.core.language.messages import LANGUAGES, LanguageName
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.ui.components.text import t
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState


class LanguageState(SessionState):
    """State of the choice of one's own language."""

    @handler("signed_in")
    async def choose(self, chosen: LanguageName | None) -> None:
        """Stores the language, or None for that of each browser. While an administrator acts as the user, the choice
        is for the administrator's browser alone."""
        actor = self._as_actor()
        if not actor.acting_id:
            async with transaction() as session:
                await users.update_user(session, actor, actor.user_id, UserUpdate(language=chosen))
            self.chosen_language = chosen or ""
        accepted = str(self.router_data.get("headers", {}).get("accept-language", ""))
        self.language = chosen or accepted_language(accepted)


def language_menu() -> rx.Component:
    """The other languages, for the footer. With an account the choice is for all its browsers."""
    return _others(lambda name: {"on_click": LanguageState.choose(name)})


def browser_languages() -> rx.Component:
    """The other languages, for people who are not signed in."""
    return _others(lambda _name: {})


def language_choice() -> rx.Component:
    """The choice in the settings, with that of the browser."""
    chosen = SessionState.chosen_language
    return rx.el.div(
        *(
            rx.el.button(
                label,
                type="button",
                on_click=LanguageState.choose(name or None),
                custom_attrs={
                    **_names(name),
                    "aria-pressed": rx.cond(chosen == name, "true", "false"),
                },
            )
            for name, label in {"": t("Browser default"), **LANGUAGES}.items()
        ),
        class_name="segments",
        role="group",
        aria_label=t("Language"),
    )


def _others(events: Callable[[str], dict[str, Any]]) -> rx.Component:
    """Buttons of all languages; the stylesheet hides that of the page."""
    return rx.el.span(
        *(
            rx.el.button(label, type="button", class_name="link", custom_attrs=_names(name), **events(name))
            for name, label in LANGUAGES.items()
        ),
        class_name="row languages",
        role="group",
        aria_label=t("Language"),
    )


def _names(name: str) -> dict[str, str]:
    """The attributes of a button for a language: `lang` lets screen readers pronounce its name."""
    return {"data-language": name} | ({"lang": name} if name else {})
