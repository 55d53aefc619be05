/** Amounts of resources, as Kubernetes writes them. */
import { Recent } from "./recent.ts";

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The value of a Kubernetes quantity (`250m`, `1.5Gi`, `2e3`, 4), or undefined when it is none. */
export function parseQuantity(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  return value.length > REMEMBERED_LENGTH ? read(value) : recent.get(value, () => read(value));
}

/** There are few amounts in a fleet, and each is read again in every pass. */
const recent = new Recent<number | undefined>(256);
/** Longer ones are nobody's amounts: they shall not fill the memory. */
const REMEMBERED_LENGTH = 24;

function read(value: string): number | undefined {
  const parts = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.exec(
    value,
  );
  const factor = SUFFIXES[parts?.[2] ?? ""];
  if (parts === null || factor === undefined) return undefined;
  const product = Number(parts[1]) * factor;
  // "0.1" times 1 and "100m" must meet: fifteen significant digits tell bytes of a pebibyte apart.
  return Number(product.toPrecision(15));
}
