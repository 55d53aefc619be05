/** What a benchmark is: something that runs on a stage and ends with rows of figures. Figures are told, never judged. */
import type { Binaries } from "../ground/binaries.ts";
import type { Progress } from "../ground/build.ts";
import type { Parts, PlaneOptions } from "../ground/control_plane.ts";
import type { ControlPlane } from "../ground/control_plane.ts";

/** A limit that a figure should keep. */
export interface Target {
  readonly is: "at least" | "at most";
  readonly limit: number;
}

/** One figure. */
export interface Row {
  readonly what: string;
  readonly value: number;
  /** Unit as it is printed behind the number; may be empty. */
  readonly unit: string;
  readonly target?: Target;
  /** What a reader needs to know to take the figure for what it is. */
  readonly note?: string;
}

/** Figures that were taken in one run and belong together. */
export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** Where a benchmark runs. */
export interface Stage {
  /** A control plane that nobody else uses. */
  readonly plane: ControlPlane;
  readonly binaries: Binaries;
  /** For files; removed at the end. */
  readonly scratch: string;
  readonly say: Progress;
}

export interface Benchmark {
  readonly name: string;
  readonly parts: Parts;
  readonly options?: PlaneOptions;
  run(stage: Stage): Promise<readonly Table[]>;
}

/** Whether a figure keeps its target; undefined when it has none. */
export function reached({ value, target }: Row): boolean | undefined {
  if (target === undefined) return undefined;
  return target.is === "at least" ? value >= target.limit : value <= target.limit;
}
