import assert from "node:assert/strict";
import { type Cell, Cells } from "../../api/multigres/cell.ts";
import { adoptOperatorChangesAnnotation } from "../../api/multigres/annotations.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Deployment } from "../../kube/kinds.ts";
import type { FieldTree } from "../../kube/owned_fields.ts";
import type { Stored } from "../../kube/types.ts";
import { withoutServerDefaults } from "../../tests/support/server_defaults.ts";
import { desiredGatewayDeployment } from "./desired_gateway_deployment.ts";
import { keptGateway, mayBeFormer } from "./former_gateway.ts";
import type { Observation } from "./observe.ts";
import recordedObjects from "./recorded_objects.json" with { type: "json" };

const recorded: Readonly<Record<string, unknown>> = recordedObjects;

const examples = [
  ["managed-zone-a-ea1bded2", "managed-zone-a-multigateway-fb40fc89"],
  ["minimal-zone-a-96c88ae0", "minimal-zone-a-multigateway-0ccc2e8b"],
  ["rich-east-7e7ad954", "rich-east-multigateway-10b65a17"],
  ["rich-west-0e1df0ca", "rich-west-multigateway-d51cbb91"],
] as const;

function part(key: string): Record<string, unknown> {
  const found = recorded[key];
  assert.ok(isRecord(found));
  return structuredClone(found);
}

function cellOf(name: string, spec: object, annotations: Record<string, string>): Cell & Stored {
  const found = part(`Cell/${name}`);
  assert.ok(isRecord(found["spec"]) && isRecord(found["metadata"]));
  const decoded = Cells.decode({
    ...found,
    apiVersion: "multigres.com/v1alpha1",
    spec: { ...found["spec"], ...spec },
  });
  assert.ok(decoded.ok);
  const { metadata } = decoded.value;
  return {
    ...decoded.value,
    metadata: { ...metadata, namespace: "ns", uid: "u", resourceVersion: "1", annotations },
  };
}

/** Fields of a value as one apply of the whole would own them: containers and ports by their keys. */
function treeOf(value: unknown): FieldTree {
  if (Array.isArray(value)) {
    const keyed = value.filter(isRecord).flatMap((item): [string, FieldTree][] => {
      const { name, containerPort, protocol = "TCP" } = item;
      const key = containerPort === undefined ? { name } : { containerPort, protocol };
      return [[`k:${JSON.stringify(key)}`, { ".": {}, ...treeOf(item) }]];
    });
    return value.every(isRecord) ? Object.fromEntries(keyed) : {};
  }
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [`f:${name}`, treeOf(field)]));
}

interface Case {
  readonly cell?: string;
  readonly deployment?: string;
  /** What the user has changed since. */
  readonly spec?: object;
  readonly annotations?: Record<string, string>;
  readonly certificate?: string;
}

/** What the start-up probe of the applied Deployment asks for. */
function startupPath(given: Case): string | undefined {
  const [cellName, deploymentName] = examples[1];
  const cell = cellOf(given.cell ?? cellName, given.spec ?? {}, given.annotations ?? {});
  const live = part(`Deployment/${given.deployment ?? deploymentName}`) as unknown as Deployment;
  const wanted = desiredGatewayDeployment(cell, { operator: {}, certificate: given.certificate });
  const seen: Observation = {
    cell,
    deployment: live,
    formerFields: mayBeFormer(live) ? treeOf({ spec: withoutServerDefaults(live.spec) }) : undefined,
    service: undefined,
    pods: [],
    topology: { kind: "none" },
    certificate: given.certificate,
    internalCertificate: undefined,
    topoServers: [],
    leftovers: [],
  };
  return keptGateway(wanted, seen).spec?.template.spec?.containers[0]?.startupProbe?.httpGet?.path;
}

for (const [cell, deployment] of examples) {
  Deno.test(`the gateway ${deployment}, as it was recorded, keeps its template`, () => {
    assert.equal(startupPath({ cell, deployment }), "/ready");
  });
}

Deno.test("another number of gateways is no reason to replace those that run", () => {
  const multigateway = { replicas: 5, buffer: { enabled: true }, resources: memory };
  assert.equal(startupPath({ spec: { multigateway } }), "/ready");
});

const memory = { limits: { memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } };

const reasons: readonly [why: string, given: Case][] = [
  ["another log level", { spec: { logLevels: { multigateway: "debug" } } }],
  ["resources that are given up", { spec: { multigateway: { replicas: 1, buffer: { enabled: true } } } }],
  ["another zone", { spec: { zoneId: "use1-azb" } }],
  ["another image", { spec: { images: { multigateway: "m:2" } } }],
  ["the user's consent", { annotations: { [adoptOperatorChangesAnnotation]: "true" } }],
  ["a certificate that is to be shown", { certificate: "abc" }],
];

for (const [why, given] of reasons) {
  Deno.test(`${why} brings the template of today`, () => assert.equal(startupPath(given), "/live"));
}
