/** What of an object is told to the webhook: what reviews look at, and no more. */
import { locationNodeLabels } from "../api/multigres/location.ts";
import { isRecord } from "../kube/errors.ts";
import type { Frozen, KubeObject, ObjectMeta } from "../kube/types.ts";
import { productionLabel } from "../resolve/validation/postgres_cluster.ts";
import { defaultClassMarks, type FactKind, partOf } from "./facts.ts";

/** The part of an object, and a mark that differs when the part does. */
export interface Projection {
  readonly object: Frozen<KubeObject>;
  readonly mark: string;
}

export function project(kind: FactKind, object: Frozen<KubeObject>): Projection {
  switch (kind) {
    case "coretemplates":
    case "celltemplates":
    case "shardtemplates":
    case "multigresclusters":
      return withSpec(object);
    case "postgresclusters":
      return small(object, {}, {
        spec: pick(partOf(object, "spec"), ["version"]),
        status: pick(partOf(object, "status"), ["phase"]),
      });
    case "postgresupgrades":
      return small(object, {}, {
        spec: pick(partOf(object, "spec"), ["sourceCluster"]),
        status: pick(partOf(object, "status"), ["phase"]),
      });
    case "storageclasses":
      return small(object, { annotations: only(object.metadata.annotations, defaultClassMarks) });
    case "nodes":
      return small(object, { labels: only(object.metadata.labels, Object.values(locationNodeLabels)) });
    case "namespaces":
      return small(object, { labels: only(object.metadata.labels, [productionLabel.key]) });
  }
}

/** A spec changes with the object's generation, so it need not be compared. */
function withSpec(object: Frozen<KubeObject>): Projection {
  const { uid, generation, deletionTimestamp } = object.metadata;
  const part = assembled(object, deletionTimestamp === undefined ? {} : { deletionTimestamp }, {
    spec: partOf(object, "spec"),
  });
  return { object: part, mark: `${uid} ${generation} ${deletionTimestamp}` };
}

function small(
  object: Frozen<KubeObject>,
  metadata: Partial<ObjectMeta>,
  parts: Readonly<Record<string, unknown>> = {},
): Projection {
  const part = assembled(object, metadata, parts);
  return { object: part, mark: JSON.stringify(part) };
}

function assembled(
  { apiVersion, kind, metadata: { name, namespace } }: Frozen<KubeObject>,
  metadata: Partial<ObjectMeta>,
  parts: Readonly<Record<string, unknown>>,
): KubeObject {
  const place = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion, kind, metadata: { ...place, ...metadata }, ...parts };
}

function pick(value: unknown, keys: readonly string[]): Record<string, unknown> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(value, key)).map((key) => [key, value[key]]));
}

function only(
  values: Readonly<Record<string, string>> | undefined,
  keys: readonly string[],
): Record<string, string> {
  return Object.fromEntries(keys.flatMap((key) => {
    const value = values?.[key];
    return value === undefined ? [] : [[key, value]];
  }));
}
