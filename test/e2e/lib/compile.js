// compile: contracts/*.sol with the pinned compiler, once for each state of the sources.
//
// The settings are those of contracts/settings.json; the output lies under build/ and is not committed.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import path from "node:path";

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "../../..");
export const scratch = path.join(root, "build", "e2e");
const folder = path.resolve(here, "../contracts");

function readSources() {
  const names = readdirSync(folder).filter((name) => name.endsWith(".sol")).sort();
  return Object.fromEntries(
    names.map((name) => [name, { content: readFileSync(path.join(folder, name), "utf8") }]),
  );
}

function compile(sources, settings) {
  const solc = createRequire(import.meta.url)("solc");
  const input = {
    language: "Solidity",
    sources,
    // Tests read revert strings, which the predeploys do without.
    settings: {
      ...settings,
      debug: { revertStrings: "default" },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join("\n"));
  const contracts = {};
  for (const file of Object.values(output.contracts)) {
    for (const [name, contract] of Object.entries(file)) {
      contracts[name] = {
        abi: contract.abi,
        bytecode: `0x${contract.evm.bytecode.object}`,
        deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
      };
    }
  }
  return contracts;
}

/** Name to {abi, bytecode, deployedBytecode} of every contract in contracts/. */
export function contracts() {
  const sources = readSources();
  const settings = JSON.parse(readFileSync(path.join(root, "contracts", "settings.json"), "utf8"));
  const key = createHash("sha256").update(JSON.stringify([sources, settings])).digest("hex").slice(0, 16);
  const file = path.join(scratch, `contracts-${key}.json`);
  if (!existsSync(file)) {
    mkdirSync(scratch, { recursive: true });
    const text = JSON.stringify(compile(sources, settings));
    writeFileSync(`${file}.${process.pid}`, text);
    renameSync(`${file}.${process.pid}`, file);
  }
  return JSON.parse(readFileSync(file, "utf8"));
}

/** An artifact of the coprocessor's contracts, as committed. */
export function artifact(name) {
  const { abi, creationCode } = JSON.parse(
    readFileSync(path.join(root, "contracts", "artifacts", `${name}.json`), "utf8"),
  );
  return { abi, bytecode: creationCode };
}
