/** The groups of tests: which files belong to each, what it may do, and what it needs to be running. */
import { relative } from "node:path";
import type { GroundDescription } from "../ground/ground.ts";
import type { Need } from "../ground/prepare.ts";
import { groundVariable } from "../ground/ground.ts";
import { NETWORKS } from "../ground/nodes/layout.ts";

/** Facts that permissions are made of. */
export interface Surroundings {
  readonly repository: string;
  readonly ground: GroundDescription;
  /** Folders that tests on the ground read: its own, and the one with programs. */
  readonly groundFolders: readonly string[];
}

/** One group, run by one `deno test`. */
export interface Group {
  readonly name: string;
  /** What must be running; nothing when empty. */
  readonly needs: readonly Need[];
  /** Present where its files share what has one name in a whole cluster: they then run one after another. */
  readonly inTurn?: true;
  /** Present where a run without a selection leaves it out, as it needs more of the machine than others. */
  readonly onRequest?: true;
  /** Whether a path relative to the repository, with forward slashes, belongs here. */
  owns(path: string): boolean;
  /** The narrow permissions of its tests, as flags. */
  permissions(around: Surroundings): string[];
}

const loopback = "127.0.0.1";

/**
 * The YAML parser looks for two variables of its own debugging, and the driver of PostgreSQL for those that its tools
 * know; to them none is ever set.
 */
export const ignoredVariables = "--ignore-env=LOG_STREAM,LOG_TOKENS,PG*";

const below = (...folders: string[]) => (path: string): boolean =>
  folders.some((folder) => path.startsWith(`tests/${folder}/`));

/** In the order in which they run: what fails fastest comes first. A test file belongs to exactly one. */
export const groups: readonly Group[] = [
  {
    name: "house",
    needs: [],
    owns: below("house"),
    permissions: (around) => [`--allow-read=${around.repository}`],
  },
  {
    name: "unit",
    needs: [],
    owns: (path) => !path.startsWith("tests/"),
    permissions: (around) => [
      `--allow-read=${around.repository},${around.ground.temporary}`,
      `--allow-write=${around.ground.temporary}`,
    ],
  },
  {
    name: "sockets",
    needs: [],
    owns: below("sockets", "runner"),
    permissions: (around) => [`--allow-read=${around.repository}`, `--allow-net=${loopback}`],
  },
  {
    name: "postgres",
    needs: ["postgres"],
    owns: below("e2e/postgres"),
    permissions: (around) => [
      `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-env=${groundVariable}`,
      ...runOf([around.ground.postgres]),
    ],
  },
  {
    name: "sql",
    needs: ["postgres"],
    owns: below("e2e/sql"),
    permissions: databasePermissions,
  },
  {
    name: "databases",
    needs: ["shared", "postgres"],
    owns: below("e2e/postgres_database"),
    permissions: databasePermissions,
  },
  {
    name: "upgrades",
    needs: ["shared", "upgrade"],
    owns: below("e2e/postgres_upgrade"),
    permissions: databasePermissions,
  },
  {
    name: "cli",
    needs: ["shared"],
    owns: below("e2e/cli"),
    permissions: (around) => [
      `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-net=${[loopback, hostOf(around.ground)].filter((host) => host !== undefined).join(",")}`,
      `--allow-env=${groundVariable}`,
      ...runOf(["sh"]),
    ],
  },
  {
    name: "plugin",
    needs: ["shared"],
    owns: below("e2e/plugin"),
    permissions: (around) => [
      `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-net=${[loopback, hostOf(around.ground)].filter((host) => host !== undefined).join(",")}`,
      `--allow-env=${groundVariable}`,
      ...runOf(["sh", around.ground.binaries.kubectl]),
    ],
  },
  {
    name: "observability",
    needs: ["shared", "promtool"],
    owns: below("e2e/observability"),
    permissions: (around) => [
      `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-net=${[loopback, hostOf(around.ground)].filter((host) => host !== undefined).join(",")}`,
      `--allow-env=${groundVariable}`,
      ...runOf(["sh", around.ground.promtool]),
    ],
  },
  {
    name: "certificates",
    needs: ["shared"],
    inTurn: true,
    owns: below("e2e/webhook_certificates"),
    permissions: clusterPermissions,
  },
  {
    name: "installation",
    needs: ["private", "helm"],
    inTurn: true,
    owns: below("e2e/installation"),
    permissions: (around) => [
      `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-net=${loopback}`,
      `--allow-env=${groundVariable}`,
      ...runOf(["sh", around.ground.binaries.kubectl]),
    ],
  },
  {
    name: "cluster",
    needs: ["shared"],
    owns: below("ground", "e2e"),
    permissions: clusterPermissions,
  },
  {
    name: "faults",
    needs: ["private"],
    owns: below("faults"),
    permissions: (around) => [
      `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-net=${loopback}`,
      `--allow-env=${groundVariable}`,
      ...runOf(["sh", around.ground.binaries.kubectl]),
    ],
  },
  {
    name: "image",
    needs: ["private"],
    inTurn: true,
    onRequest: true,
    owns: below("image"),
    permissions: (around) => [
      `--allow-read=${
        [
          ...imageSources(),
          around.repository,
          around.ground.temporary,
          ...around.groundFolders,
        ].join(",")
      }`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-net=${loopback}`,
      `--allow-env=${groundVariable}`,
      ...runOf(["sh", around.ground.binaries.kubectl]),
    ],
  },
  {
    name: "nodes",
    needs: ["nodes"],
    inTurn: true,
    onRequest: true,
    owns: below("nodes"),
    permissions: (around) => [
      `--allow-read=${
        [...imageSources(), around.repository, around.ground.temporary, ...around.groundFolders].join(",")
      }`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-net=${[loopback, ...NETWORKS].join(",")}`,
      `--allow-env=${groundVariable}`,
      ...runOf(["sh", around.ground.nodes?.kubectl]),
    ],
  },
];

/** Where the image's files come from: Deno, and the libraries that it is linked to. */
function imageSources(): string[] {
  return [Deno.execPath(), "/lib", "/lib64", "/usr/lib"];
}

/** For tests on the shared cluster. */
function clusterPermissions(around: Surroundings): string[] {
  return [
    `--allow-read=${[around.repository, ...around.groundFolders].join(",")}`,
    `--allow-net=${[loopback, hostOf(around.ground)].filter((host) => host !== undefined).join(",")}`,
    `--allow-env=${groundVariable}`,
    ...runOf([around.ground.binaries.kubectl]),
  ];
}

/** For tests that start servers of PostgreSQL. */
function databasePermissions(around: Surroundings): string[] {
  return [
    `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
    `--allow-write=${around.ground.temporary}`,
    `--allow-net=${
      [loopback, "localhost", hostOf(around.ground)].filter((host) => host !== undefined).join(",")
    }`,
    `--allow-env=${groundVariable}`,
    ...runOf(["sh"]),
  ];
}

/** The group of a test file, undefined for files that are not run as tests (benchmarks). */
export function groupOf(repository: string, path: string): Group | undefined {
  const inside = relative(repository, path).replaceAll("\\", "/");
  return groups.find((group) => group.owns(inside));
}

function runOf(programs: readonly (string | undefined)[]): string[] {
  const present = programs.filter((program) => program !== undefined);
  return present.length === 0 ? [] : [`--allow-run=${present.join(",")}`];
}

function hostOf(ground: GroundDescription): string | undefined {
  return ground.shared === undefined ? undefined : new URL(ground.shared.connection.server).host;
}
