/** kubectl itself, for what it does best: terminals, streams of logs, and any kind of object. */
import { PluginError } from "./plugin_error.ts";

/** Standard input: that of the plugin, none, or this text. */
export type Input = { readonly kind: "terminal" } | { readonly kind: "none" } | { readonly text: string };

export interface Kubectl {
  /**
   * Runs it with our standard output and error.
   * @returns its exit code
   * @throws PluginError when there is no kubectl, or it may not be run
   */
  run(args: readonly string[], input: Input): Promise<number>;
}

/** The program of this name on PATH. */
export const kubectl: Kubectl = {
  async run(args, input) {
    try {
      const child = new Deno.Command("kubectl", {
        args: [...args],
        stdin: "text" in input ? "piped" : input.kind === "terminal" ? "inherit" : "null",
        stdout: "inherit",
        stderr: "inherit",
      }).spawn();
      // Ctrl-C reaches both; it is for kubectl to end, and then we end with it.
      using _ignored = ignoreInterrupts();
      if ("text" in input) await new Blob([input.text]).stream().pipeTo(child.stdin);
      return (await child.status).code;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
        throw new PluginError(
          "Cannot run kubectl as it is not on PATH, or may not be run: put it there, and start " +
            "kubectl-matriarch with --allow-run=kubectl",
        );
      }
      throw error;
    }
  },
};

function ignoreInterrupts(): Disposable {
  const nothing = () => {};
  Deno.addSignalListener("SIGINT", nothing);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGINT", nothing) };
}
