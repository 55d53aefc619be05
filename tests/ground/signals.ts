/** Ending in order when somebody wants us to end. */

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `cleanUp` once when Ctrl-C, SIGTERM or SIGHUP arrives, then ends the process with the shell's code for that
 * signal. A second Ctrl-C ends it at once: guards take the children along.
 */
export function onEnd(cleanUp: () => Promise<void>): Disposable {
  const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
  let ending = false;
  const handlers = endings.map((signal) => {
    const handler = () => {
      if (ending) Deno.exit(codes[signal]);
      ending = true;
      cleanUp().catch((error: unknown) => console.error(error)).finally(() => Deno.exit(codes[signal]));
    };
    Deno.addSignalListener(signal, handler);
    return { signal, handler };
  });
  return {
    [Symbol.dispose]() {
      for (const { signal, handler } of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}
