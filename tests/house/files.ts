/** The text files of the repository, for tests that read them all. */
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A file, its path relative to the repository with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The root of the repository. */
export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const skippedFolders = new Set(["coverage", "dist", "node_modules"]);

/** Of the hidden folders only these are part of the repository; others are somebody's own. */
const hiddenFolders = new Set([".ci", ".github"]);

/** Every file of the repository that is text. */
export async function readFiles(): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const path of walk(repository)) {
    const text = await Deno.readTextFile(path);
    if (!text.includes("\0")) files.push({ path: relative(repository, path).replaceAll("\\", "/"), text });
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile) yield path;
    else if (entry.isDirectory && isOurs(entry.name)) yield* walk(path);
  }
}

function isOurs(folder: string): boolean {
  return folder.startsWith(".") ? hiddenFolders.has(folder) : !skippedFolders.has(folder);
}

/** True for a file that a program writes: its first lines say so. */
export function isGenerated(file: SourceFile): boolean {
  return /\bgenerated\b/i.test(file.text.split("\n", 3).join("\n"));
}

/** `path:line` of each line that matches. */
export function linesMatching(file: SourceFile, pattern: RegExp): string[] {
  return file.text.split("\n").flatMap((line, index) =>
    pattern.test(line) ? [`${file.path}:${index + 1}`] : []
  );
}
