// cast and forge, as people type them.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { foundry, run, startChain, temporaryFolder } from "../lib/chain.js";
import { accounts, call, deploy, has, privateKeys, viem } from "../lib/clients.js";
import { contracts, root } from "../lib/compile.js";

const CAST = foundry("cast"), FORGE = foundry("forge");
const [alice, bob] = accounts.map((account) => account.address);
const skip = CAST === null || FORGE === null ? "no Foundry for this machine" : false;

let chain, token, home;
before(async () => {
  if (skip) return;
  chain = await startChain();
  home = temporaryFolder();
  token = await deploy(viem(chain), contracts().Token, ["T", "T", 1000n]);
});
after(() => chain?.stop());

const environment = () => ({ PATH: process.env.PATH, HOME: home, ETH_RPC_URL: chain.url, NO_COLOR: "1" });
async function cast(...args) {
  const end = await run(CAST, args, { env: environment(), timeout: 60_000 });
  assert.equal(end.code, 0, `cast ${args.join(" ")}: ${end.stderr}`);
  return end.stdout.trim();
}
const castFails = async (...args) => {
  const end = await run(CAST, args, { env: environment(), timeout: 60_000 });
  assert.notEqual(end.code, 0);
  return end.stderr;
};

test("cast reads the chain", { skip }, async () => {
  assert.equal(await cast("chain-id"), "31337");
  assert.equal(await cast("block-number"), "1");
  assert.equal(await cast("balance", bob, "--ether"), "10000.000000000000000000");
  assert.equal(await cast("nonce", alice), "1");
  assert.equal(await cast("code", token.address), contracts().Token.deployedBytecode);
  assert.equal(await cast("call", token.address, "balanceOf(address)(uint256)", alice), "1000");
  assert.equal(await cast("storage", token.address, "2"), `0x${(1000).toString(16).padStart(64, "0")}`);
  assert.match(await cast("block", "latest"), /transactions: +\[\s*0x/);
  assert.equal(JSON.parse(await cast("block", "latest", "--json")).number, "0x1");
  assert.match(await cast("gas-price"), /^\d+$/);
  assert.match(await cast("base-fee"), /^\d+$/);
  assert.equal(await cast("rpc", "eth_chainId"), '"0x7a69"');
  assert.match(await cast("client"), /infinity/i);
  assert.equal(JSON.parse(await cast("proof", token.address, "2")).storageProof[0].value, "0x3e8");
  assert.match(await cast("access-list", token.address, "totalSupply()"), /0x/);
  assert.match(await cast("logs", "Transfer(address,address,uint256)", "--address", token.address, "--from-block", "0"), /blockNumber/);
  assert.equal(await cast("estimate", bob, "--value", "1", "--from", alice), "21000");
});

test("cast sends: 1559, legacy, with a key, unlocked; and reads receipts", { skip }, async () => {
  for (const args of [
    [bob, "--value", "1gwei", "--private-key", privateKeys[2]],
    [bob, "--value", "1", "--legacy", "--private-key", privateKeys[2]],
    [bob, "--value", "1", "--unlocked", "--from", accounts[3].address],
    [token.address, "transfer(address,uint256)", bob, "3", "--private-key", privateKeys[0]],
    [token.address, "approve(address,uint256)", bob, "3", "--unlocked", "--from", alice],
  ]) {
    const receipt = JSON.parse(await cast("send", ...args, "--json"));
    assert.equal(receipt.status, "0x1", args.join(" "));
    assert.equal(receipt.type, args.includes("--legacy") ? "0x0" : "0x2");
    assert.equal(JSON.parse(await cast("receipt", receipt.transactionHash, "--json")).blockHash, receipt.blockHash);
    assert.equal(JSON.parse(await cast("tx", receipt.transactionHash, "--json")).hash, receipt.transactionHash);
  }
  assert.equal(await cast("call", token.address, "balanceOf(address)(uint256)", bob), "3");
  assert.match(
    await castFails("send", token.address, "transfer(address,uint256)", bob, "9999", "--private-key", privateKeys[4]), /execution reverted|0xe450d38c/,
  );
  assert.match(await castFails("send", bob, "--value", "999999ether", "--private-key", privateKeys[4]), /[Ii]nsufficient funds/);
});

test("cast run replays a transaction by debug_traceTransaction or by its own means", { skip }, async (t) => {
  if (!(await has(chain, "debug_traceTransaction"))) return t.skip("no debug_traceTransaction");
  const receipt = JSON.parse(await cast("send", token.address, "transfer(address,uint256)", bob, "1", "--private-key", privateKeys[0], "--json"));
  assert.match(await cast("run", receipt.transactionHash, "--quick"), /Transaction successfully executed|Traces/);
});

/** A forge project around the tests' contracts, with the npm compiler as its solc. */
function project() {
  const folder = path.join(home, "project");
  mkdirSync(path.join(folder, "tools"), { recursive: true });
  cpSync(path.join(root, "contracts", "settings.json"), path.join(folder, "settings.json"));
  cpSync(path.join(root, "contracts", "tools", "solc"), path.join(folder, "tools", "solc"));
  symlinkSync(path.join(root, "test", "e2e", "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "foundry.toml"), [
    "[profile.default]", 'src = "src"', 'out = "out"', 'libs = []', 'solc = "tools/solc"', "auto_detect_solc = false",
    "offline = true", 'evm_version = "osaka"', "optimizer = true", "optimizer_runs = 200",
  ].join("\n"));
  mkdirSync(path.join(folder, "src"));
  for (const name of ["Token.sol"]) cpSync(path.join(root, "test", "e2e", "contracts", name), path.join(folder, "src", name));
  mkdirSync(path.join(folder, "script"));
  writeFileSync(path.join(folder, "script", "Deploy.s.sol"), `pragma solidity 0.8.37;
import {Token} from "../src/Token.sol";
interface Vm { function startBroadcast() external; function stopBroadcast() external; }
contract Deploy {
    Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bool public constant IS_SCRIPT = true;
    function run() external {
        vm.startBroadcast();
        Token token = new Token("Scripted", "S", 500);
        token.transfer(address(0x99), 20);
        vm.stopBroadcast();
    }
}
`);
  return folder;
}

test("forge create and forge script deploy and broadcast", { skip }, async () => {
  const cwd = project();
  const forge = (...args) => run(FORGE, args, { cwd, env: environment(), timeout: 120_000 });
  const created = await forge(
    "create", "src/Token.sol:Token", "--broadcast", "--private-key", privateKeys[5], "--constructor-args", "Created", "C", "77",
  );
  assert.equal(created.code, 0, created.stderr + created.stdout);
  const [, address] = /Deployed to: (0x[0-9a-fA-F]{40})/.exec(created.stdout);
  assert.equal(await cast("call", address, "totalSupply()(uint256)"), "77");
  const script = await forge(
    "script", "script/Deploy.s.sol:Deploy", "--rpc-url", chain.url, "--broadcast", "--slow", "--private-key", privateKeys[6],
  );
  assert.equal(script.code, 0, script.stderr + script.stdout);
  const run_ = JSON.parse(readFileSync(path.join(cwd, "broadcast", "Deploy.s.sol", "31337", "run-latest.json"), "utf8"));
  assert.equal(run_.receipts.length, 2);
  assert.ok(run_.receipts.every((receipt) => receipt.status === "0x1"));
  const scripted = run_.transactions[0].contractAddress;
  assert.equal(await cast("call", scripted, "balanceOf(address)(uint256)", "0x0000000000000000000000000000000000000099"), "20");
  assert.equal(await call(chain, "eth_getCode", [scripted, "latest"]), contracts().Token.deployedBytecode);
});
