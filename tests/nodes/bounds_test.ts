import assert from "node:assert/strict";
import { realNodes } from "../ground/ground.ts";
import { HOST_ADDRESS, nodeAddress, nodeName } from "../ground/nodes/layout.ts";
import { enter, type Machine, runningMachines } from "../ground/nodes/machine.ts";
import { tryShell } from "../ground/nodes/shell.ts";

const machines = () => runningMachines(realNodes().folder, realNodes().machines);

/** Where packets to an address go, as a node sees it: its own words, or undefined when they go nowhere. */
async function wayTo(machine: Machine, address: string): Promise<string | undefined> {
  const { code, stdout } = await tryShell('"$@"', ...enter(machine), "ip", "route", "get", address);
  return code === 0 ? stdout : undefined;
}

Deno.test("nodes reach each other and this machine, and nothing beyond it", async () => {
  for (const machine of machines()) {
    const own = nodeName(machine.index);
    for (const other of [HOST_ADDRESS, ...machines().map(({ index }) => nodeAddress(index))]) {
      assert.ok(await wayTo(machine, other) !== undefined, `${own} has a way to ${other}`);
    }
    for (const outside of ["192.0.2.1", "198.51.100.1", "2001:db8::1"]) {
      assert.equal(await wayTo(machine, outside), undefined, `${own} has no way to ${outside}`);
    }
  }
});

Deno.test("the settings of the kernel that a kubelet writes are not those of this machine", async () => {
  for (const machine of machines()) {
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
