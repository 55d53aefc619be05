/** From what a user writes to the cluster that is meant. */
import { type MultigresCluster, MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import { type PostgresCluster, PostgresClusters } from "../api/smoketurner/postgres_cluster.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import type { Resource } from "../kube/resource.ts";
import type { KubeObject, ObjectKey } from "../kube/types.ts";
import { UsageError } from "../cli/usage_error.ts";
import type { ClusterKind } from "./picture.ts";
import { PluginError } from "./plugin_error.ts";

export type FoundCluster =
  | { readonly kind: "MultigresCluster"; readonly cluster: MultigresCluster }
  | { readonly kind: "PostgresCluster"; readonly cluster: PostgresCluster };

export interface Wanted {
  /** Undefined: either. */
  readonly kind: ClusterKind | undefined;
  readonly name: string;
}

/** Reads `NAME`, or `KIND/NAME` with any of the names that kubectl takes for the kind. @throws UsageError */
export function parseWanted(text: string): Wanted {
  const parts = text.split("/");
  const [first = "", second] = parts;
  if (parts.length > 2 || first === "" || second === "") {
    throw new UsageError(
      `Cannot read ${JSON.stringify(text)} as it is no name: write NAME, or KIND/NAME such as mgc/main`,
    );
  }
  return second === undefined ? { kind: undefined, name: first } : { kind: kindOf(first), name: second };
}

function kindOf(text: string): ClusterKind {
  const word = text.toLowerCase().split(".")[0] ?? "";
  if (namesOf(MultigresClusters.definition).includes(word)) return "MultigresCluster";
  if (namesOf(PostgresClusters.definition).includes(word)) return "PostgresCluster";
  throw new UsageError(
    `Cannot use ${JSON.stringify(text)} as a kind: it is mgc (MultigresCluster) or pgc (PostgresCluster)`,
  );
}

function namesOf(
  definition: {
    readonly plural: string;
    readonly singular: string;
    readonly shortNames?: readonly string[];
  },
) {
  return [definition.plural, definition.singular, ...definition.shortNames ?? []];
}

/** @throws PluginError when there is none, or one of each kind; ApiError when it may not be read. */
export async function findCluster(
  client: KubeClient,
  text: string,
  namespace: string,
): Promise<FoundCluster> {
  const { kind, name } = parseWanted(text);
  const key = { namespace, name };
  const multigres = kind === "PostgresCluster"
    ? undefined
    : await present(client, MultigresClusters.resource, key);
  const postgres = kind === "MultigresCluster"
    ? undefined
    : await present(client, PostgresClusters.resource, key);
  if (multigres !== undefined && postgres !== undefined) {
    throw new PluginError(
      `Cannot tell which ${name} of namespace ${namespace} is meant: write mgc/${name} or pgc/${name}`,
    );
  }
  if (multigres !== undefined) return { kind: "MultigresCluster", cluster: multigres };
  if (postgres !== undefined) return { kind: "PostgresCluster", cluster: postgres };
  throw new PluginError(
    `Cannot find ${kind ?? "a MultigresCluster or PostgresCluster"} ${name} in namespace ${namespace}; ` +
      "kubectl matriarch status -A lists all",
  );
}

/** A kind that is not installed has no objects. */
async function present<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  key: ObjectKey,
): Promise<T | undefined> {
  try {
    return await client.get(resource, key);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
