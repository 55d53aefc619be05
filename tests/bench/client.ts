/** How much work the operator's client does in a second of CPU, next to the library that operators usually take. */
import { GroundClient } from "../ground/client.ts";
import { productConnection } from "../support/harness.ts";
import type { Benchmark, Row, Stage, Table } from "./benchmark.ts";
import { type ChildProgram, measure, type Measured } from "./child.ts";
import {
  applies,
  type Cost,
  type Costs,
  dataOf,
  gets,
  isCosts,
  nameOf,
  namespace,
  workers,
} from "./client_work.ts";

export const client: Benchmark = {
  name: "client",
  parts: "api",
  run,
};

async function run(stage: Stage): Promise<readonly Table[]> {
  const { connection, kubeconfigPath } = stage.plane;
  using ground = new GroundClient(connection);
  await ground.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (let n = 0; n < workers; n++) {
    const metadata = { name: nameOf(n) };
    await ground.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data: dataOf(n) }, namespace);
  }
  stage.say(`${gets} reads and ${applies} applies through each of two clients ...`);
  const ours = await costsOf(stage, {
    file: "client_ours.ts",
    input: { connection: productConnection(connection) },
  });
  const library = await costsOf(stage, {
    file: "client_library.ts",
    input: { kubeconfigPath },
    // It asks for proxies, homes and switches of its HTTP library; to it none is set.
    flags: [`--allow-read=${kubeconfigPath}`, "--ignore-env"],
  });
  return [comparison(ours, library), table("KubeClient", ours), table("@kubernetes/client-node", library)];
}

interface Outcome extends Measured {
  readonly report: Costs;
}

async function costsOf(stage: Stage, program: ChildProgram): Promise<Outcome> {
  const { report, usage } = await measure(stage, program);
  if (!isCosts(report)) throw new TypeError(`Cannot read the report of ${program.file}`);
  return { report, usage };
}

function comparison(ours: Outcome, library: Outcome): Table {
  const factor = (kind: keyof Costs) => perCpuSecond(ours.report[kind]) / perCpuSecond(library.report[kind]);
  const target = { is: "at least", limit: 5 } as const;
  return {
    title: "client: requests per CPU second, KubeClient over @kubernetes/client-node",
    rows: [
      { what: "reads", value: factor("get"), unit: "times", target },
      { what: "server-side applies", value: factor("apply"), unit: "times", target },
    ],
  };
}

function table(title: string, { report, usage }: Outcome): Table {
  return {
    title: `client: ${title}`,
    rows: [
      ...costRows("reads", report.get),
      ...costRows("applies", report.apply),
      { what: "resident memory at the end", value: usage.residentMb, unit: "MB" },
      { what: "open sockets at the end", value: usage.sockets, unit: "" },
    ],
  };
}

function costRows(what: string, cost: Cost): Row[] {
  return [
    { what: `${what} a second`, value: cost.requests / cost.seconds, unit: "" },
    { what: `${what}: CPU time for one`, value: 1e6 / perCpuSecond(cost), unit: "µs" },
  ];
}

function perCpuSecond({ requests, cpuSeconds }: Cost): number {
  return requests / cpuSeconds;
}
