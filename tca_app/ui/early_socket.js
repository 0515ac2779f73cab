/*
 * In the head of every page: opens the live connection while the page is read. Reflex takes it once its scripts run: see
 * frontend/early_connection.js.
 */
(() => {
  const token = sessionStorage.getItem("token") ?? crypto.randomUUID?.(); // only an encrypted page can make one
  if (!token || document.visibilityState === "hidden") return;
  const url = new URL(`/_event/?token=${token}&EIO=4&transport=websocket`, location.href.replace(/^http/, "ws"));
  const socket = new WebSocket(url, ["VERSION"]);
  const early = { socket, token, kept: [], take: null };
  socket.onmessage = ({ data }) => (early.take ? early.take(data) : early.kept.push(data));
  window.earlySocket = early;
})();
