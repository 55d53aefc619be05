import assert from "node:assert/strict";
import { realNodes } from "../ground/ground.ts";
import { HOST_ADDRESS, nodeAddress, nodeName } from "../ground/nodes/layout.ts";
import { enter } from "../ground/nodes/machine.ts";
import { tryShell } from "../ground/nodes/shell.ts";

/** Where packets to an address go, as a node sees it: its own words, or undefined when they go nowhere. */
async function wayTo(index: number, address: string): Promise<string | undefined> {
  const machine = realNodes().machines.find((each) => each.index === index);
  assert.ok(machine !== undefined);
  const { code, stdout } = await tryShell('"$@"', ...enter(machine), "ip", "route", "get", address);
  return code === 0 ? stdout : undefined;
}

Deno.test("nodes reach each other and this machine, and nothing beyond it", async () => {
  for (const { index } of realNodes().machines) {
    for (const other of [HOST_ADDRESS, ...realNodes().machines.map((each) => nodeAddress(each.index))]) {
      assert.ok(await wayTo(index, other) !== undefined, `${nodeName(index)} has a way to ${other}`);
    }
    for (const outside of ["192.0.2.1", "198.51.100.1", "2001:db8::1"]) {
      assert.equal(await wayTo(index, outside), undefined, `${nodeName(index)} has no way to ${outside}`);
    }
  }
});

Deno.test("the settings of the kernel that a kubelet writes are not those of this machine", async () => {
  for (const machine of realNodes().machines) {
    const { stdout } = await tryShell('"$@"', ...enter(machine), "cat", "/proc/self/mountinfo");
    for (const name of ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"]) {
      assert.match(
        stdout,
        new RegExp(` /proc/sys/${name} `),
        `${nodeName(machine.index)} has its own ${name}`,
      );
    }
  }
});
