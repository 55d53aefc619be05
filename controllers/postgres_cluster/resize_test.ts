import assert from "node:assert/strict";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { resizeStateOf, wantedResources, whyNotInPlace } from "./resize.ts";

type Amounts = { limits?: Record<string, string>; requests?: Record<string, string> };

function state(
  asked: object | undefined,
  told: Amounts,
  more: { actual?: Amounts; conditions?: object[] } = {},
): string {
  const cluster = storedCluster(asked === undefined ? {} : { resources: asked });
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "orders-0" },
    spec: { containers: [{ name: "postgres", resources: told }] },
    status: {
      conditions: (more.conditions ?? []).map((each) => ({ type: "", status: "True", ...each })),
      containerStatuses: [{
        name: "postgres",
        image: "",
        imageID: "",
        ready: true,
        restartCount: 0,
        ...(more.actual === undefined ? {} : { resources: more.actual }),
      }],
    },
  };
  return resizeStateOf(pod, cluster).kind;
}

const small = { requests: { cpu: "250m", memory: "512Mi" }, limits: { cpu: "1", memory: "1Gi" } };
const large = { requests: { cpu: "500m", memory: "512Mi" }, limits: { cpu: "1", memory: "1Gi" } };

Deno.test("a member is done, due, or on its way, whatever the spelling of the amounts", () => {
  assert.equal(state(small, small, { actual: small }), "done");
  assert.equal(state({ ...small, limits: { cpu: "1000m", memory: "1024Mi" } }, small), "done");
  assert.equal(state(large, small), "due");
  assert.equal(state(large, large, { actual: small }), "running");
  assert.equal(state(large, large, { conditions: [{ type: "PodResizeInProgress" }] }), "running");
  assert.equal(
    state(large, large, { conditions: [{ type: "PodResizePending", reason: "Deferred" }] }),
    "deferred",
  );
  assert.equal(
    state(large, large, { conditions: [{ type: "PodResizePending", reason: "Infeasible" }] }),
    "infeasible",
  );
  assert.equal(state(undefined, small), "done");
});

Deno.test("requests that are left out follow the limits, as they do for a new pod", () => {
  const asked = { limits: { cpu: "2", memory: "1Gi" } };
  const filled = { ...asked, requests: { cpu: "2", memory: "1Gi" } };
  assert.deepEqual(wantedResources(storedCluster({ resources: asked })), filled);
  assert.equal(state(asked, filled, { actual: filled }), "done");
  assert.equal(state(asked, { ...filled, requests: { cpu: "1", memory: "1Gi" } }), "due");
});

Deno.test("what Kubernetes refuses of a pod that runs is known before", () => {
  assert.equal(whyNotInPlace(large, small), undefined);
  assert.match(
    whyNotInPlace({ requests: small.requests }, small) ?? "",
    /cannot lose its cpu and memory limits/,
  );
  assert.match(whyNotInPlace(small, {}) ?? "", /from quality of service BestEffort to Burstable/);
  assert.equal(state(small, {}), "impossible");
});
