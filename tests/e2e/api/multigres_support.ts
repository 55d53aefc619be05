/** What the tests of the Multigres family's API share. */
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { customResourceDefinition } from "../../../api/schema/crd.ts";
import type { StructuralSchema } from "../../../api/schema/structural.ts";
import { CellTemplates } from "../../../api/multigres/cell_template.ts";
import { Cells } from "../../../api/multigres/cell.ts";
import { CoreTemplates } from "../../../api/multigres/core_template.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { ShardTemplates } from "../../../api/multigres/shard_template.ts";
import { TableGroups } from "../../../api/multigres/table_group.ts";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import { collectionPath } from "../../../kube/resource.ts";
import type { Answer } from "../../ground/client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { isRecord, listAt, stringAt } from "../../ground/json.ts";
import { type NamespaceScope, withNamespace } from "../../ground/with_namespace.ts";
import { installKinds, steadyClient } from "../../support/operator.ts";
import { changed, type Changes, type Manifest } from "../../support/rule_cases.ts";

export const kinds = {
  CellTemplate: CellTemplates,
  Cell: Cells,
  CoreTemplate: CoreTemplates,
  MultigresCluster: MultigresClusters,
  Shard: Shards,
  ShardTemplate: ShardTemplates,
  TableGroup: TableGroups,
  TopoServer: TopoServers,
};

export type KindName = keyof typeof kinds;

export function isKindName(name: unknown): name is KindName {
  return typeof name === "string" && Object.hasOwn(kinds, name);
}

export const kindNames: readonly KindName[] = Object.keys(kinds).filter(isKindName);

let installed: Promise<void> | undefined;

function install(): Promise<void> {
  installed ??= (async () => {
    using client = steadyClient(sharedCluster().connection);
    await installKinds(client);
  })();
  return installed;
}

/** As `withNamespace`, with the eight kinds installed. */
export async function withKinds(
  t: Pick<Deno.TestContext, "name">,
  body: (scope: NamespaceScope) => Promise<void>,
): Promise<void> {
  await install();
  await withNamespace(t, body);
}

/** The manifests of a file of `tests/fixtures/multigres/`. */
export async function fixtures(name: string): Promise<(Manifest & { kind: KindName })[]> {
  const path = fileURLToPath(new URL(`../../fixtures/multigres/${name}.yaml`, import.meta.url));
  return parseAllDocuments(await Deno.readTextFile(path)).map((document) => {
    const manifest: unknown = document.toJS();
    if (!isRecord(manifest) || !isKindName(manifest["kind"])) throw new Error(`Cannot use fixture ${name}`);
    return { ...manifest, kind: manifest["kind"] };
  });
}

/** The manifest of a kind among those that the operator makes. */
export async function child(kind: KindName): Promise<Manifest> {
  const found = (await fixtures("children")).find((manifest) => manifest.kind === kind);
  if (found === undefined) throw new Error(`Cannot find a ${kind} in the fixtures`);
  return found;
}

/** The schema of a kind's objects. */
export function schemaOf(kind: KindName): StructuralSchema {
  const version = customResourceDefinition(kinds[kind]).spec.versions[0];
  if (version === undefined) throw new Error(`Cannot find a version of ${kind}`);
  return version.schema.openAPIV3Schema;
}

/** Creates objects strictly: unknown fields are refused, not dropped. */
export class Objects {
  constructor(readonly scope: NamespaceScope) {}

  collection(kind: KindName): string {
    return collectionPath(kinds[kind].resource, this.scope.namespace);
  }

  path(kind: KindName, name: string): string {
    return `${this.collection(kind)}/${name}`;
  }

  create(kind: KindName, manifest: Manifest): Promise<Answer> {
    return this.scope.client.send("POST", `${this.collection(kind)}?fieldValidation=Strict`, manifest);
  }

  /** What creating would answer; nothing is stored. Unknown fields are refused, or ignored (dropped). */
  tryCreate(kind: KindName, manifest: Manifest, unknown: "Strict" | "Ignore" = "Strict"): Promise<Answer> {
    const path = `${this.collection(kind)}?fieldValidation=${unknown}&dryRun=All`;
    return this.scope.client.send("POST", path, manifest);
  }

  /** What replacing would answer; nothing is stored. */
  tryReplace(kind: KindName, manifest: Manifest): Promise<Answer> {
    const path = this.path(kind, stringAt(manifest, "metadata", "name") ?? "");
    return this.scope.client.send("PUT", `${path}?fieldValidation=Strict&dryRun=All`, manifest);
  }

  /** Writes the status of an object. */
  async setStatus(kind: KindName, name: string, status: Manifest): Promise<Answer> {
    const path = `${this.path(kind, name)}/status`;
    return await this.scope.client.send("PATCH", path, { status }, "application/merge-patch+json");
  }
}

/** One thing that the API server found wrong. */
export interface Finding {
  readonly field: string;
  readonly message: string;
}

export function findingsOf(answer: Answer): Finding[] {
  return listAt(answer.body, "details", "causes").map((cause) => ({
    field: stringAt(cause, "field") ?? "",
    message: stringAt(cause, "message") ?? "",
  }));
}

/** The object with changes whose paths start at `node`; an empty path stands for the node itself. */
export function changedAt(base: Manifest, node: string, changes: Changes): Manifest {
  const entries = Object.entries(changes)
    .map(([path, value]) => [[node, path].filter((part) => part !== "").join("."), value]);
  return changed(base, Object.fromEntries(entries));
}
