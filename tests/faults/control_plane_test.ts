import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { GroundClient } from "../ground/client.ts";
import { ground, groundVariable, ownedTest, privateControlPlane } from "../ground/ground.ts";
import { at, isRecord, listAt } from "../ground/json.ts";
import { delay, waitFor, waitUntil } from "../ground/wait_for.ts";

const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" }, data: { key: "value" } };
const path = "/api/v1/namespaces/default/configmaps/kept";

ownedTest("an API server that was killed comes back on the same port with all data", async () => {
  await using plane = await privateControlPlane();
  using client = new GroundClient(plane.connection);
  await client.apply(configMap, "default");
  await plane.stopApiServer();
  await assert.rejects(client.send("GET", path), TypeError);
  await plane.startApiServer();
  assert.equal(at(await client.get(path), "data", "key"), "value");
});

ownedTest("a paused API server answers nothing, and answers again when resumed", async () => {
  await using plane = await privateControlPlane();
  using client = new GroundClient(plane.connection);
  await plane.pauseApiServer();
  const late = client.send("GET", "/readyz").then(() => "answered");
  assert.equal(await Promise.race([late, delay(500).then(() => "silent")]), "silent");
  plane.resumeApiServer();
  assert.equal(await late, "answered");
});

ownedTest("etcd is reachable by tests, for a topology of their own", async () => {
  await using plane = await privateControlPlane();
  const body = JSON.stringify({ key: btoa("/a"), value: btoa("1") });
  const put = await fetch(`${plane.etcd}/v3/kv/put`, { method: "POST", body });
  assert.equal(put.status, 200);
  await put.body?.cancel();
});

ownedTest("stopping leaves neither a process nor a folder", async () => {
  const plane = await privateControlPlane("all");
  const pids = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] as const;
  const running = pids.map((program) => plane.pidOf(program)).filter((pid) => pid !== undefined);
  assert.equal(running.length, pids.length);
  await plane.stop();
  assert.deepEqual(await alive(running), []);
  await assert.rejects(Deno.stat(plane.folder), Deno.errors.NotFound);
});

ownedTest(
  "when the process that started a control plane is killed by SIGKILL, everything goes with it",
  async () => {
    const parent = new Deno.Command("sh", {
      args: [
        "-c",
        'exec "$@"',
        "parent",
        Deno.execPath(),
        "run",
        "--no-prompt",
        ...childPermissions(),
        childProgram,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const started = await firstLine(parent.stdout);
    const report: unknown = JSON.parse(started);
    const pids = listAt(report, "pids").filter((pid) => typeof pid === "number");
    assert.equal(pids.length, 2, started);
    assert.deepEqual(await alive(pids), pids);
    const folder = isRecord(report) ? String(report["folder"]) : "";
    assert.ok((await Deno.stat(folder)).isDirectory);

    parent.kill("SIGKILL");
    await parent.status;

    await waitUntil("all processes to be gone", () => alive(pids), (left) => left.length === 0, {
      timeoutMs: 5000,
    });
    await waitFor("the folder to be gone", () => isMissing(folder), { timeoutMs: 8000 });
  },
);

const childProgram = fileURLToPath(new URL("./orphan_maker.ts", import.meta.url));

/** The child may do what this group may do, and no more. */
function childPermissions(): string[] {
  const description = Deno.env.get(groundVariable) ?? "";
  const { binaries, temporary } = ground();
  const folders = [
    description,
    ...Object.values(binaries),
    fileURLToPath(new URL("../", import.meta.url)),
    temporary,
  ];
  return [
    `--allow-read=${folders.join(",")}`,
    `--allow-write=${temporary}`,
    "--allow-net=127.0.0.1",
    `--allow-env=${groundVariable}`,
    "--allow-run=sh",
  ];
}

async function firstLine(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return text.split("\n")[0] ?? "";
}

/** Those of the processes that still run; one that only waits to be collected by its parent does not. */
async function alive(pids: readonly number[]): Promise<number[]> {
  const output = await new Deno.Command("sh", {
    args: [
      "-c",
      'for pid; do if kill -0 "$pid" && ! grep -q "^State:.Z" "/proc/$pid/status"; then echo "$pid"; fi; done',
      "alive",
      ...pids.map(String),
    ],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(output.stdout).split("\n").filter((line) => line !== "").map(Number);
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
