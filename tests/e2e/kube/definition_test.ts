import assert from "node:assert/strict";
import { systemClock } from "../../../kube/clock.ts";
import { Definitions, waitUntilServed } from "../../../kube/definition.ts";
import { seededRandom } from "../../../kube/random.ts";
import { defineResource } from "../../../kube/resource.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { openRuntime } from "../../support/harness.ts";

const late = defineResource({
  group: "late.example.com",
  version: "v1",
  kind: "Late",
  plural: "lates",
  namespaced: true,
});

async function define(client: ReturnType<typeof openRuntime>["steady"]): Promise<void> {
  const { group, version, kind, plural } = late;
  const schema = { openAPIV3Schema: { type: "object" } };
  const spec = {
    group,
    scope: "Namespaced",
    names: { kind, plural },
    versions: [{ name: version, served: true, storage: true, schema }],
  };
  await client.apply(Definitions, { metadata: { name: `${plural}.${group}` }, ...{ spec } });
}

Deno.test("a definition that stays away costs a watch after the other, and no list", async () => {
  using runtime = openRuntime(sharedCluster().connection);
  // The server ends each watch in good order, as it does after minutes.
  const inner = runtime.transport.stream.bind(runtime.transport);
  runtime.transport.stream = (request) =>
    inner({ ...request, path: request.path.replace(/timeoutSeconds=\d+/, "timeoutSeconds=2") });
  const stop = new AbortController();
  let served = false;
  const options = {
    client: runtime.client,
    resource: late,
    clock: systemClock,
    random: seededRandom(1),
    failures: 1,
  };
  const waiting = waitUntilServed(options, stop.signal).then(() => void (served = true));
  try {
    const watches = () => runtime.transport.seen.filter((entry) => entry.startsWith("WATCH")).length;
    await waitUntil("watches to follow each other", watches, (count) => count >= 3, { timeoutMs: 60_000 });
    assert.equal(runtime.transport.seen.filter((entry) => entry.startsWith("GET")).length, 1);
    assert.equal(served, false);
    await define(runtime.steady);
    await waiting;
    assert.equal(served, true);
    assert.equal(runtime.transport.seen.filter((entry) => entry.startsWith("GET")).length, 1);
  } finally {
    stop.abort();
    await waiting;
    const name = { name: `${late.plural}.${late.group}` };
    const seen = await runtime.steady.find(Definitions, name);
    const { uid = "", resourceVersion = "" } = seen?.metadata ?? {};
    if (seen !== undefined) {
      await runtime.steady.delete(Definitions, name, { precondition: { uid, resourceVersion } });
    }
  }
});
