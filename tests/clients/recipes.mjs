// The recipes of docs/frontends.md: each block whose first line names a file is a module.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { WebSocket } from "ws";
import { ROOT } from "./server.mjs";

const BLOCK = /^```js\n\/\/ (\S+\.mjs)\n([\s\S]*?)^```$/gm;
// Below node_modules, so that a recipe finds the packages as a front end does.
const FOLDER = fileURLToPath(new URL("./node_modules/.recipes", import.meta.url));

// Browsers have it, and Node from version 22 on.
globalThis.WebSocket = WebSocket;

const page = await readFile(join(ROOT, "docs", "frontends.md"), "utf8");
await mkdir(FOLDER, { recursive: true });
export const recipes = new Map();
for (const [, name, text] of page.matchAll(BLOCK)) {
  await writeFile(join(FOLDER, name), text);
  recipes.set(name, pathToFileURL(join(FOLDER, name)).href);
}

export function recipe(name) {
  if (!recipes.has(name)) throw new Error(`docs/frontends.md has no ${name}`);
  return import(recipes.get(name));
}
