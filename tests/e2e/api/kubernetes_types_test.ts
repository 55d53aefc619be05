import assert from "node:assert/strict";
import { affinity } from "../../../api/kubernetes/affinity.ts";
import { accessMode } from "../../../api/kubernetes/access_mode.ts";
import { condition } from "../../../api/kubernetes/condition.ts";
import { labelSelector } from "../../../api/kubernetes/label_selector.ts";
import { localObjectReference } from "../../../api/kubernetes/local_object_reference.ts";
import { resourceRequirements } from "../../../api/kubernetes/resources.ts";
import { tolerations } from "../../../api/kubernetes/toleration.ts";
import { structuralSchema } from "../../../api/schema/structural.ts";
import { GroundClient } from "../../ground/client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { at, isRecord, listAt, stringAt } from "../../ground/json.ts";

/** What two schemas must have in common: names, types, what is required, how lists and maps merge. */
interface Shape {
  readonly type: string;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly merge?: string;
  readonly enum?: readonly string[];
  readonly fields?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
}

const core = "io.k8s.api.core.v1";
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Kubernetes' name of each type that we embed, and our schema. */
const embedded = {
  [`${core}.Affinity`]: affinity,
  [`${core}.ResourceRequirements`]: resourceRequirements,
  [`${core}.LocalObjectReference`]: localObjectReference,
  [`${meta}.LabelSelector`]: labelSelector,
  [`${meta}.Condition`]: condition,
};

/** Follows references, of which OpenAPI v3 wraps those with a description or default into `allOf`. */
class Published {
  constructor(readonly schemas: unknown) {}

  shape(node: unknown): Shape {
    const reference = stringAt(node, "$ref") ?? stringAt(node, "allOf", 0, "$ref");
    if (reference === undefined) return shapeOf(node, (inner) => this.shape(inner));
    return this.named(reference.slice(reference.lastIndexOf("/") + 1));
  }

  named(name: string): Shape {
    if (name === "io.k8s.apimachinery.pkg.api.resource.Quantity") return { type: "quantity" };
    if (name === `${meta}.Time`) return { type: "string", format: "date-time" };
    const schema = at(this.schemas, name);
    assert.ok(schema !== undefined, `Kubernetes has no ${name}`);
    return this.shape(schema);
  }
}

function ours(node: unknown): Shape {
  if (at(node, "x-kubernetes-int-or-string") === true) return { type: "quantity" };
  return shapeOf(node, ours);
}

/** Lists are atomic unless told. */
function mergeOf(node: unknown): string {
  const list = stringAt(node, "x-kubernetes-list-type") ?? "atomic";
  return `${list} ${listAt(node, "x-kubernetes-list-map-keys").join(",")}`.trim();
}

function shapeOf(node: unknown, inner: (node: unknown) => Shape): Shape {
  const type = stringAt(node, "type") ?? "unknown";
  const format = stringAt(node, "format");
  const words = listAt(node, "enum").map(String).sort();
  const base = {
    type,
    ...(format === undefined ? {} : { format }),
    ...(words.length === 0 ? {} : { enum: words }),
  };
  if (type === "array") return { ...base, merge: mergeOf(node), items: inner(at(node, "items")) };
  if (type !== "object") return base;
  const values = at(node, "additionalProperties");
  if (values !== undefined) return { ...base, items: inner(values) };
  const properties = at(node, "properties");
  const entries = isRecord(properties) ? Object.entries(properties) : [];
  return {
    ...base,
    merge: stringAt(node, "x-kubernetes-map-type") ?? "granular",
    required: listAt(node, "required").map(String).sort(),
    fields: Object.fromEntries(entries.sort().map(([name, field]) => [name, inner(field)])),
  };
}

/**
 * Takes from our shape the words that Kubernetes does not publish: an empty word, which stands for absence, and all
 * words of fields that it documents in prose only (operators of label selectors, statuses of conditions).
 */
function withoutOwnWords(mine: Shape, theirs: Shape): Shape {
  const { enum: words, fields, items, ...rest } = mine;
  const kept = theirs.enum === undefined ? undefined : words?.filter((word) => word !== "");
  const pairs = Object.entries(fields ?? {}).map(([name, field]) => {
    const other = theirs.fields?.[name];
    return [name, other === undefined ? field : withoutOwnWords(field, other)] as const;
  });
  return {
    ...rest,
    ...(kept === undefined ? {} : { enum: kept }),
    ...(fields === undefined ? {} : { fields: Object.fromEntries(pairs) }),
    ...(items === undefined
      ? {}
      : { items: theirs.items === undefined ? items : withoutOwnWords(items, theirs.items) }),
  };
}

async function published(): Promise<Published> {
  using client = new GroundClient(sharedCluster().connection);
  return new Published(at(await client.get("/openapi/v3/api/v1"), "components", "schemas"));
}

Deno.test("the Kubernetes types that kinds embed have the fields that the API server publishes for them", async () => {
  const kubernetes = await published();
  for (const [name, schema] of Object.entries(embedded)) {
    const theirs = kubernetes.named(name);
    assert.deepEqual(withoutOwnWords(ours(structuralSchema(schema, name)), theirs), theirs, name);
  }
});

Deno.test("tolerations and access modes are lists as pods and claims have them", async () => {
  const kubernetes = await published();
  const pod = kubernetes.named(`${core}.PodSpec`).fields?.["tolerations"];
  assert.ok(pod !== undefined);
  assert.deepEqual(withoutOwnWords(ours(structuralSchema(tolerations, "tolerations")), pod), pod);
  const claim = kubernetes.named(`${core}.PersistentVolumeClaimSpec`).fields?.["accessModes"];
  assert.deepEqual(ours(structuralSchema(accessMode, "accessMode")), claim?.items);
});

Deno.test("the comparison sees a field that is missing, and one of another type", async () => {
  const theirs = (await published()).named(`${core}.ResourceRequirements`);
  const { limits: _, ...less } = theirs.fields ?? {};
  assert.notDeepEqual(withoutOwnWords({ ...theirs, fields: less }, theirs), theirs);
  const wrong = { ...theirs.fields, limits: { type: "string" } };
  assert.notDeepEqual(withoutOwnWords({ ...theirs, fields: wrong }, theirs), theirs);
});
