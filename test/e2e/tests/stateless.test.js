// Blocks of a running chain, each executed once more in the machine: by guest/programs/block_stf, on the
// inputs that the node gives for them.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { encodeFunctionData, parseEther, toHex, toRlp } from "viem";
import { binary, run, startChain } from "../lib/chain.js";
import { accounts, call, deploy, refusal, viem } from "../lib/clients.js";
import { contracts, root } from "../lib/compile.js";

const { Token, Playground } = contracts();
const image = path.join(root, "guest/programs/block_stf.elf");
const SENDERS = 10;
const EACH = 10;

let chain, client, directory;
before(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "infinity-stateless-"));
  chain = await startChain();
  client = viem(chain);
});
after(async () => {
  await chain?.stop();
  rmSync(directory, { recursive: true, force: true });
});

// The program's end on these inputs.
async function runProgram({ onchain, offchain }) {
  const files = { onchain, offchain, output: "0x" };
  for (const name of Object.keys(files)) {
    writeFileSync(path.join(directory, name), Buffer.from(files[name].slice(2), "hex"));
  }
  const { stderr } = await run(binary, [
    "machine", "run", image, "--json", "--onchain", `@${directory}/onchain`, "--offchain", `@${directory}/offchain`,
    "--output", path.join(directory, "output"),
  ]);
  const end = JSON.parse(stderr.trim().split("\n").at(-1));
  return { ...end, output: toHex(readFileSync(path.join(directory, "output"))) };
}

// Runs the block in the machine, compares, and answers its cycles and gas.
async function prove(number) {
  const block = await client.getBlock({ blockNumber: number });
  const job = await call(chain, "debug_statelessJob", [toHex(number)]);
  const end = await runProgram(job);
  assert.equal(end.status, "exit", `block ${number}`);
  assert.equal(end.code, 0, `block ${number}`);
  const words = [block.hash, block.stateRoot, block.receiptsRoot, toHex(block.gasUsed, { size: 8 })];
  assert.equal(end.output.slice(0, 2 + 2 * 104), `0x${words.map((word) => word.slice(2)).join("")}`);
  return { job, cycles: end.cycles, gas: Number(block.gasUsed), txs: block.transactions.length };
}

// Transactions of all senders in one block.
async function oneBlock(name, request) {
  await client.setAutomine(false);
  for (let round = 0; round < EACH; round++) {
    for (let i = 0; i < SENDERS; i++) await viem(chain, i).sendTransaction(request(i, round));
  }
  await client.mine({ blocks: 1 });
  await client.setAutomine(true);
  const result = await prove(await client.getBlockNumber());
  assert.equal(result.txs, SENDERS * EACH);
  console.log(`${name}: ${result.txs} transactions, ${result.gas} gas, ${result.cycles} cycles, ` +
    `${(result.cycles / result.gas).toFixed(1)} cycles per gas`);
  return result;
}

const fresh = (i, round) => `0x${(0x1000000 + 100 * i + round).toString(16).padStart(40, "f")}`;

test("every block so far runs in the machine", async () => {
  const token = await deploy(client, Token, ["A", "B", parseEther("1000000")]);
  const play = await deploy(client, Playground, [], { value: parseEther("1") });
  for (const [functionName, args] of [
    ["setMany", [0n, 20n, 1n]], ["setMany", [0n, 20n, 0n]], ["recurse", [20n]], ["burn", [300n]], ["world", []],
  ]) {
    const data = encodeFunctionData({ abi: Playground.abi, functionName, args });
    const hash = await client.sendTransaction({ to: play.address, data });
    await client.waitForTransactionReceipt({ hash });
  }
  const head = await client.getBlockNumber();
  assert.ok(head >= 7n);
  for (let number = 1n; number <= head; number++) await prove(number);
  assert.ok(token.address);
});

test("a block of transfers runs in the machine", async () => {
  await oneBlock("transfers", (i, round) => ({ to: fresh(i, round), value: 1n, gas: 21_000n }));
});

test("a block of token transfers runs in the machine, and no other witness does", async () => {
  const token = await deploy(client, Token, ["A", "B", parseEther("1000000")]);
  for (let i = 1; i < SENDERS; i++) {
    const data = encodeFunctionData({ abi: Token.abi, functionName: "transfer", args: [accounts[i].address, 1000n] });
    await client.waitForTransactionReceipt({ hash: await client.sendTransaction({ to: token.address, data }) });
  }
  const { job } = await oneBlock("token transfers", (i, round) => ({
    to: token.address, gas: 80_000n,
    data: encodeFunctionData({ abi: Token.abi, functionName: "transfer", args: [fresh(i, round), 1n] }),
  }));
  const bytes = Buffer.from(job.offchain.slice(2), "hex");
  for (let k = 1; k <= 8; k++) {
    const at = bytes.length - 1 - Math.floor((bytes.length * k) / 40); // behind the block: in the witness
    const changed = Buffer.from(bytes);
    changed[at] ^= 1;
    const end = await runProgram({ onchain: job.onchain, offchain: `0x${changed.toString("hex")}` });
    assert.equal(end.status, "exit");
    assert.notEqual(end.code, 0, `byte ${at} changed`);
    assert.equal(end.output, "0x");
  }
});

test("the witness alone, as other clients give it, makes the same input", async () => {
  const job = await call(chain, "debug_statelessJob", ["latest"]);
  const witness = await call(chain, "debug_executionWitness", ["latest"]);
  const block = await call(chain, "debug_getRawBlock", ["latest"]);
  const strings = [witness.state, witness.codes].map((list) => toRlp(list).slice(2));
  const list = (payload) => {
    // A header in front of items that are encoded already.
    const size = payload.length / 2;
    if (size < 56) return (0xc0 + size).toString(16) + payload;
    const digits = size.toString(16);
    const length = digits.length % 2 === 0 ? digits : `0${digits}`;
    return (0xf7 + length.length / 2).toString(16) + length + payload;
  };
  const headers = list(witness.headers.map((header) => header.slice(2)).join(""));
  const input = `0x${list(block.slice(2) + list(strings.join("") + headers))}`;
  assert.equal(input, job.offchain);
  assert.ok(witness.keys.length > 0);
});

test("a block that no Ethereum chain could have has no witness", async () => {
  await client.setNextBlockBaseFeePerGas({ baseFeePerGas: 7n });
  await client.mine({ blocks: 1 });
  const { message } = await refusal(chain, "debug_executionWitness", ["latest"]);
  assert.match(message, /not valid by Ethereum's rules alone/);
});
