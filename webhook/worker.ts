/** Entry of the webhook's thread. */
import { compileReaders } from "../api/schema/readers.ts";

// API servers wait for what is read here, and their callers with them.
compileReaders();
await import("./reviewer.ts");
