/** The sample of a database, on a real server. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { PostgresDatabases } from "../../../api/smoketurner/postgres_database.ts";
import { CLUSTER, scenario } from "./stage.ts";

const sample = new URL("../../../manifests/samples/patroni/database_with_roles.yaml", import.meta.url);

scenario("the sample of a database becomes Ready, and its roles may do what it says", async (stage) => {
  const decoded = PostgresDatabases.decode(parse(await Deno.readTextFile(sample)));
  assert.ok(decoded.ok, JSON.stringify(decoded));
  const { metadata: { name }, spec } = decoded.value;
  stage.start();
  await stage.apply({ ...spec, clusterRef: { name: CLUSTER } }, {}, name);
  const status = await stage.untilPhase("Ready", name);
  assert.deepEqual(status.credentialSecrets, ["billing-app", "billing-reports"]);
  for (
    const [secret, role] of [["billing-app", "billing_app"], ["billing-reports", "billing_reports"]] as const
  ) {
    assert.deepEqual([...await stage.askAs(secret, "SELECT CURRENT_USER::text AS me")], [{ me: role }]);
  }
  const [digest] = await stage.server.ask(
    "SELECT public.digest('a', 'sha256') IS NOT NULL AS made",
    [],
    "billing",
  );
  assert.deepEqual(digest, { made: true });
});
