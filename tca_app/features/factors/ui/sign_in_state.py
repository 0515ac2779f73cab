"""State of the second step of a sign-in."""

import json

import reflex as rx

from tca_app.core.database.session import reading
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.features.auth.second_factor import COOKIE
from tca_app.features.auth.ui.state import local_path
from tca_app.features.factors import passkey_service, sign_in
from tca_app.ui import routes
from tca_app.ui.handlers import CALL, Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param


class SecondFactorState(SessionState):
    """How the sign-in that this browser has begun can go on."""

    methods: list[str] = []
    passkey_options: str = ""  # JSON; its challenge is no secret

    @handler("public")
    async def enter_second_factor(self) -> Events:
        """Redirects who is signed in to the requested page, and who has not begun to the sign-in page."""
        if CALL.get().actor is not None:
            return rx.redirect(local_path(query_param(self.router_data, "next")), replace=True)
        challenge = cookie_in(self.router_data.get("headers", {}).get("cookie", ""), cookie_name(COOKIE))
        async with reading() as session:
            self.methods = list(await sign_in.pending_methods(session, challenge))
            options = await passkey_service.second_factor_options(session, challenge)
        self.passkey_options = json.dumps(options.options) if options else ""
        return None if self.methods else rx.redirect(routes.LOGIN, replace=True)
