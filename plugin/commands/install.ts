/** `install`: the operator itself, from the manifest of this version. */
import { parseAllDocuments } from "yaml";
import { isRecord } from "../../kube/errors.ts";
import { Namespaces } from "../../kube/kinds.ts";
import { EXIT } from "../exit.ts";
import { type ConnectionFlags, connectionFlags, flag } from "../flags.ts";
import { OPERATOR_NAMESPACE } from "../operator.ts";
import { kubectlFlags, openSession } from "../session.ts";
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
  if (flags["dry-run"]) return await tryOut(flags, text, surroundings);
  return await surroundings.kubectl.run(applyArguments(flags), { text });
}

function applyArguments(flags: InstallFlags): string[] {
  return [
    ...kubectlFlags(flags),
    "apply",
    "--server-side",
    ...(flags["dry-run"] ? ["--dry-run=server"] : []),
    ...(flags["force-conflicts"] ? ["--force-conflicts"] : []),
    "--filename=-",
  ];
}

/** The API server checks nothing in a namespace that is not there: in a new cluster that part is left out, and told. */
async function tryOut(flags: InstallFlags, text: string, surroundings: Surroundings): Promise<number> {
  using session = await openSession(flags, surroundings);
  const isThere = await session.client.find(Namespaces, { name: OPERATOR_NAMESPACE }) !== undefined;
  if (isThere) return await surroundings.kubectl.run(applyArguments(flags), { text });
  const checked = withoutNamespaced(text);
  surroundings.stderr.write(
    `Namespace ${OPERATOR_NAMESPACE} is not there yet: what lies in it is not checked\n`,
  );
  return await surroundings.kubectl.run(applyArguments(flags), { text: checked });
}

function withoutNamespaced(text: string): string {
  const kept = parseAllDocuments(text).filter((document) => {
    const object: unknown = document.toJS();
    const metadata = isRecord(object) ? object["metadata"] : undefined;
    return isRecord(metadata) && metadata["namespace"] === undefined;
  });
  return kept.map((document) => `---\n${document.toString({ directives: false })}`).join("");
}
