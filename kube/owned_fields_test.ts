import assert from "node:assert/strict";
import { ownedFields } from "./owned_fields.ts";
import type { KubeObject, ManagedFieldsEntry } from "./types.ts";

function object(...managedFields: ManagedFieldsEntry[]): KubeObject {
  return { apiVersion: "v1", kind: "Thing", metadata: { name: "a", managedFields } };
}

const fieldsV1 = { "f:status": {} };

Deno.test("of former names only those count that were asked for, and under which a status is applied", () => {
  const seen = object(
    { manager: "us", operation: "Apply", subresource: "status", fieldsV1 },
    { manager: "former", operation: "Apply", subresource: "status", fieldsV1 },
    { manager: "guard", operation: "Update", subresource: "status", fieldsV1 },
    { manager: "guard", operation: "Apply", fieldsV1 },
    { manager: "stranger", operation: "Apply", subresource: "status", fieldsV1 },
  );
  assert.deepEqual(ownedFields(seen, "us", ["former", "guard"]).formerStatus, ["former"]);
  assert.equal(ownedFields(seen, "us").formerStatus, undefined);
  assert.deepEqual(Object.keys(ownedFields(seen, "us", ["former"])).sort(), ["formerStatus", "status"]);
});
