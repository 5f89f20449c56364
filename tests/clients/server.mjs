// A server of ours, as an operator starts it, which a test may kill and start again at the same port.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const COMMAND = join(ROOT, ".venv", "bin", "ordergraph");
const START_SECONDS = 60;

export class Server {
  static async start() {
    const server = new Server(await mkdtemp(join(tmpdir(), "ordergraph-")), await freePort());
    await promisify(execFile)(COMMAND, ["migrate"], server.options);
    await promisify(execFile)(COMMAND, ["demo", "--orders", "20"], server.options);
    await server.serve();
    return server;
  }

  constructor(folder, port) {
    this.file = join(folder, "of.sqlite3");
    this.folder = folder;
    this.port = port;
    this.url = `http://127.0.0.1:${port}/graphql`;
    this.socketUrl = `ws://127.0.0.1:${port}/graphql`;
    const settings = { ORDERGRAPH_DATABASE_URL: `sqlite://${this.file}`, ORDERGRAPH_LOG_LEVEL: "warning" };
    this.options = { cwd: folder, env: { ...process.env, ...settings } };
  }

  async serve() {
    const options = { ...this.options, stdio: ["ignore", "ignore", "inherit"] };
    this.process = spawn(COMMAND, ["serve", "--port", String(this.port)], options);
    for (const until = Date.now() + START_SECONDS * 1000; Date.now() < until; await sleep(50)) {
      const ready = await fetch(this.url.replace("/graphql", "/readyz")).catch(() => null);
      if (ready?.ok) return;
    }
    throw new Error("the server did not start");
  }

  // `signal` is SIGKILL, which gives it no time to end anything, or SIGTERM.
  async stop(signal) {
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }

  async end() {
    await this.stop("SIGTERM");
    await rm(this.folder, { recursive: true });
  }

  // What the database holds now, and how to go back to it; the server must not run.
  async keep() {
    await copyFile(this.file, `${this.file}.kept`);
  }

  async restore() {
    await rm(`${this.file}-wal`, { force: true });
    await rm(`${this.file}-shm`, { force: true });
    await copyFile(`${this.file}.kept`, this.file);
  }

  async ask(query, variables = {}) {
    const answer = await fetch(this.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}
