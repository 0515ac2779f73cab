/*
 * Whether the server answers. A connection stays open for minutes while the network drops every packet or the server hangs,
 * so what is pressed asks it, with a message that Reflex has for that. frontend/live_socket.py hands the connection over.
 */
import { call } from "./dom.js";

const ASK_AFTER_MS = 100; // what was pressed is sent by then, if it needs the server at all
const SILENT_AFTER_MS = 5000; // a delay of two seconds in each direction is slow, not silent
const RECONNECT_MS = 2000;
const GRACE_MS = 1500; // a server that answers again answers here too
const RETRY_MS = 500;
const REACHED_IN_MS = 3000;
const QUIET_MS = 35_000; // the server sends something every 25 s
const CLOSED_BY_PAGE = "io client disconnect";

let socket = null;
let setErrors = null;
let timer = 0;
const questions = []; // when each was sent that has no answer yet; they are answered in this order
let receivedAt = 0;
let silent = false;
let wasConnected = false;
const listeners = { answer: [], lost: [], back: [] };

/** Calls back at "answer" with the time of the question, at "lost" when the connection ends, and at "back". */
export const onConnection = (name, callback) => listeners[name].push(callback);
const publish = (name, value) => {
  for (const callback of listeners[name]) callback(value);
};
export const isSilent = () => silent;
export const isConnected = () => Boolean(socket?.connected);
/** Not before the first connection: until then connection.js explains what is missing. */
export const isLost = () => wasConnected && (!isConnected() || silent);

/** Whether the server responds to plain requests. */
export const isReachable = async () => {
  const options = { cache: "no-store", signal: AbortSignal.timeout(REACHED_IN_MS) };
  return Boolean((await call("/health/live", options).catch(() => null))?.ok);
};

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const addError = (text) => setErrors((errors) => [...errors.slice(-9), new Error(text)]);

/** Whether a new connection gets through. A plain request would wait on old ones, which may be dead too. */
const opensAnother = () =>
  new Promise((resolve) => {
    const other = new WebSocket(`${socket.io.uri}/?EIO=4&transport=websocket`);
    const end = (isOpen) => {
      resolve(isOpen);
      other.close();
    };
    other.addEventListener("open", () => end(true));
    other.addEventListener("error", () => end(false));
    setTimeout(end, REACHED_IN_MS, false);
  });

/** If another connection gets through it is this one that is dead: Reflex opens one. */
const rescue = async () => {
  while (silent) {
    const isOpen = await opensAnother();
    await after(isOpen ? GRACE_MS : RETRY_MS);
    if (silent && isOpen) socket.io.engine.close();
  }
};

const setSilent = (value) => {
  if (silent === value) return;
  silent = value;
  if (silent) {
    addError("no answer");
    rescue();
  } else if (isConnected()) setErrors([]); // otherwise Reflex does so when it is connected again
};

const check = (question) => {
  if (!questions.includes(question)) return;
  if (receivedAt < question) setSilent(true);
  else setTimeout(check, SILENT_AFTER_MS, question);
};

/** Asks at once: behind what was just sent, so that the answer says that the server has it. */
export const askNow = () => {
  clearTimeout(timer);
  timer = 0;
  if (!isConnected()) return;
  const question = performance.now();
  questions.push(question);
  socket.emit("ping");
  setTimeout(check, SILENT_AFTER_MS, question);
};

/** Asks soon, unless a question has no answer yet. */
export const ask = () => {
  if (!timer && !questions.length && isConnected()) timer = setTimeout(askNow, ASK_AFTER_MS);
};

const onMessage = () => {
  receivedAt = performance.now();
  setSilent(false);
};

const onAnswer = () => publish("answer", questions.shift());

const onConnect = () => {
  wasConnected = true;
  publish("back");
};

const onDisconnect = (reason) => {
  questions.length = 0;
  silent = false;
  if (reason === CLOSED_BY_PAGE) return;
  publish("lost");
  setTimeout(() => isConnected() || addError(reason), RECONNECT_MS); // an attempt may wait for the network for 20 s
};

const takeOver = () => {
  if (!window.liveConnection) return;
  ({ socket, setErrors } = window.liveConnection);
  socket.onAny(onMessage);
  socket.io.on("ping", onMessage);
  socket.on("ping", onAnswer);
  socket.on("connect", onConnect);
  socket.on("disconnect", onDisconnect);
  wasConnected = isConnected();
};

addEventListener("live-connection", takeOver);
addEventListener("offline", () => {
  if (isConnected()) setSilent(true);
  else if (socket) addError("offline");
  ask();
});
addEventListener("online", ask);
document.addEventListener("visibilitychange", ask);
setInterval(() => performance.now() - receivedAt > QUIET_MS && ask(), RECONNECT_MS);
takeOver();
