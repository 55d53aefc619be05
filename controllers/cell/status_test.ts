import assert from "node:assert/strict";
import { type Cell, Cells } from "../../api/multigres/cell.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import type { ActResult } from "../../kube/act.ts";
import { Deployments, type Pod } from "../../kube/kinds.ts";
import { ManualClock } from "../../kube/manual_clock.ts";
import { wait } from "../../kube/plan.ts";
import type { Frozen, Stored } from "../../kube/types.ts";
import type { LocalTopology, Observation } from "./observe.ts";
import { noticesOf, statusOf } from "./status.ts";

const done: ActResult = { kind: "done", written: [] };

function cell(annotations: Record<string, string> = {}): Cell & Stored {
  const decoded = Cells.decode({
    apiVersion: "multigres.com/v1alpha1",
    kind: "Cell",
    metadata: { name: "c", generation: 4, annotations },
    spec: {
      name: "z",
      zone: "z1",
      images: { multigateway: "g:1" },
      multigateway: { replicas: 2 },
      globalTopoServer: { address: "t:1", implementation: "etcd", rootPath: "/r" },
    },
  });
  assert.ok(decoded.ok);
  const { metadata } = decoded.value;
  return { ...decoded.value, metadata: { ...metadata, uid: "u", resourceVersion: "1" } };
}

interface Numbers {
  readonly wanted?: number;
  readonly existing?: number;
  readonly ready?: number;
  readonly updated?: number;
  readonly seen?: number;
}

/** A Deployment of generation 3, all of whose pods are ready unless told. */
function seen(numbers: Numbers = {}, changes: Partial<Observation> = {}): Observation {
  const { wanted = 2, existing = wanted, ready = existing, updated = wanted, seen = 3 } = numbers;
  const metadata = { name: "gateway", generation: 3 };
  return {
    cell: cell(),
    deployment: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { replicas: wanted, selector: {}, template: {} },
      status: {
        replicas: existing,
        readyReplicas: ready,
        updatedReplicas: updated,
        observedGeneration: seen,
      },
    },
    service: { apiVersion: "v1", kind: "Service", metadata: { name: "gateway-service" } },
    pods: [],
    formerFields: undefined,
    topology: { kind: "none" },
    certificate: undefined,
    internalCertificate: undefined,
    topoServers: [],
    leftovers: [],
    ...changes,
  };
}

const looping: Frozen<Pod> = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  status: {
    containerStatuses: [{
      name: "multigateway",
      image: "",
      imageID: "",
      ready: false,
      restartCount: 1,
      state: { waiting: { reason: "ImagePullBackOff" } },
    }],
  },
};

/** `phase Available/reason Ready/reason`, the statuses by their first letters. */
function told(observation: Observation, result = done): string {
  const { phase, conditions = [] } = statusOf(observation, result, new ManualClock());
  const short = (type: string) => {
    const found = conditions.find((each) => each.type === type);
    return `${found?.status[0]}/${found?.reason}`;
  };
  return `${phase} ${short("Available")} ${short("Ready")}`;
}

const failed: ActResult = {
  kind: "failed",
  step: { kind: "apply", resource: Deployments, object: { metadata: { name: "gateway" } } },
  error: new Error("quota"),
  written: [],
};
const taken: ActResult = { kind: "waiting", wait: wait("NameTaken", "Service x is taken", 30), written: [] };
const conflict: ActResult = { kind: "waiting", wait: wait("Conflict", "newer", 1), written: [] };
const awaited: LocalTopology = { kind: "awaited", message: "TopoServer t is not healthy" };
const degraded: LocalTopology = { kind: "degraded", message: "TopoServer t is degraded" };

const good = "T/MultigatewayAvailable";
const bad = "F/MultigatewayUnavailable";
const late = "F/MultigatewayNotReady";

const cases: readonly (readonly [what: string, expected: string, Observation, ActResult?])[] = [
  ["all is ready", `Healthy ${good} T/MultigatewayReady`, seen()],
  ["a moment's conflict", `Healthy ${good} T/MultigatewayReady`, seen(), conflict],
  [
    "a topology server is ready",
    `Healthy ${good} T/MultigatewayReady`,
    seen({}, { topology: { kind: "ready" } }),
  ],
  ["some are ready", `Progressing ${good} ${late}`, seen({ ready: 1 })],
  ["none is ready", `Progressing ${bad} ${late}`, seen({ ready: 0 })],
  ["the numbers are about an older spec", `Progressing ${good} ${late}`, seen({ seen: 2 })],
  ["pods of a former revision serve", `Progressing ${good} ${late}`, seen({ updated: 1 })],
  ["surplus pods are going", `Progressing ${good} ${late}`, seen({ existing: 3 })],
  ["none is wanted", `Initializing ${bad} ${late}`, seen({ wanted: 0 })],
  ["none is wanted, but one still serves", `Progressing ${good} ${late}`, seen({ wanted: 0, existing: 1 })],
  ["no Deployment yet", `Progressing ${bad} ${late}`, seen({}, { deployment: undefined })],
  ["a container does not come up", `Degraded ${good} ${late}`, seen({ ready: 1 }, { pods: [looping] })],
  ["topology is awaited", `Progressing ${good} F/LocalTopoServerNotReady`, seen({}, { topology: awaited })],
  [
    "topology is awaited before the first gateway",
    "Progressing F/LocalTopoServerNotReady F/LocalTopoServerNotReady",
    seen({}, { topology: awaited, deployment: undefined }),
  ],
  ["topology is degraded", `Degraded ${good} F/LocalTopoServerNotReady`, seen({}, { topology: degraded })],
  ["a name is taken", `Progressing ${bad} F/NameTaken`, seen({}, { deployment: undefined }), taken],
  ["an apply failed", `Progressing ${good} F/FailedApply`, seen({}, { pods: [looping] }), failed],
];

for (const [what, expected, observation, result] of cases) {
  Deno.test(`status when ${what}`, () => assert.equal(told(observation, result), expected));
}

Deno.test("numbers are those of the Deployment, the Service is named once it exists", () => {
  const status = statusOf(seen({ existing: 3, ready: 1 }), done, new ManualClock());
  assert.deepEqual([status.gatewayReplicas, status.gatewayReadyReplicas], [3, 1]);
  assert.equal(status.gatewayServiceName, "gateway-service");
  assert.equal(status.observedGeneration, 4);
  const bare = statusOf(seen({}, { deployment: undefined, service: undefined }), done, new ManualClock());
  assert.deepEqual([bare.gatewayReplicas, bare.gatewayReadyReplicas], [0, 0]);
  assert.ok(!("gatewayServiceName" in bare));
});

Deno.test("a cell that is asked to leave is ready when no topology server is left, and tells so once", () => {
  const asked = cell({ "multigres.com/pending-deletion": "2026-01-01T00:00:00Z" });
  const server = {
    ...TopoServers.resource,
    apiVersion: "multigres.com/v1alpha1",
    metadata: { name: "t", uid: "t", resourceVersion: "1" },
    spec: {},
  };
  const clock = new ManualClock();
  const ready = (observation: Observation) =>
    statusOf(observation, done, clock).conditions?.find(({ type }) => type === "ReadyForDeletion");
  const going = seen({}, { cell: asked, topoServers: [server] });
  assert.equal(ready(going)?.reason, "LocalTopoServerDeleting");
  assert.match(ready(going)?.message ?? "", /TopoServer t/);
  const status = statusOf(going, done, clock);
  const gone = { ...going, cell: { ...asked, status }, topoServers: [] };
  assert.deepEqual([ready(gone)?.status, ready(gone)?.reason], ["True", "LocalTopoServerDeleted"]);
  assert.equal(ready(seen({}, { cell: asked }))?.reason, "StatelessComponent");
  assert.equal(ready(seen()), undefined);

  const now = statusOf(gone, done, clock);
  const reasons = (before: Cell & Stored) => noticesOf(before, now).map(({ reason }) => reason);
  assert.ok(reasons({ ...asked, status }).includes("ReadyForDeletion"));
  assert.ok(!reasons({ ...asked, status: now }).includes("ReadyForDeletion"));
});

Deno.test("people are warned of what takes somebody to act, once", () => {
  const observation = seen({}, { deployment: undefined });
  const now = statusOf(observation, taken, new ManualClock());
  const warnings = (before: Cell & Stored) =>
    noticesOf(before, now).filter(({ type }) => type === "Warning").map(({ reason }) => reason);
  assert.deepEqual(warnings(cell()), ["NameTaken"]);
  assert.deepEqual(warnings({ ...cell(), status: now }), []);
  const starting = statusOf(observation, done, new ManualClock());
  assert.deepEqual(noticesOf(cell(), starting).filter(({ type }) => type === "Warning"), []);
});
