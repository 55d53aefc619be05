/** From what a user writes to the cluster that is meant. */
import { type MultigresCluster, MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import { type PostgresCluster, PostgresClusters } from "../api/smoketurner/postgres_cluster.ts";
import type { KubeClient } from "../kube/client.ts";
import { isForbidden, isNotFound } from "../kube/errors.ts";
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

/**
 * A family that may not be read counts as empty while the other one has the name.
 * @throws PluginError when there is none, or one of each kind; ApiError when it may not be read.
 */
export async function findCluster(
  client: KubeClient,
  text: string,
  namespace: string,
): Promise<FoundCluster> {
  const { kind, name } = parseWanted(text);
  const key = { namespace, name };
  const refused: unknown[] = [];
  const look = async <T extends KubeObject>(other: ClusterKind, resource: Resource<T>) =>
    kind === other ? undefined : await present(client, { resource, key, refused });
  const [multigres, postgres] = await Promise.all([
    look("PostgresCluster", MultigresClusters.resource),
    look("MultigresCluster", PostgresClusters.resource),
  ]);
  if (multigres !== undefined && postgres !== undefined) {
    throw new PluginError(
      `Cannot tell which ${name} of namespace ${namespace} is meant: write mgc/${name} or pgc/${name}`,
    );
  }
  if (multigres !== undefined) return { kind: "MultigresCluster", cluster: multigres };
  if (postgres !== undefined) return { kind: "PostgresCluster", cluster: postgres };
  if (refused.length > 0) throw refused[0];
  throw new PluginError(
    `Cannot find ${kind ?? "a MultigresCluster or PostgresCluster"} ${name} in namespace ${namespace}; ` +
      "kubectl matriarch status -A lists all",
  );
}

interface Place<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly key: ObjectKey;
  /** Receives a refusal. */
  readonly refused: unknown[];
}

/** A kind that is not installed has no objects. */
async function present<T extends KubeObject>(
  client: KubeClient,
  { resource, key, refused }: Place<T>,
): Promise<T | undefined> {
  try {
    return await client.get(resource, key);
  } catch (error) {
    if (isForbidden(error)) refused.push(error);
    else if (!isNotFound(error)) throw error;
    return undefined;
  }
}
