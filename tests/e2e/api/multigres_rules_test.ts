import assert from "node:assert/strict";
import { isRecord } from "../../ground/json.ts";
import { constraintsOf } from "../../support/constraints.ts";
import { changed, type Changes, type Manifest } from "../../support/rule_cases.ts";
import { type RuleSite, ruleSites } from "./multigres_rules.ts";
import {
  changedAt,
  child,
  findingsOf,
  type KindName,
  kindNames,
  Objects,
  schemaOf,
  withKinds,
} from "./multigres_support.ts";

/** One place where a rule stands. */
interface Occurrence {
  readonly kind: KindName;
  /** As the schema has it: `spec.pools{}.cells`. */
  readonly path: string;
  readonly message: string;
}

const occurrences: readonly Occurrence[] = kindNames.flatMap((kind) =>
  constraintsOf(schemaOf(kind), "").flatMap((constraint) => {
    const [path = "", message] = constraint.split(" rule: ");
    return message === undefined ? [] : [{ kind, path: path.replace(/^\./, ""), message }];
  })
);

Deno.test("there are 43 rules, which stand at 114 places of the eight kinds", () => {
  const places = Object.fromEntries(
    kindNames.map((kind) => [kind, occurrences.filter((occurrence) => occurrence.kind === kind).length]),
  );
  assert.deepEqual(places, {
    CellTemplate: 6,
    Cell: 8,
    CoreTemplate: 6,
    MultigresCluster: 64,
    Shard: 9,
    ShardTemplate: 5,
    TableGroup: 14,
    TopoServer: 2,
  });
  const messages = new Set(occurrences.map(({ message }) => message));
  assert.equal(messages.size, 43);
  assert.deepEqual(new Set(ruleSites.map(({ message }) => message)), messages);
});

/** A valid object of a kind, in which every list that leads to a rule has its element. */
async function baseOf(kind: KindName): Promise<Manifest> {
  const template = { apiVersion: "multigres.com/v1alpha1", kind, metadata: { name: "base" }, spec: {} };
  if (kind.endsWith("Template")) return template;
  if (kind !== "MultigresCluster") {
    return changed(await child(kind), { "metadata.name": "base", "spec.topoServer": undefined });
  }
  const tablegroups = [{ name: "default", default: true, shards: [{ name: "0-inf" }] }];
  return changed(template, {
    spec: {
      postgresPasswordSecretRef: { name: "pw", key: "password" },
      cells: [{ name: "a", zoneId: "x" }],
      databases: [{ name: "postgres", default: true, tablegroups }],
    },
  });
}

/** What has to be there for a part at this path to be valid, besides the part itself. */
function surroundings(path: string): Changes {
  return path.endsWith(".s3") ? { [path.replace(/s3$/, "type")]: "s3" } : {};
}

/** The field that the API server blames: maps with their key in brackets, the object itself as `<nil>`. */
function blamed(path: string): string {
  return path === "" ? "<nil>" : path.replaceAll("[]", "[0]").replaceAll("{}", "[main]");
}

async function check(
  objects: Objects,
  occurrence: Occurrence,
  site: RuleSite,
  name: string,
): Promise<void> {
  const { kind, message } = occurrence;
  const node = occurrence.path.replaceAll("[]", "[0]").replaceAll("{}", ".main");
  const base = changed(await baseOf(kind), { ...surroundings(node), "metadata.name": name });
  const where = `${kind} ${occurrence.path}`;
  let stored: Manifest = base;
  if (site.before !== undefined) {
    stored = changedAt(base, node, site.before);
    const created = await objects.create(kind, stored);
    assert.ok(created.status === 201 && isRecord(created.body), `${where}: ${JSON.stringify(created.body)}`);
    stored = created.body;
  }
  const attempt = (changes: Changes) => {
    const manifest = changedAt(stored, node, changes);
    return site.before === undefined ? objects.tryCreate(kind, manifest) : objects.tryReplace(kind, manifest);
  };
  for (const changes of site.accepted) {
    const answer = await attempt(changes);
    assert.ok(
      answer.status < 300,
      `${where} with ${JSON.stringify(changes)}: ${JSON.stringify(answer.body)}`,
    );
  }
  for (const changes of site.refused) {
    const answer = await attempt(changes);
    const findings = findingsOf(answer);
    const text = `${where} with ${JSON.stringify(changes)}: ${JSON.stringify(findings)}`;
    assert.equal(answer.status, 422, text);
    assert.equal(findings.length, 1, text);
    assert.equal(findings[0]?.field, blamed(occurrence.path), text);
    assert.ok(findings[0]?.message.endsWith(message), text);
  }
}

for (const kind of kindNames) {
  Deno.test(`every rule of ${kind} lets good objects pass and refuses bad ones, wherever it stands`, (t) =>
    withKinds(t, async (scope) => {
      const objects = new Objects(scope);
      let count = 0;
      for (const occurrence of occurrences.filter((one) => one.kind === kind)) {
        for (const site of ruleSites.filter((one) => one.message === occurrence.message)) {
          await check(objects, occurrence, site, `r${count++}`);
        }
      }
      assert.ok(count > 0);
    }));
}
