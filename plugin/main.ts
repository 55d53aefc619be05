/** The plugin as a process: real streams, clock, terminal and kubectl. */
import { stderr, stdout } from "../cli/streams.ts";
import { systemClock } from "../kube/clock.ts";
import { pluginLine } from "./app.ts";
import { kubectl } from "./kubectl.ts";
import { PluginError } from "./plugin_error.ts";
import type { Style } from "./render/style.ts";

/**
 * Runs the command line of this process.
 * @param manifest gives what `deploy/install.yaml` holds
 * @returns the exit code
 */
export async function pluginMain(manifest: () => Promise<string>): Promise<number> {
  const env = (name: string) => Deno.env.get(name);
  return await pluginLine(Deno.args, {
    stdout: { ...stdout, writeBytes },
    stderr,
    env,
    style: styleOf(env),
    stdinIsTerminal: Deno.stdin.isTerminal(),
    clock: systemClock,
    kubectl,
    writeFile,
    manifest,
  });
}

/** NO_COLOR counts with any value but the empty one (no-color.org). */
function styleOf(env: (name: string) => string | undefined): Style {
  const isTerminal = Deno.stdout.isTerminal();
  const isPlain = (env("NO_COLOR") ?? "") !== "" || env("TERM") === "dumb";
  return { columns: isTerminal ? columns() : undefined, colours: isTerminal && !isPlain };
}

function columns(): number | undefined {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return undefined;
  }
}

function writeBytes(bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await Deno.writeFile(path, bytes, { createNew: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new PluginError(
        `Cannot write ${path} as only files below the current folder may be written: go there, or write to - and redirect`,
      );
    }
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new PluginError(`Cannot write ${path} as it is there already: remove it, or name another file`);
    }
    throw new PluginError(`Cannot write ${path}: ${error instanceof Error ? error.message : error}`);
  }
}
