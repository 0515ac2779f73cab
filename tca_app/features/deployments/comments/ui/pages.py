"""The comments on the page of a deployment."""

import reflex as rx

from tca_app.features.deployments.comments.ui.rows import CommentRow, Part
from tca_app.features.deployments.comments.ui.state import EDITED, CommentsState, EditedCommentState, NewCommentState
from tca_app.ui.components.basic import button, error_notice, icon_button, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.placeholders import skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_attributes, form_dialog, form_error, keeper_of, restored_note, text_field
from tca_app.ui.record import browser_url, is_at_its_url
from tca_app.ui.var import as_var

state = CommentsState
MAX_BODY = 4000


def comments_panel() -> rx.Component:
    return rx.fragment(
        panel(
            t("Comments"),
            rx.cond(is_at_its_url(state), or_failure(state, _list())),
            rx.cond(
                (NewCommentState.form_mode != "") & (NewCommentState.form_url == browser_url()),
                _new_comment(),
                rx.el.div(skeleton_lines(2), class_name="panel-body"),
            ),
            flush=True,
        ),
        keeper_of(NewCommentState),
        _edit_dialog(),
        _delete_dialog(),
    )


def _list() -> rx.Component:
    earlier = button(t("Show earlier comments"), kind="small", on_click=state.show_earlier)
    return rx.fragment(
        rx.cond(state.has_more, rx.el.div(earlier, class_name="panel-body")),
        rx.cond(
            as_var(state.comments).length() > 0,
            rx.el.ul(rx.foreach(state.comments, _comment), class_name="comments", aria_label=t("Comments")),
            rx.el.p(t("No comments yet."), class_name="panel-body muted"),
        ),
    )


def _comment(comment: CommentRow) -> rx.Component:
    comment_id = as_var(comment["id"])
    return rx.el.li(
        avatar(comment["face"]),
        rx.el.div(
            rx.el.div(
                rx.el.span(comment["author"], class_name="cell-title plain truncate"),
                rx.el.span(relative_time(comment["at"]), class_name="muted"),
                rx.cond(
                    comment["edited_at"] != "",
                    rx.el.span(
                        t("edited {edited_at}", edited_at=relative_time(comment["edited_at"])), class_name="muted"
                    ),
                ),
                _actions(comment),
                class_name="comment-head",
            ),
            rx.el.p(rx.foreach(as_var(comment["parts"]).to(list[Part]), _part), class_name="prose"),
            class_name="grow",
        ),
        key=comment_id.to(str),
        tab_index=-1,
        custom_attrs={"id": f"comment-{comment_id}", "data-target": ""},
    )


def _actions(comment: CommentRow) -> rx.Component:
    comment_id, author = as_var(comment["id"]).to(int), comment["author"]
    edit = EditedCommentState.open_edit(state.comments_of, comment_id)
    delete = state.ask_delete(state.comments_of, comment_id)
    return rx.el.span(
        rx.cond(comment["may_edit"], icon_button(t("Edit your comment"), "pencil", on_click=edit)),
        rx.cond(
            comment["may_delete"],
            icon_button(t("Delete the comment of {author}", author=author), "trash-2", on_click=delete),
        ),
        class_name="comment-actions",
    )


def _part(part: Part) -> rx.Component:
    link = rx.el.a(
        part["text"], href=part["about"], target="_blank", rel="noopener noreferrer nofollow", class_name="link"
    )
    mention = rx.el.span(part["text"], class_name="mention", title=part["about"])
    return rx.match(part["kind"], ("link", link), ("mention", mention), rx.el.span(part["text"]))


def _body_field(form: type[NewCommentState] | type[EditedCommentState], name: str, label: str) -> rx.Component:
    """The text, with the people to mention below it (assets/console/mentions.js)."""
    hint = t("Plain text. Type @ to mention a person. Ctrl+Enter sends.")
    return rx.el.div(
        text_field(form, name, label, lines=3, required=True, max_length=MAX_BODY, hint=hint),
        rx.el.div(class_name="mention-list", role="listbox", aria_label=t("People"), hidden=True),
        class_name="mention-field",
        custom_attrs={"data-mentions": form.people_url},
    )


def _new_comment() -> rx.Component:
    form = NewCommentState
    return rx.el.form(
        rx.el.input(type="hidden", name="nonce", value=form.form_nonce, read_only=True),
        rx.el.div(
            form_error(form),
            restored_note(form),
            _body_field(form, "body", t("New comment")),
            class_name="panel-body stack",
        ),
        rx.el.div(
            button(t("Add comment"), kind="primary", type="submit", busy=form.form_busy), class_name="panel-foot"
        ),
        on_submit=form.save,
        no_validate=True,
        class_name="new-comment",
        custom_attrs=form_attributes(form),
    )


def _edit_dialog() -> rx.Component:
    return form_dialog(
        EditedCommentState,
        title=t("Edit your comment"),
        submit=t("Save"),
        on_submit=EditedCommentState.save,
        fields=[_body_field(EditedCommentState, EDITED, t("Comment"))],
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.removed_id != 0),
        title=rx.el.span(t("Delete the comment of {delete_author}?", delete_author=state.removed_name)),
        text=t("It cannot be restored."),
        confirm=t("Delete comment"),
        on_confirm=state.delete,
        on_cancel=state.cancel_remove(),
        busy=state.is_acting,
        body=error_notice(state.remove_error),
    )
