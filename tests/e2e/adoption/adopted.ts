/** What stands before and after a take-over, and what was done to it. */
import { isRecord } from "../../../kube/errors.ts";
import type { Resource } from "../../../kube/resource.ts";
import type { ManagedFieldsEntry } from "../../../kube/types.ts";
import type { ClusterStage } from "../../support/cluster_stage.ts";
import { differences } from "../../support/object_differences.ts";

/** One object, in what a take-over might change. */
export interface Standing {
  readonly key: string;
  readonly kind: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly labels: unknown;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: unknown;
  readonly finalizers: unknown;
  readonly spec: unknown;
  readonly data: unknown;
  readonly conditions: readonly string[];
  /** Who owns fields by applying them: `manager`, or `manager/status`. */
  readonly appliers: readonly string[];
}

/** Every object of these kinds in the namespace, by `Kind/name`. */
export async function standingIn(
  { client, namespace }: Pick<ClusterStage, "client" | "namespace">,
  kinds: readonly Resource[],
): Promise<Map<string, Standing>> {
  const found = new Map<string, Standing>();
  for (const resource of kinds) {
    for (const object of await client.listAll(resource, { namespace })) {
      const { metadata, kind } = object;
      const key = `${kind}/${metadata.name}`;
      const part = (name: string): unknown => Object.entries(object).find(([field]) => field === name)?.[1];
      found.set(key, {
        key,
        kind,
        uid: metadata.uid ?? "",
        resourceVersion: metadata.resourceVersion ?? "",
        generation: metadata.generation ?? 0,
        labels: metadata.labels,
        annotations: metadata.annotations ?? {},
        owners: metadata.ownerReferences,
        finalizers: metadata.finalizers,
        spec: part("spec"),
        data: part("data"),
        conditions: conditionsOf(part("status")),
        appliers: appliersOf(metadata.managedFields ?? []),
      });
    }
  }
  return found;
}

function conditionsOf(status: unknown): string[] {
  if (!isRecord(status) || !Array.isArray(status["conditions"])) return [];
  return status["conditions"].filter(isRecord).map(({ type }) => String(type)).sort();
}

function appliersOf(entries: readonly ManagedFieldsEntry[]): string[] {
  return entries.filter(({ operation }) => operation === "Apply")
    .map(({ manager, subresource }) => subresource === undefined ? `${manager}` : `${manager}/${subresource}`)
    .sort();
}

/** Objects that were made anew, or are gone. */
export function replaced(
  before: ReadonlyMap<string, Standing>,
  after: ReadonlyMap<string, Standing>,
): string[] {
  return [...before.values()].filter(({ key, uid }) => after.get(key)?.uid !== uid).map(({ key }) => key);
}

/** Objects that were not there before. */
export function added(before: ReadonlyMap<string, Standing>, after: ReadonlyMap<string, Standing>): string[] {
  return [...after.keys()].filter((key) => !before.has(key));
}

/** Lines that tell what changed of labels, owners, finalizers and specs. */
export function changed(
  before: ReadonlyMap<string, Standing>,
  after: ReadonlyMap<string, Standing>,
): string[] {
  const part = ({ labels, owners, finalizers, spec }: Standing) => ({ labels, owners, finalizers, spec });
  return [...before.values()].flatMap((former) => {
    const now = after.get(former.key);
    if (now === undefined || now.uid !== former.uid) return [];
    return differences(part(now), part(former)).map((line) => `${former.key} ${line}`);
  });
}

/** Those of `keys` of a Secret whose text is another one, or gone. */
export function changedTexts(
  key: string,
  before: ReadonlyMap<string, Standing>,
  after: ReadonlyMap<string, Standing>,
): string[] {
  const [former, now] = [before.get(key)?.data, after.get(key)?.data];
  if (!isRecord(former)) throw new Error(`Cannot compare ${key} as it held nothing`);
  return Object.keys(former).filter((file) => !isRecord(now) || now[file] !== former[file]);
}
