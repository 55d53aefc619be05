/** Entry of the webhook's thread. */
import { compileReaders } from "../api/schema/readers.ts";

// API servers wait for what is read here, and their callers with them.
compileReaders();
const reviewer = import("./reviewer.ts");

// Listened to at once: what is said while the rest is loaded would be lost. Waiting keeps the order.
globalThis.addEventListener("message", (event) => {
  const message: unknown = event instanceof MessageEvent ? event.data : undefined;
  void reviewer.then(({ receive }) => receive(message));
});
