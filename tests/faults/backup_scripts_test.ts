import assert from "node:assert/strict";
import {
  backupJob,
  checkScript,
  folderOf,
  type JobState,
  parseState,
  startScript,
} from "../../controllers/postgres_cluster/backups/job.ts";
import { openPodExec } from "../../kube/exec.ts";
import { ownedTest, privateControlPlane } from "../ground/ground.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { startExecNode } from "../support/exec_node.ts";
import { steadyClient } from "../support/operator.ts";

ownedTest(
  "a backup goes on when its connection ends, is started once, and is followed to its end",
  async () => {
    await using plane = await privateControlPlane("api");
    using client = steadyClient(plane.connection);
    await using _node = await startExecNode(plane, client, "orders-0");
    const { token: _none, ...connection } = plane.connection;
    const exec = openPodExec({ ...connection, namespace: "default" });
    const sh = async (script: string): Promise<string> => {
      const place = { namespace: "shop", pod: "orders-0", container: "postgres", timeoutMs: 20_000 };
      return (await exec.run({ ...place, command: ["sh", "-c", script] })).stdout;
    };
    const until = (job: Parameters<typeof checkScript>[0], kind: JobState["kind"]) =>
      waitUntil(kind, async () => parseState(await sh(checkScript(job))), (state) => state.kind === kind);
    const unique = crypto.randomUUID();
    const marks = `${plane.folder}/marks`;

    const slow = backupJob("manual", unique);
    await sh(startScript(slow, `echo 'it'"'"'s me' >>${marks}; sleep 3; echo said; false`));
    assert.deepEqual(parseState(await sh(checkScript(slow))), { kind: "running" });
    await sh(startScript(slow, `echo again >>${marks}`));
    const ended = await until(slow, "ended");
    assert.deepEqual(ended, { kind: "ended", isGood: false, message: "It ended with code 1: said" });
    assert.equal(await sh(`cat ${marks}`), "it's me\n");

    const good = backupJob("scheduled", unique);
    await sh(startScript(good, "true"));
    assert.deepEqual(await until(good, "ended"), { kind: "ended", isGood: true, message: "" });

    const killed = backupJob("manual", `${unique} killed`);
    await sh(startScript(killed, "sleep 5"));
    const { length } = await sh(`kill -9 "$(cat ${folderOf(killed)}/pid)" 2>&1`);
    assert.equal(length, 0, "it ran, and nobody is left to say how it ended");
    await until(killed, "unknown");
    await sh(`rm -rf ${folderOf(slow)} ${folderOf(good)}`);
  },
);
