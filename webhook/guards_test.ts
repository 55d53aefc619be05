import assert from "node:assert/strict";
import { ask, operatorName, reviewOf } from "../tests/support/webhook.ts";
import { housekeepers, operatorUser } from "./guards.ts";

const kinds = ["Cell", "Shard", "TableGroup", "TopoServer"];

Deno.test("children are changed by the operator and the housekeepers, and by nobody else", async () => {
  for (const kind of kinds) {
    const path = `/validate-multigres-com-v1alpha1-${kind.toLowerCase()}`;
    const object = { apiVersion: "multigres.com/v1alpha1", kind, metadata: { name: "c-1" } };
    const parts = {
      CREATE: { object },
      UPDATE: { object, oldObject: object },
      DELETE: { oldObject: object },
    };
    for (const [operation, subject] of Object.entries(parts)) {
      for (const username of [operatorName, ...housekeepers]) {
        assert.equal(
          (await ask(path, reviewOf({ operation, username, ...subject }))).allowed,
          true,
          username,
        );
      }
      for (
        const username of [
          "admin",
          "system:admin",
          "",
          `${operatorName}x`,
          "system:serviceaccount:other:matriarch",
        ]
      ) {
        const said = await ask(path, reviewOf({ operation, username, ...subject }));
        assert.deepEqual([said.allowed, said.code], [false, 403], username);
        assert.match(
          said.message,
          new RegExp(`Cannot ${operation.toLowerCase()} ${kind} shop/c-1 .*MultigresCluster`),
        );
      }
    }
  }
});

Deno.test("an operator that is not told its account has the usual one", () => {
  assert.equal(
    operatorUser({ namespace: "n", serviceAccount: "" }),
    "system:serviceaccount:n:multigres-operator",
  );
});
