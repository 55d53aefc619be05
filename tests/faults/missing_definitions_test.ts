/** An operator that is there before the definitions of its kinds. */
import assert from "node:assert/strict";
import { GroundClient } from "../ground/client.ts";
import { privateControlPlane } from "../ground/ground.ts";
import { installDefinitions } from "../ground/operator.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { access, OWN_PORTS, startProgram } from "../support/program.ts";

Deno.test("without its definitions the operator starts, names them, and is ready once they are there", async () => {
  await using plane = await privateControlPlane();
  await using file = await access(plane.connection);
  await using program = await startProgram({ args: ["run", ...OWN_PORTS], ...file.options });
  const [, address] = await program.line(/"message":"Serving probes","address":"([^"]+)"/);
  await program.line(/does not serve toposervers\.multigres\.com; install its CustomResourceDefinition/);
  const before = await fetch(`http://${address}/readyz`);
  assert.equal(before.status, 503);
  assert.match(await before.text(), /^\[-\] caches: .*toposervers\.multigres\.com/m);

  using client = new GroundClient(plane.connection);
  await installDefinitions(client);
  const ask = async () => await (await fetch(`http://${address}/readyz`)).text();
  await waitUntil("the operator to be ready", ask, (text) => text === "ok\n", { timeoutMs: 60_000 });
  assert.ok(program.running());
});
