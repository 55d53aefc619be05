/** `logs`: what instances, or the operator, have written; kubectl reads it. */
import { clusterLabel } from "../../api/multigres/labels.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { UsageError } from "../../cli/usage_error.ts";
import { findCluster, type FoundCluster } from "../find.ts";
import { connectionAliases, type ConnectionFlags, connectionFlags, count, flag } from "../flags.ts";
import { instanceSelectors } from "../gather.ts";
import { OPERATOR_NAMESPACE, operatorSelector } from "../operator.ts";
import { kubectlFlags, openSession } from "../session.ts";
import type { Surroundings } from "../surroundings.ts";

export interface LogsFlags extends ConnectionFlags {
  readonly operator: boolean;
  readonly "operator-namespace": string;
  readonly follow: boolean;
  readonly tail: number;
  readonly container?: string;
  readonly since?: string;
}

const text = (value: string): string => value;

export const logsParameters = {
  flags: {
    ...connectionFlags,
    operator: flag("Logs of the operator, of no cluster"),
    "operator-namespace": {
      kind: "parsed",
      brief: "Where the operator runs",
      placeholder: "name",
      parse: text,
      default: OPERATOR_NAMESPACE,
    },
    follow: flag("Go on as more is written, until Ctrl-C"),
    tail: {
      kind: "parsed",
      brief: "Lines of each container, from the end",
      placeholder: "lines",
      parse: count,
      default: "100",
    },
    container: {
      kind: "parsed",
      brief: "This container alone (default: all)",
      placeholder: "name",
      parse: text,
      optional: true,
    },
    since: {
      kind: "parsed",
      brief: "Only what is younger, such as 10m",
      placeholder: "duration",
      parse: text,
      optional: true,
    },
  },
  aliases: { ...connectionAliases, f: "follow", c: "container" },
  positional: {
    kind: "tuple",
    parameters: [{ brief: "Cluster", placeholder: "cluster", parse: text, optional: true }],
  },
} as const;

/** Pods whose logs are followed at a time; kubectl's own bound is 5. */
const MOST_STREAMS = 50;

/** @returns the exit code of kubectl */
export async function logs(
  flags: LogsFlags,
  name: string | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const { kubectl } = surroundings;
  if (flags.operator === (name !== undefined)) {
    throw new UsageError("Cannot tell whose logs are meant: name a cluster, or say --operator");
  }
  if (name === undefined) {
    const where = kubectlFlags(flags, flags["operator-namespace"]);
    return await kubectl.run([...where, ...logArguments(flags, operatorSelector)], { kind: "none" });
  }
  using session = await openSession(flags, surroundings);
  const found = await findCluster(session.client, name, session.namespace);
  const args = [...session.kubectlFlags, ...logArguments(flags, instancesOf(found))];
  return await kubectl.run(args, { kind: "none" });
}

function instancesOf({ kind, cluster: { metadata } }: FoundCluster): string {
  return kind === "MultigresCluster"
    ? `${instanceSelectors.multigres},${clusterLabel}=${metadata.name}`
    : `${instanceSelectors.patroni},${labelKeys.cluster}=${metadata.name}`;
}

function logArguments({ follow, tail, container, since }: LogsFlags, selector: string): string[] {
  return [
    "logs",
    `--selector=${selector}`,
    container === undefined ? "--all-containers" : `--container=${container}`,
    "--prefix",
    `--tail=${tail}`,
    `--max-log-requests=${MOST_STREAMS}`,
    ...(follow ? ["--follow"] : []),
    ...(since === undefined ? [] : [`--since=${since}`]),
  ];
}
