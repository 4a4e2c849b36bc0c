#!/usr/bin/env node
// artifacts: compiles src/ and writes artifacts/ (`write`), or compares them with what is there and
// src/Limits.sol with src/job/limits.h (`check`).
"use strict";
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const root = path.join(__dirname, "..");
const PREDEPLOYS = { ProgramRegistry: 1, JobManager: 2, ResultProposers: 3 };
const LICENSE_MISSING = "1878"; // the repository has one licence, files do not repeat it

function sources(folder) {
  const found = {};
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) Object.assign(found, sources(name));
    else if (name.endsWith(".sol")) found[name] = { content: fs.readFileSync(path.join(root, name), "utf8") };
  }
  return found;
}

function compile() {
  const settings = JSON.parse(fs.readFileSync(path.join(root, "settings.json"), "utf8"));
  const outputs = ["abi", "evm.bytecode.object", "evm.deployedBytecode", "evm.methodIdentifiers", "storageLayout"];
  const input = {
    language: "Solidity",
    sources: sources("src"),
    settings: { ...settings, outputSelection: { "*": { "*": outputs } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const problems = (output.errors || []).filter((e) => e.errorCode !== LICENSE_MISSING);
  if (problems.length > 0) throw new Error(problems.map((e) => e.formattedMessage).join("\n"));
  return output.contracts;
}

// The slots as the genesis builder needs them: name, slot, offset and type in words.
function layout(storage) {
  return storage.storage.map((variable) => ({
    name: variable.label,
    slot: Number(variable.slot),
    offset: variable.offset,
    type: storage.types[variable.type].label,
  }));
}

function artifact(name, contract) {
  const runtime = contract.evm.deployedBytecode;
  if (Object.keys(runtime.immutableReferences || {}).length > 0 && name in PREDEPLOYS)
    throw new Error(`${name} has immutables: genesis runs no constructor`);
  const address = name in PREDEPLOYS ? "0x1f" + String(PREDEPLOYS[name]).padStart(38, "0") : undefined;
  return {
    name,
    address,
    abi: contract.abi,
    storageLayout: layout(contract.storageLayout),
    creationCode: name in PREDEPLOYS ? undefined : "0x" + contract.evm.bytecode.object,
    runtimeCode: "0x" + runtime.object,
  };
}

// file name -> text, for each contract that has code and for the interfaces that others call.
function artifacts() {
  const wanted = /^(ProgramRegistry|JobManager|ResultProposers|IConsumer|[A-Z][A-Za-z0-9]*Consumer)$/;
  const found = {};
  for (const file of Object.values(compile())) {
    for (const [name, contract] of Object.entries(file)) {
      if (!wanted.test(name)) continue;
      const value = artifact(name, contract);
      if (value.runtimeCode === "0x") {
        delete value.creationCode;
        delete value.runtimeCode;
        delete value.storageLayout;
        if (name !== "IConsumer") continue;
      }
      found[name + ".json"] = JSON.stringify(value, null, 1) + "\n";
    }
  }
  return found;
}

function write() {
  fs.mkdirSync(folder, { recursive: true });
  for (const old of committed()) fs.unlinkSync(path.join(folder, old));
  for (const [name, text] of Object.entries(artifacts())) {
    fs.writeFileSync(path.join(folder, name), text);
    console.log(`contracts/artifacts/${name}: ${text.length} bytes`);
  }
}

function committed() {
  return fs.readdirSync(folder).filter((name) => name.endsWith(".json"));
}

function check() {
  const built = artifacts();
  const faults = [];
  for (const name of new Set([...Object.keys(built), ...committed()])) {
    const file = path.join(folder, name);
    if (!fs.existsSync(file)) faults.push(`contracts/artifacts/${name} is not committed`);
    else if (fs.readFileSync(file, "utf8") !== built[name])
      faults.push(`contracts/artifacts/${name} is not what src/ compiles to: run contracts/build`);
  }
  return [...faults, ...checkLimits(), ...checkSettings()];
}

// A number that both files define has one value.
function checkLimits() {
  const read = (file, pattern) => {
    const text = fs.readFileSync(path.join(root, file), "utf8");
    return new Map([...text.matchAll(pattern)].map((m) => [m[1], Number(m[2].replaceAll("_", ""))]));
  };
  const solidity = read("src/Limits.sol", /constant ([A-Z_]+) = ([0-9_]+);/g);
  const c = read("../src/job/limits.h", /#define ([A-Z_]+) +(?:\(\(\w+\)|UINT64_C\()([0-9]+)\)/g);
  const faults = [];
  for (const [name, value] of solidity)
    if (c.get(name) !== value) faults.push(`${name} is ${value} in Limits.sol and ${c.get(name)} in limits.h`);
  if (solidity.size < 15) faults.push("src/Limits.sol: found too few constants");
  return faults;
}

// forge executes by the fork that the code is compiled for.
function checkSettings() {
  const { evmVersion } = JSON.parse(fs.readFileSync(path.join(root, "settings.json"), "utf8"));
  const toml = fs.readFileSync(path.join(root, "foundry.toml"), "utf8");
  if (toml.includes(`evm_version = "${evmVersion}"`)) return [];
  return [`foundry.toml does not say evm_version = "${evmVersion}"`];
}

const folder = path.join(root, "artifacts");
const command = process.argv[2];
if (command === "write") {
  write();
} else if (command === "check") {
  const faults = check();
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
} else {
  console.error("usage: artifacts write|check");
  process.exitCode = 2;
}
