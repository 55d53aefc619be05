import assert from "node:assert/strict";
import {
  cellKey,
  cellsPrefix,
  claimKey,
  databaseKey,
  databasesPrefix,
  poolerKey,
  poolersPrefix,
  stepsOf,
} from "./keys.ts";

const root = "/multigres/global";
const shard = { database: "postgres", tableGroup: "default", shard: "0-inf" };

Deno.test("keys are where the data plane looks for them", () => {
  assert.equal(cellKey(root, "zone1"), "/multigres/global/cells/zone1/Cell");
  assert.equal(databaseKey(root, "postgres"), "/multigres/global/databases/postgres/Database");
  assert.equal(claimKey(root, shard), "/multigres/global/databases/postgres/default/0-inf/ShardInitClaim");
  assert.equal(
    poolerKey("/multigres/zone1", "zone1", "p-00000000"),
    "/multigres/zone1/poolers/multipooler-zone1-p-00000000/Pooler",
  );
});

Deno.test("a root means the same with and without a slash at its end", () => {
  assert.equal(cellsPrefix("/a/"), cellsPrefix("/a"));
  assert.equal(databasesPrefix("/a//"), databasesPrefix("/a"));
});

Deno.test("a key is taken for a record only where it is one", () => {
  assert.deepEqual(stepsOf(cellKey(root, "a"), cellsPrefix(root), "Cell", 1), ["a"]);
  assert.deepEqual(stepsOf(claimKey(root, shard), databasesPrefix(root), "ShardInitClaim", 3), [
    "postgres",
    "default",
    "0-inf",
  ]);
  assert.equal(stepsOf(claimKey(root, shard), databasesPrefix(root), "Database", 1), undefined);
  assert.equal(stepsOf("/a/cells/zone1/locks/12", cellsPrefix("/a"), "Cell", 1), undefined);
  assert.equal(stepsOf("/a/poolers/x/Pooler", poolersPrefix("/b"), "Pooler", 1), undefined);
});
