/** Ending in order when somebody wants us to end. */

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Watches for signals until it is disposed of. */
export interface Ending extends Disposable {
  /** Resolves at once while nobody wants us to end, and never afterwards: the clean-up ends the process. */
  leaveItTo(): Promise<void>;
}

/** Never resolves, and keeps the process alive until a signal ends it. */
export function forever(): Promise<never> {
  return new Promise(() => setInterval(() => {}, 1 << 30));
}

/**
 * Runs `cleanUp` once when Ctrl-C, SIGTERM or SIGHUP arrives, then ends the process with the shell's code for that
 * signal. Another Ctrl-C a second later or more ends it at once: guards take the children along. (Within that second
 * the same Ctrl-C may come twice, from the terminal and from the task runner that passes it on.)
 */
export function onEnd(cleanUp: () => Promise<void>): Ending {
  const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
  let since: number | undefined;
  const handlers = endings.map((signal) => {
    const handler = () => {
      if (since !== undefined) {
        if (performance.now() - since > 1000) Deno.exit(codes[signal]);
        return;
      }
      since = performance.now();
      cleanUp().catch((error: unknown) => console.error(error)).finally(() => Deno.exit(codes[signal]));
    };
    Deno.addSignalListener(signal, handler);
    return { signal, handler };
  });
  return {
    leaveItTo: () => since === undefined ? Promise.resolve() : forever(),
    [Symbol.dispose]() {
      for (const { signal, handler } of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}
