/** `install`: the operator itself, from the manifest of this version. */
import type { ConnectionFlags } from "../flags.ts";
import { connectionFlags, flag } from "../flags.ts";
import { EXIT } from "../exit.ts";
import { kubectlFlags } from "../session.ts";
import type { Surroundings } from "../surroundings.ts";

export interface InstallFlags extends Omit<ConnectionFlags, "namespace"> {
  readonly print: boolean;
  readonly "dry-run": boolean;
  readonly "force-conflicts": boolean;
}

export const installParameters = {
  flags: {
    kubeconfig: connectionFlags.kubeconfig,
    context: connectionFlags.context,
    print: flag("Only print the manifest, for another way to apply it"),
    "dry-run": flag("Have the API server check everything, and change nothing"),
    "force-conflicts": flag("Take over fields that somebody else has set"),
  },
} as const;

/** @returns the exit code of kubectl, which applies it by server-side apply */
export async function install(flags: InstallFlags, surroundings: Surroundings): Promise<number> {
  const text = await surroundings.manifest();
  if (flags.print) {
    surroundings.stdout.write(text);
    return EXIT.done;
  }
  return await surroundings.kubectl.run([
    ...kubectlFlags(flags),
    "apply",
    "--server-side",
    ...(flags["dry-run"] ? ["--dry-run=server"] : []),
    ...(flags["force-conflicts"] ? ["--force-conflicts"] : []),
    "--filename=-",
  ], { text });
}
