/** What the Go operator had made for the examples, as it was recorded, in one form for all kinds. */
import { poolerServiceId } from "../../api/multigres/names.ts";
import { isRecord } from "../../kube/errors.ts";
import { readDocuments } from "./multigres_specs.ts";
import { withoutServerDefaults } from "./server_defaults.ts";

export type Json = Readonly<Record<string, unknown>>;

/** One object that somebody left. */
export interface LeftObject {
  readonly kind: string;
  readonly name: string;
  readonly labels: Json;
  readonly annotations: Json;
  readonly finalizers: readonly string[];
  /** `Kind/name` of the owner; undefined for what a user made. */
  readonly owner: string | undefined;
  readonly spec: Json;
  readonly status: Json;
  /** Names of files: their texts were not recorded. */
  readonly files: readonly string[];
}

const folder = new URL("../fixtures/multigres/recorded/", import.meta.url);
const shards = new URL("../../controllers/shard/fixtures/", import.meta.url);

/** All that was recorded of one example, without what the API server fills in. */
export async function recordedWorld(example: "minimal" | "managed_topology"): Promise<LeftObject[]> {
  const world = await recordedOfCluster(example);
  if (example !== "minimal") return world;
  const below = (await readDocuments(new URL("recorded_minimal.yaml", shards))).map(fromManifest);
  const shard = below.find(({ kind }) => kind === "Shard");
  const known = world.map((each) =>
    each.kind === "Shard" ? { ...each, finalizers: shard?.finalizers ?? [], status: SHARD_STATUS } : each
  );
  return [...known, ...below.filter(({ kind }) => kind !== "Shard").flatMap(withSibling)];
}

async function recordedOfCluster(example: string): Promise<LeftObject[]> {
  const objects: unknown = JSON.parse(await Deno.readTextFile(new URL(`${example}.json`, folder)));
  return Object.entries(recordOf(objects)).map(([key, value]) => {
    const [kind = "", name = ""] = key.split("/");
    const { labels, finalizers, owners, spec, status } = recordOf(value);
    return {
      kind,
      name,
      labels: recordOf(labels),
      annotations: {},
      finalizers: textsOf(finalizers),
      owner: textsOf(owners)[0],
      // Left out of the recording, as it shows only where a cluster has addresses of both kinds.
      spec: { ...recordOf(spec), ...(isOfEtcd(key) ? { ipFamilyPolicy: "PreferDualStack" } : {}) },
      status: recordOf(status),
      files: [],
    };
  });
}

function isOfEtcd(key: string): boolean {
  return /^Service\/\S+-topo(-headless)?$/.test(key);
}

function fromManifest(manifest: Json): LeftObject {
  const { kind, metadata, spec, data } = manifest;
  const { name, labels, annotations, finalizers, ownerReferences } = recordOf(metadata);
  const [owner] = Array.isArray(ownerReferences) ? ownerReferences.filter(isRecord) : [];
  return {
    kind: String(kind),
    name: String(name),
    labels: recordOf(labels),
    annotations: recordOf(annotations),
    finalizers: textsOf(finalizers),
    owner: owner === undefined ? undefined : `${owner["kind"]}/${owner["name"]}`,
    spec: kind === "Pod" ? recordOf(spec) : withoutAdmission(recordOf(withoutServerDefaults(recordOf(spec)))),
    status: {},
    files: textsOf(data),
  };
}

/** The class of claims that name none comes from admission. */
function withoutAdmission({ storageClassName: _class, volumeMode: _mode, ...spec }: Json): Json {
  return spec;
}

/** Of two pods of the example one was recorded; the other one differs in its name, and what follows from that. */
function withSibling(left: LeftObject): LeftObject[] {
  if (!left.name.endsWith("-0")) return [left];
  const first = left.name.replace(/^data-/, "");
  const second = first.replace(/-0$/, "-1");
  const text = JSON.stringify(left)
    .replaceAll(first, second)
    .replaceAll(poolerServiceId(first), poolerServiceId(second))
    .replaceAll('"9b0fb73d"', '"75c796db"');
  return [left, { ...left, ...recordOf(JSON.parse(text)) }];
}

/** What the Shard of the example said once its instances served. */
const SHARD_STATUS: Json = {
  phase: "Healthy",
  message: "Ready",
  poolsReady: true,
  orchReady: true,
  readyReplicas: 2,
  cells: ["zone-a"],
  podRoles: {},
  postgresConfig: { inProgress: false, lastAppliedAt: "2026-01-01T00:00:00Z" },
  conditions: [
    { type: "Available", status: "True", reason: "AllPodsReady", message: "2/2 pods ready" },
    { type: "StorageClassValid", status: "True", reason: "StorageClassNotSpecified", message: "" },
    { type: "BackupHealthy", status: "True", reason: "BackupRecent", message: "" },
    { type: "OfFormerDays", status: "True", reason: "Said", message: "by nobody but the former operator" },
  ],
};

function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
