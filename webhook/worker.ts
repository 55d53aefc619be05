/** Entry of the webhook's thread. */
const reviewer = import("./reviewer.ts");

// Listened to at once: what is said while the rest is loaded would be lost. Waiting keeps the order.
globalThis.addEventListener("message", (event) => {
  const message: unknown = event instanceof MessageEvent ? event.data : undefined;
  void reviewer.then(({ receive }) => receive(message));
});
