/** YAML as Patroni and Spilo read it. */
import { stringify } from "yaml";

/** Texts that one generation remembers: passes over a cluster ask for its few documents again and again. */
const GENERATION = 128;

/** Texts by their values as JSON, in two generations as in `kube/string_pool.ts`: what is not asked for any more goes. */
let young = new Map<string, string>();
let old = new Map<string, string>();

/** Texts are quoted where YAML would take them for something else; keys keep their order. Values are plain data. */
export function yaml(value: unknown): string {
  // To write YAML costs a hundred times as much as JSON.
  const key = JSON.stringify(value);
  const known = young.get(key);
  if (known !== undefined) return known;
  const text = old.get(key) ?? written(value);
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  young.set(key, text);
  return text;
}

function written(value: unknown): string {
  return stringify(value, {
    aliasDuplicateObjects: false,
    lineWidth: 0,
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "PLAIN",
  });
}
