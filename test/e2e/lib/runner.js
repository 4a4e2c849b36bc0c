// runner: runs tests/*.test.js, two files at a time, and sums up in the way of all runners here.
import { readdirSync } from "node:fs";
import path from "node:path";
import { run } from "node:test";
import { fileURLToPath } from "node:url";
import { contracts } from "./compile.js";

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../tests");
const FILE_TIMEOUT_MS = Number(process.env.INFINITY_TEST_FULL ?? 0) > 0 ? 3_600_000 : 280_000;

const wanted = process.argv.slice(2);
const known = readdirSync(folder).filter((name) => name.endsWith(".test.js")).sort();
const names = wanted.length === 0 ? known : wanted.map((name) => `${name.replace(/\.test\.js$/, "")}.test.js`);
for (const name of names) {
  if (known.includes(name)) continue;
  console.error(`e2e: there is no tests/${name}; there are ${known.join(", ")}`);
  process.exit(2);
}
contracts(); // once, before several files want them

const counts = { passed: 0, failed: 0, skipped: 0 };
const files = names.map((name) => path.join(folder, name));

function explain(error) {
  const cause = error?.cause ?? error;
  const text = typeof cause === "string" ? cause : cause?.stack ?? String(cause);
  return text.split("\n").slice(0, 30).map((line) => `    ${line.slice(0, 400)}`).join("\n");
}

// A file is reported as a test too: only its failure to load or to end counts.
const isFile = (data) => data.nesting === 0 && files.some((file) => data.name === file || file.endsWith(data.name));

function count(kind, data) {
  const milliseconds = Math.round(data.details?.duration_ms ?? 0);
  if (data.details?.type === "suite") return;
  if (kind !== "failed" && isFile(data)) return;
  if (kind === "failed" && data.details?.error?.failureType === "subtestsFailed") return;
  counts[kind]++;
  const mark = { passed: "ok  ", failed: "FAIL", skipped: "skip" }[kind];
  const why = typeof data.skip === "string" ? ` (${data.skip})` : "";
  const file = path.basename(data.file ?? "", ".test.js");
  console.log(`${mark} ${file ? `${file}: ` : ""}${data.name}${why} ${milliseconds} ms`);
  if (kind === "failed") console.log(explain(data.details?.error));
}

const stream = run({ files, concurrency: 2, timeout: FILE_TIMEOUT_MS });
stream.on("test:pass", (data) => {
  const skipped = data.skip !== undefined && data.skip !== false;
  count(skipped ? "skipped" : "passed", data);
});
stream.on("test:fail", (data) => count("failed", data));
stream.on("test:stderr", (data) => {
  if (process.env.E2E_VERBOSE) process.stderr.write(data.message);
});
stream.on("end", () => {
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
});
stream.resume();
