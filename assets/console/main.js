/*
 * What the browser must do itself. Each module says what; they share only dom.js. The build makes one file of them, from
 * our own origin. Everything listens on the document, because React may replace any element at any time.
 */
import { startWatching } from "./dom.js";
// Lists that Escape closes alone: before drafts/leaving.js, which others import and which asks about typed text then.
import "./combobox.js";
import "./mentions.js";
import "./language-choice.js";
import "./cut-texts.js";
import "./times.js";
import "./zoom.js";
import "./strips.js";
import "./region.js";
import "./buttons.js";
import "./busy.js";
import "./sign-in.js";
import "./images.js";
import "./image-upload.js";
import "./import-upload.js";
import "./shortcuts.js";
import "./palette.js";
import "./commands.js";
import "./recents.js";
import "./dashboard.js";
import "./refusal.js";
import "./forms.js";
import "./lengths.js";
import "./drafts/forms.js";
import "./drafts/leaving.js";
import "./confirm-name.js";
import "./focus.js";
import "./log/viewer.js";
import "./two-factor.js";
import "./passkeys.js";
import "./connection.js";
import "./waits.js"; // after what asks about typed text
import "./offline.js";

startWatching();
