/** JSON Patch (RFC 6902), in the two operations that defaulting needs. */
import { isRecord } from "../kube/errors.ts";

export interface PatchOperation {
  readonly op: "add" | "replace";
  /** JSON Pointer (RFC 6901), such as `/spec/images`. */
  readonly path: string;
  readonly value: unknown;
}

/**
 * What turns `from` into `to`, where `to` says more or other than `from`. What only `from` has stays: it is the user's, and
 * may be a field that this program does not know. A number and the text of it count as the same, as in quantities.
 * @param path JSON Pointer of `from` within the object.
 */
export function patchTo(from: unknown, to: unknown, path: string): PatchOperation[] {
  const comparison = new Comparison(path);
  comparison.compare(from, to);
  return comparison.operations;
}

/** Most of an object stays: the path of a place is put together only when it has to be told. */
class Comparison {
  readonly operations: PatchOperation[] = [];
  /** From the path to the place that is looked at. */
  readonly #steps: (string | number)[] = [];

  constructor(private readonly path: string) {}

  compare(from: unknown, to: unknown): void {
    if (isRecord(from) && isRecord(to)) {
      this.#compareFields(from, to);
    } else if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
      this.#compareItems(from, to);
    } else if (from !== to && !isSameQuantity(from, to)) {
      this.#tell("replace", to);
    }
  }

  #compareFields(from: Readonly<Record<string, unknown>>, to: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(to)) {
      this.#steps.push(key);
      if (Object.hasOwn(from, key)) this.compare(from[key], to[key]);
      else this.#tell("add", to[key]);
      this.#steps.pop();
    }
  }

  #compareItems(from: readonly unknown[], to: readonly unknown[]): void {
    for (const [index, item] of to.entries()) {
      this.#steps.push(index);
      this.compare(from[index], item);
      this.#steps.pop();
    }
  }

  #tell(op: PatchOperation["op"], value: unknown): void {
    const steps = this.#steps.map((step) => escapePointer(String(step)));
    this.operations.push({ op, path: [this.path, ...steps].join("/"), value });
  }
}

function isSameQuantity(from: unknown, to: unknown): boolean {
  return typeof from === "number" && typeof to === "string" && String(from) === to;
}

export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
