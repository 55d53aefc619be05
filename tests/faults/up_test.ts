import assert from "node:assert/strict";
import { dirname } from "node:path";
import { ground, ownedTest } from "../ground/ground.ts";
import { kubectl } from "../ground/kubectl.ts";
import { repository } from "../ground/operator.ts";
import { waitUntil } from "../ground/wait_for.ts";

/** How long `task up` may take until its sample is ready, in milliseconds: a hundred times less than a first build. */
const patienceMs = 60_000;

ownedTest("task up brings the sample to Ready, and Ctrl-C leaves neither process nor folder", async () => {
  const up = new Deno.Command("sh", {
    args: [
      "-c",
      'export KUBEBUILDER_ASSETS="$1"; shift; exec "$@"',
      "up",
      programs(),
      Deno.execPath(),
      ...arguments_,
    ],
    cwd: repository,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const story = await readUntil(up.stdout, "Ctrl-C here ends everything");
  const kubeconfigPath = /export KUBECONFIG=(\S+)/.exec(story.text)?.[1] ?? "";
  assert.notEqual(kubeconfigPath, "", story.text);
  const ready = [
    "get",
    "toposervers",
    "-o=jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}",
  ];
  assert.equal(await kubectl(ready, { kubeconfigPath, namespace: "default" }), "True");
  const folder = dirname(kubeconfigPath);
  assert.ok((await processesOf(folder)).length >= 5);

  up.kill("SIGINT");
  await story.rest;
  assert.equal((await up.status).code, 130);
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  await waitUntil("every process to be gone", () => processesOf(folder), (pids) => pids.length === 0, {
    timeoutMs: 5000,
  });
});

const arguments_ = ["run", "--no-prompt", "-P=up", "tests/ground/up.ts"];

function programs(): string {
  return dirname(ground().binaries.etcd ?? "");
}

/** Reads until a line has the words, and goes on reading in the background so that the writer never stands still. */
async function readUntil(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  words: string,
): Promise<{ text: string; rest: Promise<void> }> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const timer = setTimeout(() => reader.cancel(), patienceMs);
  while (!text.includes(words)) {
    const { value, done } = await reader.read();
    if (done) {
      throw new Error(`Cannot find "${words}" in what was said within ${patienceMs / 1000} s:\n${text}`);
    }
    text += value;
  }
  clearTimeout(timer);
  const drain = async () => {
    while (!(await reader.read()).done);
  };
  return { text, rest: drain() };
}

/** Ids of processes whose command line names the folder. */
async function processesOf(folder: string): Promise<string[]> {
  const search = new Deno.Command("sh", {
    args: ["-c", "grep -l -a -F -f - /proc/[0-9]*/cmdline || true"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = search.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${folder}\n`));
  await writer.close();
  const { stdout } = await search.output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}
