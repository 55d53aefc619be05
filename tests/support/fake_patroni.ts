/** Plays the Patroni of all members of a cluster, on one loopback port, with the answers that Patroni gives. */
import type { PostgresClusterServices } from "../../controllers/postgres_cluster/controller.ts";

export interface FakeMember {
  name: string;
  role: "leader" | "replica" | "sync_standby";
  state: string;
  timeline: number;
  lag?: number | "unknown";
}

export interface FakePatroni extends AsyncDisposable {
  members: FakeMember[];
  /** Paths of all that was asked, each once: `member/action`. */
  readonly asked: Set<string>;
  /** Members that do not answer. */
  readonly silent: Set<string>;
  /** Server settings in Patroni's store. */
  readonly parameters: Record<string, unknown>;
  /** What was asked for: `leader > candidate`. */
  readonly switchovers: string[];
  /** Members whose server is told to stop. */
  readonly stopping: Set<string>;
  /** What a switchover does besides; the list is changed already. */
  onSwitchover: (leader: string, candidate: string) => Promise<void>;
  readonly services: PostgresClusterServices;
}

/** A leader and its standbys, all well. */
export function wellMembers(leader: string, ...standbys: string[]): FakeMember[] {
  return [
    { name: leader, role: "leader", state: "running", timeline: 1 },
    ...standbys.map((name) => ({ name, role: "replica", state: "streaming", timeline: 1, lag: 0 }) as const),
  ];
}

/** Bytes of write-ahead log that the leader has written. */
const WRITTEN = 2 ** 40;

/** As Patroni 3.2 answers `GET /patroni`. */
function answerOf({ name, role, state, timeline, lag }: FakeMember, all: readonly FakeMember[]): object {
  const common = { timeline, patroni: { version: "3.2.2", scope: "orders", name } };
  if (role === "leader") {
    const follows = (each: FakeMember) => each.state === "streaming" && each.timeline === timeline;
    const replication = all.filter(follows).map((each) => ({
      usename: "standby",
      application_name: each.name,
      state: "streaming",
      sync_state: each.role === "sync_standby" ? "sync" : "async",
    }));
    return { ...common, role: "master", state, xlog: { location: WRITTEN }, replication };
  }
  const received = typeof lag === "number" ? WRITTEN - lag : undefined;
  return {
    ...common,
    role: "replica",
    ...(state === "streaming" ? { state: "running", replication_state: state } : { state }),
    xlog: { received_location: received },
    ...(role === "sync_standby" ? { sync_standby: true } : {}),
  };
}

/** Starts it. Each member answers below a path of its own name. One that nobody stops holds up no process that ends. */
export function startFakePatroni(): FakePatroni {
  const silent = new Set<string>();
  const switchovers: string[] = [];
  const stopping = new Set<string>();
  const asked = new Set<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const [, member = "", action] = new URL(request.url).pathname.split("/");
    asked.add(`${member}/${action}`);
    if (silent.has(member)) return new Response("gone", { status: 502 });
    if (action === "patroni") return sayOfItself(member);
    if (action === "config") return await configure(request);
    if (action === "switchover") return await switchOver(await request.json());
    return new Response("unknown", { status: 404 });
  });
  server.unref();
  const sayOfItself = (name: string) => {
    const own = fake.members.find((each) => each.name === name);
    if (own === undefined) return new Response("unknown", { status: 404 });
    const answer = answerOf(own, fake.members);
    return Response.json(stopping.has(name) ? { ...answer, state: "stopping" } : answer);
  };
  const configure = async (request: Request) => {
    if (request.method === "PATCH") {
      const { postgresql } = await request.json();
      Object.assign(fake.parameters, postgresql.parameters);
    }
    return Response.json({ ttl: 30, postgresql: { parameters: fake.parameters } });
  };
  const switchOver = async ({ leader, candidate }: { leader: string; candidate: string }) => {
    switchovers.push(`${leader} > ${candidate}`);
    const [old, next] = [leader, candidate].map((name) => fake.members.find((each) => each.name === name));
    if (old?.role !== "leader" || next === undefined) return new Response("no such leader", { status: 412 });
    Object.assign(old, { role: "replica", state: "streaming", lag: 0 });
    Object.assign(next, { role: "leader", state: "running" });
    delete next.lag;
    for (const each of fake.members) each.timeline = old.timeline + 1;
    await fake.onSwitchover(leader, candidate);
    return new Response(`Successfully switched over to "${candidate}"`);
  };
  const fake: FakePatroni = {
    members: [],
    parameters: { max_connections: 100 },
    silent,
    switchovers,
    stopping,
    asked,
    onSwitchover: () => Promise.resolve(),
    services: { patroniAddress: ({ name }) => `http://127.0.0.1:${server.addr.port}/${name}` },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return fake;
}
