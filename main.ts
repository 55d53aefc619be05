/** The program: reads the command line and hands over. Each command loads what it needs, and nothing more. */
import { commandLine } from "./cli/app.ts";
import { stderr, stdout } from "./cli/streams.ts";

Deno.exit(
  await commandLine(Deno.args, {
    run: async (options) => await (await import("./cli/run.ts")).run(options),
    gc: async (options) => await (await import("./cli/gc.ts")).gc(options),
    crds: async () => await (await import("./cli/crds.ts")).crds(),
    completion: async () => await (await import("./cli/completion.ts")).completion(),
  }, { stdout, stderr, env: (name) => Deno.env.get(name) }),
);
