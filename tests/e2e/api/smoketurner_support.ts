/** What the tests of the Patroni family's API share. */
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { GROUP, VERSION } from "../../../api/smoketurner/group.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { PostgresDatabases } from "../../../api/smoketurner/postgres_database.ts";
import { PostgresUpgrades } from "../../../api/smoketurner/postgres_upgrade.ts";
import type { Answer, GroundClient } from "../../ground/client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { isRecord, listAt, stringAt } from "../../ground/json.ts";
import { type NamespaceScope, withNamespace } from "../../ground/with_namespace.ts";
import { openRuntime } from "../../support/harness.ts";
import { installKinds } from "../../support/operator.ts";
import type { Manifest } from "../../support/rule_cases.ts";

export const kinds = {
  postgresclusters: PostgresClusters,
  postgresdatabases: PostgresDatabases,
  postgresupgrades: PostgresUpgrades,
};
export type Plural = keyof typeof kinds;

let installed: Promise<void> | undefined;

/** Installs the three kinds, once for each test file. */
function install(): Promise<void> {
  installed ??= (async () => {
    using runtime = openRuntime(sharedCluster().connection);
    await installKinds(runtime.steady);
  })();
  return installed;
}

/** As `withNamespace`, with the kinds installed. */
export async function withKinds(
  t: Pick<Deno.TestContext, "name">,
  body: (scope: NamespaceScope) => Promise<void>,
): Promise<void> {
  await install();
  await withNamespace(t, body);
}

/** A manifest of `tests/fixtures/smoketurner/`. */
export async function fixture(name: string): Promise<Manifest> {
  const path = fileURLToPath(new URL(`../../fixtures/smoketurner/${name}.yaml`, import.meta.url));
  const manifest: unknown = parse(await Deno.readTextFile(path));
  if (!isRecord(manifest)) throw new Error(`Cannot use fixture ${name}: it is no object`);
  return manifest;
}

export const pathOf = (plural: Plural, namespace: string, name = "") =>
  `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${plural}${name === "" ? "" : `/${name}`}`;

/** Where an object goes, and whether only to be checked. */
export interface Creation {
  readonly client: GroundClient;
  readonly namespace: string;
  readonly plural: Plural;
  readonly dryRun?: boolean;
}

/** Creates an object as `kubectl create --validate=strict` does: unknown fields are refused, not dropped. */
export function create(creation: Creation, object: Manifest): Promise<Answer> {
  const { client, namespace, plural, dryRun = false } = creation;
  const query = `fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`;
  return client.send("POST", `${pathOf(plural, namespace)}?${query}`, object);
}

/** What the API server found wrong: `field: message`, one for each finding. */
export function findings(answer: Answer): { readonly field: string; readonly message: string }[] {
  return listAt(answer.body, "details", "causes").map((cause) => ({
    field: stringAt(cause, "field") ?? "",
    message: stringAt(cause, "message") ?? "",
  }));
}
