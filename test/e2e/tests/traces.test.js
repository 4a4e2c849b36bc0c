// Traces and simulated blocks, as viem and explorers ask for them; calls, touched accounts and steps are
// compared with anvil's for the same transactions.
//
// Left out of that comparison is what anvil 1.7.1 does otherwise than geth: the gas that a call was given,
// which at the outermost is less the intrinsic gas there, and the words of errors.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encodeAbiParameters, encodeFunctionData, concat, pad, parseEther, toHex } from "viem";
import { foundry, startAnvil, startChain } from "../lib/chain.js";
import { accounts, call, deploy, viem } from "../lib/clients.js";
import { contracts } from "../lib/compile.js";

const { Token, Playground } = contracts();
const anvil = foundry("anvil") !== null;
const [alice, bob] = accounts.map((account) => account.address);
const tokenCode = concat([Token.bytecode, encodeAbiParameters([{ type: "string" }, { type: "string" }, { type: "uint256" }], ["A", "B", 5n])]);
const word = (value) => pad(toHex(value));

let chains, clients, plays;
before(async () => {
  chains = await Promise.all([startChain(), ...(anvil ? [startAnvil(["--steps-tracing"])] : [])]);
  clients = chains.map((chain) => viem(chain));
  plays = await Promise.all(clients.map((client) => deploy(client, Playground, [], { value: parseEther("3") })));
});
after(() => Promise.all((chains ?? []).map((chain) => chain.stop())));

const data = (functionName, args = []) => encodeFunctionData({ abi: Playground.abi, functionName, args });
const play = (functionName, args) => ({ to: plays[0].address, data: data(functionName, args), gas: 5_000_000n });

const cases = () => [
  ["a transfer", { to: bob, value: 1n, gas: 21_000n }],
  ["a slot that is set", play("set", [1n, 5n])],
  ["a log", play("log", [2n, 9n, "0x112233"])],
  ["a revert", play("failRequire", [])],
  ["an invalid instruction", play("failInvalid", [])],
  ["a caught revert", play("caught", [4n])],
  ["recursion", play("recurse", [5n])],
  ["create", play("create", [tokenCode])],
  ["create2", play("create2", [tokenCode, word(9n)])],
  ["a precompile", play("precompile", [pad("0x02", { size: 20 }), "0x6162"])],
  ["value sent on", play("send", ["0x00000000000000000000000000000000000000f1", 1n])],
  ["a deployment", { data: tokenCode, gas: 5_000_000n }],
];

async function send(client, request) {
  const hash = await client.sendTransaction(request);
  return client.waitForTransactionReceipt({ hash });
}

const trace = (chain, hash, tracer, tracerConfig = {}) => call(chain, "debug_traceTransaction", [hash, { tracer, tracerConfig }]);

/** What both nodes have to say of a call, and of the calls within it. */
const calls = ({ type, from, to, input, output, error, value, gasUsed, calls: inner }, depth = 0) => ({
  type, from, to, input, output: output ?? "0x", failed: error !== undefined, value: BigInt(value ?? 0),
  gasUsed: BigInt(gasUsed), calls: (inner ?? []).map((one) => calls(one, depth + 1)),
});

test("each kind of transaction has the same calls and accounts as on anvil", { skip: anvil ? false : "no anvil for this machine" }, async (t) => {
  for (const [name, request] of cases()) {
    await t.test(name, async () => {
      const receipts = await Promise.all(clients.map((client) => send(client, request)));
      const ask = (tracer, config) => Promise.all(chains.map((chain, i) => trace(chain, receipts[i].transactionHash, tracer, config)));
      const [ours, theirs] = await ask("callTracer", {});
      assert.deepEqual(calls(ours), calls(theirs));
      assert.equal(BigInt(ours.gas), request.gas);
      const touched = await ask("prestateTracer", { includeEmpty: true });
      // Blocks of development chains pay different accounts.
      const rest = await Promise.all(touched.map(async (answer, i) => {
        const { miner } = await clients[i].getBlock();
        return Object.keys(answer).filter((address) => address !== miner.toLowerCase()).sort();
      }));
      assert.deepEqual(rest[0], rest[1]);
      const selectors = await ask("4byteTracer", {});
      assert.deepEqual(selectors[0], selectors[1]);
    });
  }
});

test("struct logs take the steps that anvil takes", { skip: anvil ? false : "no anvil for this machine" }, async () => {
  const receipts = await Promise.all(clients.map((client) => send(client, play("recurse", [2n]))));
  const logs = await Promise.all(chains.map((chain, i) => call(chain, "debug_traceTransaction", [receipts[i].transactionHash, {}])));
  const view = (answer) => answer.structLogs.map(({ pc, op, gas, depth }) => `${depth} ${pc} ${op} ${gas}`);
  assert.ok(logs[0].structLogs.length > 100);
  assert.deepEqual(view(logs[0]), view(logs[1]));
  assert.equal(logs[0].failed, false);
});

test("a diff is what changed, and nothing else", async () => {
  const { transactionHash } = await send(clients[0], play("set", [50n, 5n]));
  const { pre, post } = await trace(chains[0], transactionHash, "prestateTracer", { diffMode: true });
  const contract = plays[0].address.toLowerCase();
  assert.deepEqual(Object.values(post[contract].storage), [word(5n)]);
  assert.equal(pre[contract].storage, undefined);
  assert.equal(post[alice.toLowerCase()].nonce, pre[alice.toLowerCase()].nonce + 1);
  const after = await clients[0].getBalance({ address: alice });
  assert.equal(BigInt(post[alice.toLowerCase()].balance), after);
});

test("a list of calls names its places, and several tracers run at once", async () => {
  const receipt = await send(clients[0], play("recurse", [3n]));
  const all = await trace(chains[0], receipt.transactionHash, "muxTracer", { flatCallTracer: {}, callTracer: { withLog: true }, noopTracer: {} });
  assert.deepEqual(all.noopTracer, {});
  const places = all.flatCallTracer.map(({ traceAddress }) => traceAddress.join("."));
  assert.equal(new Set(places).size, places.length);
  assert.equal(places[0], "");
  const count = (frame) => 1 + (frame.calls ?? []).reduce((sum, one) => sum + count(one), 0);
  assert.equal(places.length, count(all.callTracer));
  for (const one of all.flatCallTracer) assert.equal(one.transactionHash, receipt.transactionHash);
});

test("a block's traces are those of its transactions", async () => {
  const [client] = clients;
  await client.setAutomine(false);
  const hashes = [];
  for (const value of [1n, 2n, 3n]) hashes.push(await client.sendTransaction(play("set", [60n, value])));
  await client.mine({ blocks: 1 });
  await client.setAutomine(true);
  const { number, hash } = await client.getBlock();
  for (const [method, block] of [["debug_traceBlockByNumber", toHex(number)], ["debug_traceBlockByHash", hash]]) {
    const answers = await call(chains[0], method, [block, { tracer: "callTracer" }]);
    assert.deepEqual(answers.map(({ txHash }) => txHash), hashes);
    for (const { txHash, result } of answers) assert.deepEqual(result, await trace(chains[0], txHash, "callTracer"));
  }
});

test("debug_traceCall takes overrides", async () => {
  const request = { from: alice, to: bob, input: "0x" };
  const answer = await call(chains[0], "debug_traceCall", [request, "latest", {
    tracer: "callTracer", stateOverrides: { [bob]: { code: "0x4260005260206000f3" } }, blockOverrides: { time: "0x7fffffff" },
  }]);
  assert.equal(BigInt(answer.output), 0x7fffffffn);
});

test("viem simulates blocks: transfers, overrides, reverts", async () => {
  const [client] = clients;
  const { number, hash } = await client.getBlock();
  const [first, second] = await client.simulateBlocks({
    traceTransfers: true,
    blocks: [
      { stateOverrides: [{ address: bob, balance: parseEther("77") }], calls: [{ account: bob, to: alice, value: parseEther("5") }] },
      {
        blockOverrides: { time: 0x7fffffffn },
        calls: [{ account: alice, to: plays[0].address, data: data("failRequire") }, { account: alice, to: plays[0].address, abi: Playground.abi, functionName: "log", args: [2n, 9n, "0x"] }],
      },
    ],
  });
  assert.equal(first.parentHash, hash);
  assert.equal(first.calls[0].status, "success");
  assert.equal(first.calls[0].logs[0].address, "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
  assert.equal(BigInt(first.calls[0].logs[0].data), parseEther("5"));
  assert.equal(second.number, number + 2n);
  assert.equal(second.timestamp, 0x7fffffffn);
  assert.equal(second.calls[0].status, "failure");
  assert.match(second.calls[0].error.message, /revert/);
  assert.equal(second.calls[1].status, "success");
  assert.equal(second.calls[1].logs.length, 1);
  assert.equal(await client.getBlockNumber(), number);
});

test("a block that was made, simulated on its parent, is that block", async () => {
  const [client] = clients;
  const request = { ...play("set", [70n, 7n]), maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n };
  const nonce = await client.getTransactionCount({ address: alice });
  const receipt = await send(client, request);
  const made = await call(chains[0], "eth_getBlockByHash", [receipt.blockHash, false]);
  const [simulated] = await call(chains[0], "eth_simulateV1", [{
    validation: true,
    blockStateCalls: [{
      blockOverrides: { time: made.timestamp, feeRecipient: made.miner, prevRandao: made.mixHash, beaconRoot: made.parentBeaconBlockRoot },
      calls: [{
        from: alice, to: request.to, input: request.data, gas: toHex(request.gas), nonce: toHex(nonce),
        maxFeePerGas: toHex(request.maxFeePerGas), maxPriorityFeePerGas: "0x1",
      }],
    }],
  }, toHex(receipt.blockNumber - 1n)]);
  // What nobody signed has another hash, and so has the block.
  for (const field of Object.keys(made)) {
    if (["hash", "transactions", "transactionsRoot", "size", "extraData"].includes(field)) continue;
    assert.deepEqual(simulated[field], made[field], field);
  }
});
