"""The panel of one's own picture, and the dialog that removes a picture."""

import reflex as rx

from tca_app.core.pictures import MAX_UPLOAD
from tca_app.features.users.ui.picture_state import PictureState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, error_notice, setting
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.placeholders import skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.image_dialog import image_dialog
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var

UPLOADED_SIDE = 512  # pixels; the server stores less, and cuts anew
state = PictureState


def picture_panel() -> rx.Component:
    """Your own picture."""
    has_picture = SessionState.picture != ""
    remove = button(t("Remove"), kind="small danger-quiet", on_click=state.ask_remove(SessionState.user_id))
    return rx.fragment(
        setting(
            t("Picture"),
            t("Shown wherever you are named."),
            rx.cond(
                SessionState.username != "",
                rx.el.div(
                    avatar(as_var(SessionState.face), "large"),
                    rx.cond(has_picture, t("Your own image."), t("Your initials.")),
                    rx.el.span(class_name="grow"),
                    rx.cond(has_picture, remove),
                    button(t("Upload picture"), kind="small", icon="upload", on_click=state.open_upload),
                    class_name="row",
                ),
                skeleton_lines(2),
            ),
        ),
        image_dialog(
            "picture",
            title=t("Upload picture"),
            text=t("A PNG, JPEG or WebP image. It is cropped to a square."),
            url=routes.API_OWN_PICTURE,
            types="image/png,image/jpeg,image/webp",
            max_kb=MAX_UPLOAD // 1024,
            side=UPLOADED_SIDE,
            state=state,
        ),
        remove_picture_dialog(),
    )


def remove_picture_dialog() -> rx.Component:
    return confirm_dialog(
        open_=state.removed_id > 0,
        title=t("Remove the picture?"),
        text=t("The image is deleted. Initials are shown instead."),
        confirm=t("Remove picture"),
        on_confirm=state.remove,
        on_cancel=state.cancel_remove(),
        busy=state.is_acting,
        body=error_notice(state.remove_error),
    )
