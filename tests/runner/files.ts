/** Finds test files. */
import { join, resolve } from "node:path";

const skipped = new Set(["node_modules", "coverage", "dist"]);

/**
 * The test files that the selection names: a file, or a folder with all below it; everything when it is empty.
 * @throws Error for a name that leads nowhere.
 */
export async function findTests(repository: string, selection: readonly string[]): Promise<string[]> {
  const starts = selection.length === 0 ? [repository] : selection.map((name) => resolve(repository, name));
  const found = new Set<string>();
  for (const start of starts) {
    if (!await collect(start, found)) {
      throw new Error(`Cannot test ${start} as it is neither a file nor a folder`);
    }
  }
  return [...found].sort();
}

async function collect(path: string, found: Set<string>): Promise<boolean> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isFile) {
    found.add(path);
    return true;
  }
  if (!info?.isDirectory) return false;
  for await (const entry of Deno.readDir(path)) {
    const inside = join(path, entry.name);
    if (entry.isDirectory && !entry.name.startsWith(".") && !skipped.has(entry.name)) {
      await collect(inside, found);
    } else if (entry.isFile && entry.name.endsWith("_test.ts")) found.add(inside);
  }
  return true;
}
