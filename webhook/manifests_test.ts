import assert from "node:assert/strict";
import { parse } from "yaml";
import { at, listAt, stringAt } from "../tests/ground/json.ts";
import { mutatingConfigurationName, validatingConfigurationName } from "./configurations.ts";
import { configurationFiles } from "./manifests.ts";

const folder = new URL("../manifests/webhook/", import.meta.url);

Deno.test("the configurations in manifests/webhook are those of the hooks: else run manifests/webhook/generate.ts", async () => {
  for (const { name, content } of configurationFiles()) {
    assert.equal(await Deno.readTextFile(new URL(name, folder)), content, name);
  }
});

Deno.test("hooks speak of our kinds alone, tell why they fail, and let through whom they must not hold up", () => {
  const [mutating, validating] = configurationFiles().map(({ content }) => parse(content) as unknown);
  assert.equal(stringAt(mutating, "metadata", "name"), mutatingConfigurationName);
  assert.equal(stringAt(validating, "metadata", "name"), validatingConfigurationName);
  const hooks = [...listAt(mutating, "webhooks"), ...listAt(validating, "webhooks")];
  assert.equal(hooks.length, 11);
  for (const hook of hooks) {
    const name = stringAt(hook, "name") ?? "";
    const groups = listAt(hook, "rules").flatMap((rule) => listAt(rule, "apiGroups"));
    assert.ok(
      groups.every((group) => group === "multigres.com" || group === "postgres-operator.smoketurner.com"),
    );
    assert.deepEqual([at(hook, "failurePolicy"), at(hook, "sideEffects")], ["Fail", "None"]);
    const exempt = listAt(hook, "matchConditions").map((condition) => stringAt(condition, "name"));
    const deletes = listAt(hook, "rules").some((rule) => listAt(rule, "operations").includes("DELETE"));
    assert.ok(!deletes || exempt.includes("not-a-housekeeper"), name);
    assert.ok(exempt.includes("not-leaving") || exempt.includes("not-the-operator"), name);
  }
  for (const { content } of configurationFiles()) {
    assert.equal(
      content.match(/# .*\n(?: *#.*\n)* *failurePolicy: Fail/g)?.length,
      content.match(/failurePolicy/g)?.length,
    );
  }
});
