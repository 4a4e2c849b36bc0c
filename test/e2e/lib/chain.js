// chain: processes under test, each on a free port, each ended by its own pid.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { root } from "./compile.js";

const START_MS = 20_000;
const STOP_MS = 20_000;

export const binary = process.env.INFINITY_BIN ?? path.join(root, "build", "infinity");

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(3));

/** Starts a program. Answers {child, output(), exited: Promise<{code, signal}>}. */
export function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const text = { stdout: "", stderr: "" };
  running.add(child);
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8");
    child[name].on("data", (data) => {
      // A banner and some log lines are all that anyone reads.
      if (text[name].length < 1 << 20) text[name] += data;
    });
  }
  const exited = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      running.delete(child);
      resolve({ code, signal, ...text });
    });
  });
  exited.catch(() => {});
  return { child, text, exited };
}

/** Runs a program to its end. */
export async function run(program, args, options = {}) {
  const { timeout = 60_000, ...rest } = options;
  const { child, exited } = start(program, args, rest);
  const timer = setTimeout(() => child.kill("SIGKILL"), timeout);
  const result = await exited;
  clearTimeout(timer);
  return result;
}

function until(started, pattern) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready: ${JSON.stringify(started.text)}`)), START_MS);
    const look = () => {
      const match = pattern.exec(started.text.stdout);
      if (match === null) return;
      clearTimeout(timer);
      started.child.stdout.off("data", look);
      resolve(match);
    };
    started.child.stdout.on("data", look);
    started.exited.then((end) => {
      clearTimeout(timer);
      reject(new Error(`ended at once: ${JSON.stringify(end)}`));
    }, reject);
  });
}

function handle(started, port) {
  return {
    ...started,
    pid: started.child.pid,
    port,
    url: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    /** Ends it, by SIGINT unless told otherwise; answers how it ended. */
    async stop(signal = "SIGINT") {
      started.child.kill(signal);
      const timer = setTimeout(() => started.child.kill("SIGKILL"), STOP_MS);
      const end = await started.exited;
      clearTimeout(timer);
      return end;
    },
    /** Resident memory in bytes. */
    resident() {
      const status = readFileSync(`/proc/${started.child.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
    },
  };
}

/** `infinity dev` on a free port. */
export async function startChain(args = []) {
  const started = start(binary, ["dev", "--port", "0", ...args]);
  const [, port] = await until(started, /^Listening on (?:127\.0\.0\.1|localhost):(\d+)$/m);
  return handle(started, Number(port));
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A tool of the pinned Foundry; null where there is none for this machine. */
export function foundry(name) {
  const file = path.join(
    root, "test/e2e/node_modules/@foundry-rs", `${name}-linux-amd64`, "bin", name,
  );
  return existsSync(file) && process.arch === "x64" ? file : null;
}

/** anvil, for comparison, with the same rules and account balances. */
export async function startAnvil(args = []) {
  const port = await freePort();
  const started = start(foundry("anvil"), ["--port", String(port), "--hardfork", "osaka", ...args]);
  await until(started, /^Listening on 127\.0\.0\.1:\d+$/m);
  return handle(started, port);
}

/** A folder that is gone when the process ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), "infinity-e2e-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
