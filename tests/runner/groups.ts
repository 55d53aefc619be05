/** The groups of tests: which files belong to each, what it may do, and what it needs to be running. */
import { relative } from "node:path";
import type { GroundDescription } from "../ground/ground.ts";
import type { Need } from "../ground/prepare.ts";
import { groundVariable } from "../ground/ground.ts";

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
  readonly need: Need;
  /** Whether a path relative to the repository, with forward slashes, belongs here. */
  owns(path: string): boolean;
  /** The narrow permissions of its tests, as flags. */
  permissions(around: Surroundings): string[];
}

const loopback = "127.0.0.1";

/** The YAML parser looks for two variables of its own debugging; to it they are never set. */
export const ignoredVariables = "--ignore-env=LOG_STREAM,LOG_TOKENS";

const below = (...folders: string[]) => (path: string): boolean =>
  folders.some((folder) => path.startsWith(`tests/${folder}/`));

/** In the order in which they run: what fails fastest comes first. A test file belongs to exactly one. */
export const groups: readonly Group[] = [
  {
    name: "house",
    need: "nothing",
    owns: below("house"),
    permissions: (around) => [`--allow-read=${around.repository}`],
  },
  {
    name: "unit",
    need: "nothing",
    owns: (path) => !path.startsWith("tests/"),
    permissions: (around) => [
      `--allow-read=${around.repository},${around.ground.temporary}`,
      `--allow-write=${around.ground.temporary}`,
    ],
  },
  {
    name: "sockets",
    need: "nothing",
    owns: below("sockets", "runner"),
    permissions: (around) => [`--allow-read=${around.repository}`, `--allow-net=${loopback}`],
  },
  {
    name: "postgres",
    need: "postgres",
    owns: below("e2e/postgres"),
    permissions: (around) => [
      `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-env=${groundVariable}`,
      ...runOf([around.ground.postgres]),
    ],
  },
  {
    name: "cli",
    need: "shared",
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
    name: "cluster",
    need: "shared",
    owns: below("ground", "e2e"),
    permissions: (around) => [
      `--allow-read=${[around.repository, ...around.groundFolders].join(",")}`,
      `--allow-net=${[loopback, hostOf(around.ground)].filter((host) => host !== undefined).join(",")}`,
      `--allow-env=${groundVariable}`,
      ...runOf([around.ground.binaries.kubectl]),
    ],
  },
  {
    name: "faults",
    need: "private",
    owns: below("faults"),
    permissions: (around) => [
      `--allow-read=${[around.repository, around.ground.temporary, ...around.groundFolders].join(",")}`,
      `--allow-write=${around.ground.temporary}`,
      `--allow-net=${loopback}`,
      `--allow-env=${groundVariable}`,
      ...runOf(["sh", around.ground.binaries.kubectl]),
    ],
  },
];

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
