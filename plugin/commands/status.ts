/** `status`: one cluster in full, or all of them in one line each. */
import { findCluster } from "../find.ts";
import { connectionAliases, type ConnectionFlags, connectionFlags, flag } from "../flags.ts";
import { EXIT } from "../exit.ts";
import { lookAtAll, lookAtOne } from "../look.ts";
import type { StatusDocument } from "../picture.ts";
import { noteLine, renderCluster, renderEnd } from "../render/cluster.ts";
import { renderList } from "../render/list.ts";
import { openSession, type Session } from "../session.ts";
import type { Surroundings } from "../surroundings.ts";
import { UsageError } from "../../cli/usage_error.ts";

export interface StatusFlags extends ConnectionFlags {
  readonly "all-namespaces": boolean;
  readonly output: "text" | "json";
}

export const statusParameters = {
  flags: {
    ...connectionFlags,
    "all-namespaces": flag("Clusters of all namespaces"),
    output: { kind: "enum", values: ["text", "json"], brief: "Form of the answer", default: "text" },
  },
  aliases: { ...connectionAliases, A: "all-namespaces", o: "output" },
  positional: {
    kind: "tuple",
    parameters: [{
      brief: "Cluster: NAME, mgc/NAME or pgc/NAME (default: all, one line each)",
      placeholder: "cluster",
      parse: (text: string) => text,
      optional: true,
    }],
  },
} as const;

/** @returns the exit code. @throws errors in one line */
export async function status(
  flags: StatusFlags,
  name: string | undefined,
  surroundings: Surroundings,
): Promise<number> {
  if (name !== undefined && flags["all-namespaces"]) {
    throw new UsageError("Cannot show one cluster of all namespaces: leave out its name, or -A");
  }
  using session = await openSession(flags, surroundings);
  const document = await look(session, name, flags);
  const { stdout } = surroundings;
  if (flags.output === "json") stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  else if (name === undefined) writeList(document, session, { flags, surroundings });
  else stdout.write(pageOf(document, surroundings));
  return EXIT.done;
}

async function look(
  session: Session,
  name: string | undefined,
  flags: StatusFlags,
): Promise<StatusDocument> {
  if (name === undefined) {
    return await lookAtAll(session, flags["all-namespaces"] ? undefined : session.namespace);
  }
  return await lookAtOne(session, await findCluster(session.client, name, session.namespace));
}

/** Notes go to stderr, so that the list can be read by programs of columns. */
function writeList(
  document: StatusDocument,
  { namespace }: Session,
  { flags, surroundings: { stdout, stderr, style } }: {
    readonly flags: StatusFlags;
    readonly surroundings: Surroundings;
  },
): void {
  stdout.write(renderList(document.clusters, style, new Date(document.takenAt)));
  for (const note of document.notes) stderr.write(`${noteLine(note)}\n`);
  const where = flags["all-namespaces"] ? "any namespace" : `namespace ${namespace}; -A looks into all`;
  if (document.clusters.length === 0) stderr.write(`No clusters can be seen in ${where}\n`);
}

function pageOf(document: StatusDocument, { style }: Surroundings): string {
  const now = new Date(document.takenAt);
  const pages = document.clusters.map((each) => renderCluster(each, style, now));
  return [...pages, renderEnd(document, style)].join("\n");
}
