/** Being told to stop. */
import { EXIT } from "./exit.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Watches for signals until it is disposed of. */
export interface Stopping extends Disposable {
  /** Aborts at the first SIGTERM or SIGINT, with the signal's name as its reason. */
  readonly signal: AbortSignal;
}

/** The first signal asks for an orderly stop; the second ends the process at once. */
export function stopOnSignals(): Stopping {
  const controller = new AbortController();
  const handlers = SIGNALS.map((name) => {
    const handler = () => {
      if (controller.signal.aborted) Deno.exit(EXIT.interrupted);
      controller.abort(name);
    };
    Deno.addSignalListener(name, handler);
    return { name, handler };
  });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const { name, handler } of handlers) Deno.removeSignalListener(name, handler);
    },
  };
}
