import assert from "node:assert/strict";
import { isConflict, isNotFound } from "../../../kube/errors.ts";
import { ConfigMaps } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { openRuntime, put, type Runtime } from "../../support/harness.ts";

function scenario(name: string, run: (runtime: Runtime, namespace: string) => Promise<void>): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using runtime = openRuntime(sharedCluster().connection);
      await run(runtime, namespace);
    }));
}

scenario("a request refused with 429 is sent again after Retry-After", async (runtime, namespace) => {
  let refused = 0;
  runtime.transport.onRequest = () =>
    refused++ < 2 ? { kind: "answer", status: 429, retryAfterSeconds: 0.2 } : undefined;
  const started = performance.now();
  await runtime.client.apply(ConfigMaps, { metadata: { namespace, name: "x" }, data: { a: "1" } });
  assert.ok(performance.now() - started >= 390, "both pauses were kept");
  assert.equal(runtime.transport.seen.length, 3);
});

scenario("a write that failed with 500 is not sent again by itself", async (runtime, namespace) => {
  runtime.transport.onRequest = () => ({ kind: "answer", status: 500, retryAfterSeconds: 0, body: "boom" });
  const write = runtime.client.apply(ConfigMaps, { metadata: { namespace, name: "x" } });
  await assert.rejects(write, /PATCH .*configmaps\/x: 500 error: boom/);
  assert.equal(runtime.transport.seen.length, 1);
});

scenario(
  "a write whose answer was lost can be repeated and leads to the same object",
  async (runtime, namespace) => {
    let lost = 0;
    runtime.transport.onRequest = () => lost++ === 0 ? { kind: "lose-answer" } : undefined;
    const object = { metadata: { namespace, name: "x" }, data: { a: "1" } };
    await assert.rejects(runtime.client.apply(ConfigMaps, object), { failure: "timeout" });
    const committed = await runtime.steady.get(ConfigMaps, { namespace, name: "x" });
    const repeated = await runtime.client.apply(ConfigMaps, object);
    assert.equal(repeated.metadata.uid, committed.metadata.uid);
    assert.equal(repeated.metadata.resourceVersion, committed.metadata.resourceVersion);
  },
);

scenario(
  "a delete meant for an earlier state or life of an object is refused",
  async (runtime, namespace) => {
    const first = await put(runtime, namespace, "x", "1");
    const changed = await put(runtime, namespace, "x", "2");
    const remove = (uid = "", resourceVersion = "") =>
      runtime.client.delete(ConfigMaps, { namespace, name: "x" }, { precondition: { uid, resourceVersion } });
    await assert.rejects(remove(first.metadata.uid, first.metadata.resourceVersion), isConflict);
    await assert.rejects(remove(crypto.randomUUID(), changed.metadata.resourceVersion), isConflict);
    assert.equal(await remove(changed.metadata.uid, changed.metadata.resourceVersion), true);
    assert.equal(await remove(changed.metadata.uid, changed.metadata.resourceVersion), false);
  },
);

scenario("lists come in pages that together hold every object once", async (runtime, namespace) => {
  for (let n = 0; n < 7; n++) await put(runtime, namespace, `c${n}`, "1");
  const names: string[] = [];
  let pages = 0;
  for await (const page of runtime.client.list(ConfigMaps, { namespace }, 3)) {
    pages++;
    names.push(...page.items.map((item) => item.metadata.name));
  }
  assert.ok(pages >= 3);
  assert.equal(new Set(names).size, names.length);
  for (let n = 0; n < 7; n++) assert.ok(names.includes(`c${n}`));
});

scenario("errors carry the server's own words, code and reason", async (runtime, namespace) => {
  const missing = runtime.client.get(ConfigMaps, { namespace, name: "nobody" });
  await assert.rejects(
    missing,
    (error: unknown) => isNotFound(error) && /"nobody" not found/.test(String(error)),
  );
});
