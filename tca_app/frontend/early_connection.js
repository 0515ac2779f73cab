/*
 * The server loads the page while React mounts: the connection is opened before, and what the server sends is kept until
 * Reflex takes the connection. Put into Reflex's event loop by frontend/live_socket.py.
 */
const routeParameters = () => {
  const [, folder, value] = window.location.pathname.match(/^(\/\w+\/)([\w-]+)\/?$/) ?? [];
  return PARAMETERS[folder] ? { [PARAMETERS[folder]]: value } : {};
};

/** Takes the socket that ui/early_socket.js opened, unless it has failed. */
class EarlyTransport extends WebSocketTransport {
  createSocket(...given) {
    const { socket } = window.earlySocket;
    return socket.readyState > WebSocket.OPEN ? super.createSocket(...given) : socket;
  }

  addEventListeners() {
    super.addEventListeners();
    const early = window.earlySocket;
    if (this.ws !== early.socket || early.socket.readyState !== WebSocket.OPEN) return;
    queueMicrotask(() => {
      this.onOpen();
      early.take = (data) => this.onData(data);
      early.kept.forEach(early.take);
    }); // not now: nothing listens to the transport yet
  }
}

const openEarly = (socket, onOpen) => {
  const { io } = socket;
  const { transports } = io.opts;
  if (window.earlySocket) io.opts.transports = [EarlyTransport];
  io.open(onOpen);
  io.opts.transports = transports; // of another connection
  const take = io.ondata.bind(io);
  let kept = [];
  io.ondata = (data) => (kept ? kept.push(data) : take(data));
  const event = withRouterData(app.initialEvents(true)[0], { current: routeParameters() });
  recordSentStorageValues(event);
  socket.auth = { event, state_schema: app.stateSchema };
  io.encoder.replacer = (key, value) => (value === undefined ? null : value);
  socket.connect();
  socket.start = () => {
    const received = kept;
    kept = null;
    if (io.engine.readyState !== "open" && io.engine.readyState !== "opening") socket.connect();
    else received.forEach(take);
  };
};
