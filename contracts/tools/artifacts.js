// artifacts: compiles src/ and gives the text of each committed artifact.
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

module.exports = { artifacts, PREDEPLOYS, root };
