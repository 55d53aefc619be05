/** `report`: what somebody who helps has to see of a cluster, in one file, without its secrets. */
import { EXIT } from "../exit.ts";
import { findCluster } from "../find.ts";
import { connectionAliases, type ConnectionFlags, connectionFlags, count, onePositional } from "../flags.ts";
import { lookAtOne } from "../look.ts";
import { collect } from "../report/collect.ts";
import { gzipped, tar } from "../report/tar.ts";
import { openSession } from "../session.ts";
import type { Surroundings } from "../surroundings.ts";

export interface ReportFlags extends ConnectionFlags {
  readonly file?: string;
  readonly lines: number;
}

export const reportParameters = {
  flags: {
    ...connectionFlags,
    file: {
      kind: "parsed",
      brief: "File to write, below the current folder; - for standard output",
      placeholder: "path",
      parse: (text: string) => text,
      optional: true,
    },
    lines: {
      kind: "parsed",
      brief: "Lines of each log, from the end",
      placeholder: "count",
      parse: count,
      default: "5000",
    },
  },
  aliases: connectionAliases,
  positional: onePositional("Cluster", "cluster"),
} as const;

/** @returns the exit code. @throws PluginError in one line */
export async function report(flags: ReportFlags, name: string, surroundings: Surroundings): Promise<number> {
  using session = await openSession(flags, surroundings);
  const found = await findCluster(session.client, name, session.namespace);
  const document = await lookAtOne(session, found);
  const time = document.takenAt.replaceAll(/[-:]/g, "");
  const folder = `matriarch-report-${found.cluster.metadata.name}-${time}`;
  const files = await collect(session, { found, document, lines: flags.lines, folder });
  const bytes = await gzipped(tar(files, new Date(document.takenAt)));
  const path = flags.file ?? `${folder}.tar.gz`;
  if (path === "-") {
    surroundings.stdout.writeBytes(bytes);
    return EXIT.done;
  }
  await surroundings.writeFile(path, bytes);
  surroundings.stdout.write(
    `${path}: ${files.length} files, ${bytes.length} bytes; look before you pass it on\n`,
  );
  return EXIT.done;
}
