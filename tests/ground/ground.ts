/**
 * What a test sees of the proof ground. `tests/run.ts` starts it and leaves its description in a JSON file, whose path
 * the variable `MATRIARCH_GROUND` holds.
 */
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import type { Connection } from "./connection.ts";
import { type ControlPlane, type Parts, startControlPlane } from "./control_plane.ts";
import { isRecord, stringAt } from "./json.ts";
import type { RealNodes } from "./nodes/real_cluster.ts";
import { type Identity, loadAuthority } from "./pki.ts";

/** The variable that leads to the description. */
export const groundVariable = "MATRIARCH_GROUND";

/** The API server that tests share. They keep apart by namespaces, and leave it running. */
export interface SharedCluster {
  readonly connection: Connection;
  readonly kubeconfigPath: string;
  /** Absent when the cluster is not ours. */
  readonly etcd?: string;
  /** As the operator's ServiceAccount, with its rights; absent when the cluster is not ours. */
  readonly operator?: Connection;
  /** Folder with `ca.crt`, `ca.key` and the logs of the programs; absent when the cluster is not ours. */
  readonly folder?: string;
}

/** The description that `tests/run.ts` writes. */
export interface GroundDescription {
  /** Absent when no test of this run needs it. */
  readonly shared?: SharedCluster;
  /** Programs for private control planes; without those when an existing cluster is used. */
  readonly binaries: Binaries;
  /** Path of Helm; absent when no test of this run needs it. */
  readonly helm?: string;
  /** Path of the PostgreSQL server; absent when no test of this run needs it. */
  readonly postgres?: string;
  /** Path of a server of the major version before; absent when no test of this run upgrades. */
  readonly olderPostgres?: string;
  /** Folder of `pg_dumpall` and `psql`; absent when no test of this run upgrades. */
  readonly postgresTools?: string;
  /** Nodes with real containers; absent when no test of this run needs them. */
  readonly nodes?: RealNodes;
  /** Path of promtool; absent when no test of this run judges rules. */
  readonly promtool?: string;
  /** The folder for temporary files. */
  readonly temporary: string;
}

/** The ground of this run. @throws Error when the tests were not started by `deno task test`. */
export function ground(): GroundDescription {
  const path = Deno.env.get(groundVariable);
  if (path === undefined) {
    throw new Error(
      `Cannot find the ground as ${groundVariable} is not set: run this by \`deno task test FILE\``,
    );
  }
  const description: unknown = JSON.parse(Deno.readTextFileSync(path));
  if (!isDescription(description)) {
    throw new Error(`Cannot read the ground from ${path}: it is no description`);
  }
  return description;
}

/** The API server that tests share. @throws Error when this group of tests was not given one. */
export function sharedCluster(): SharedCluster {
  const { shared } = ground();
  if (shared === undefined) {
    throw new Error("Cannot use the shared cluster: this group of tests starts without one");
  }
  return shared;
}

/** The real nodes. @throws Error when this group of tests was not given any. */
export function realNodes(): RealNodes {
  const { nodes } = ground();
  if (nodes === undefined) throw new Error("Cannot use real nodes: this group of tests starts without them");
  return nodes;
}

/**
 * A connection to the shared cluster as another user or group, to see what RBAC allows.
 * @throws Error when the cluster is not ours: ask {@link ownsCluster} first.
 */
export async function connectionAs(identity: Identity): Promise<Connection> {
  const { connection, folder } = sharedCluster();
  if (folder === undefined) throw new Error("Cannot issue certificates for a cluster that is not ours");
  const certPem = await Deno.readTextFile(join(folder, "ca.crt"));
  const keyPem = await Deno.readTextFile(join(folder, "ca.key"));
  const authority = await loadAuthority({ certPem, keyPem });
  return { server: connection.server, caPem: certPem, ...await authority.issueClient(identity) };
}

/** Whom the operator of a test is: its own ServiceAccount on the shared cluster, whoever is told on any other. */
export function operatorConnection(told: Connection): Connection {
  const { shared } = ground();
  const isAdministrator = told.certPem !== undefined && told.certPem === shared?.connection.certPem;
  return isAdministrator ? shared?.operator ?? told : told;
}

/** True when control planes can be started and the shared one is ours; false with an existing cluster. */
export function ownsCluster(): boolean {
  return ground().binaries["kube-apiserver"] !== undefined;
}

/** Starts a control plane for one test alone. Use with `await using`. */
export function privateControlPlane(parts: Parts = "api"): Promise<ControlPlane> {
  return startControlPlane(parts, ground().binaries);
}

/** A test that needs a control plane of ours: skipped, and its name says why, when an existing cluster is used. */
export function ownedTest(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  const owned = ownsCluster();
  Deno.test({ name: owned ? name : `${name} (skipped: the cluster is not ours)`, ignore: !owned, fn });
}

function isDescription(value: unknown): value is GroundDescription {
  if (!isRecord(value) || !isRecord(value["binaries"])) return false;
  return value["shared"] === undefined || stringAt(value, "shared", "connection", "server") !== undefined;
}
