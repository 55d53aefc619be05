import assert from "node:assert/strict";
import { packageOf } from "./bundle.ts";
import { reviewFlags } from "./engine.ts";
import { entrypoint, environment } from "./entrypoint.ts";

const config: unknown = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)));

Deno.test("the entrypoint has the permissions of the set operator, with the bundle in the place of the source", () => {
  const words = entrypoint(config);
  assert.equal(
    words.find((word) => word.startsWith("--allow-read=")),
    "--allow-read=/app,/var/run/secrets/kubernetes.io/serviceaccount,/var/run/secrets/webhook",
  );
  assert.ok(words.includes("--no-prompt") && words.includes("--ignore-env"));
  assert.ok(!words.some((word) => /^--allow-(write|run|ffi|all)/.test(word)));
  assert.ok(words.includes("--allow-sys=setPriority"));
  assert.match(words.find((word) => word.startsWith("--allow-env=")) ?? "", /=.*POD_NAMESPACE/);
});

Deno.test("how the engine is set can be changed by a variable, as no flag of the command stands against it", () => {
  assert.match(environment["DENO_V8_FLAGS"] ?? "", /^--max-semi-space-size=\d+,/);
  assert.ok(!entrypoint(config).some((word) => word.startsWith("--v8-flags")));
});

Deno.test("where webhooks are served the manifests set the engine for reviews", () => {
  for (
    const path of ["manifests/manager/deployment.yaml", "deploy/chart/matriarch/templates/deployment.yaml"]
  ) {
    const text = Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
    const value = /- name: DENO_V8_FLAGS\n +value: (\S+)\n/.exec(text)?.[1];
    assert.equal(value, reviewFlags, path);
  }
});

Deno.test("a configuration without the set makes no entrypoint", () => {
  assert.throws(() => entrypoint({ permissions: {} }), /Cannot write the entrypoint/);
});

Deno.test("a source map's path tells the package and its version; our own files are none", () => {
  const below = "../../.cache/deno/npm/registry.example";
  assert.deepEqual(packageOf(`${below}/@a/b/1.2.3/lib/c.js`), { name: "@a/b", version: "1.2.3" });
  assert.deepEqual(packageOf(`${below}/pg/8.23.1/lib/npm/x.js`), { name: "pg", version: "8.23.1" });
  assert.equal(packageOf("../kube/client.ts"), undefined);
});
