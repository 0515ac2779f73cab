"""The panel of one's own time zone, and the format of dates and numbers."""

import reflex as rx

from tca_app.features.auth.ui.region_state import LABELS, LOCALE_OPTIONS, RegionState
from tca_app.features.auth.ui.settings_pages import own_form
from tca_app.ui.components.basic import setting
from tca_app.ui.components.placeholders import skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import keeper_of, select_field, text_field

state = RegionState
ZONES = "time-zones"  # the list of zones, which assets/console/region.js fills


def region_panel() -> rx.Component:
    """How the person sees times and numbers. A setting of theirs that is about texts belongs here too."""
    waiting = rx.el.div(skeleton_lines(4), class_name="panel-body")
    return rx.fragment(
        setting(
            t("Time zone and format"),
            t("How lists, charts and mails show times and numbers to you."),
            rx.cond(state.form_mode != "", _form(), waiting),
            flush=True,
        ),
        keeper_of(state),
    )


def _form() -> rx.Component:
    return own_form(
        state,
        text_field(
            state,
            "time_zone",
            LABELS["time_zone"],
            hint=t("Type a city or choose from the list. Empty: the time zone of your browser."),
            max_length=64,
            placeholder=t("As in your browser"),
            list=ZONES,
        ),
        rx.el.datalist(custom_attrs={"id": ZONES}),
        select_field(state, "locale", LABELS["locale"], LOCALE_OPTIONS, required=False),
        rx.el.p(
            t("Now: {num}", num=rx.el.span(class_name="num", custom_attrs={"data-region-sample": ""})),
            class_name="hint muted",
        ),
    )
