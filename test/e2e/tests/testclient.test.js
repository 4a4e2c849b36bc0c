// viem's test client in mode anvil: what test suites do to a development chain.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createTestClient, http, keccak256, pad, parseEther, parseGwei, publicActions, stringToHex } from "viem";
import { startChain } from "../lib/chain.js";
import { accounts, call, chainOf, deploy, eventually, refusal, send, viem } from "../lib/clients.js";
import { contracts } from "../lib/compile.js";

const { Playground } = contracts();
const [alice, bob] = accounts.map((account) => account.address);
const STRANGER = "0x00000000000000000000000000000000000000cc";

let chain, client, play, start;
before(async () => {
  chain = await startChain();
  client = viem(chain);
  play = await deploy(client, Playground);
});
after(() => chain?.stop());
beforeEach(async () => {
  if (start !== undefined) await client.revert({ id: start });
  start = await client.snapshot();
});

test("mine makes so many blocks, so far apart", async () => {
  const before_ = await client.getBlock();
  await client.mine({ blocks: 5, interval: 60 });
  const after_ = await client.getBlock();
  assert.equal(after_.number, before_.number + 5n);
  const previous = await client.getBlock({ blockNumber: after_.number - 1n });
  assert.equal(after_.timestamp - previous.timestamp, 60n);
  await client.mine({ blocks: 1000 });
  assert.equal(await client.getBlockNumber(), before_.number + 1005n);
});

test("setBalance, setNonce, setCode and setStorageAt are seen at once", async () => {
  await client.setBalance({ address: STRANGER, value: parseEther("3") });
  assert.equal(await client.getBalance({ address: STRANGER }), parseEther("3"));
  await client.setNonce({ address: STRANGER, nonce: 300 });
  assert.equal(await client.getTransactionCount({ address: STRANGER }), 300);
  await client.setCode({ address: STRANGER, bytecode: Playground.deployedBytecode });
  assert.equal(await client.readContract({ address: STRANGER, abi: Playground.abi, functionName: "number" }), 0n);
  await client.setStorageAt({ address: STRANGER, index: 0, value: pad("0x2a") });
  assert.equal(await client.readContract({ address: STRANGER, abi: Playground.abi, functionName: "number" }), 42n);
  assert.equal(await client.getStorageAt({ address: STRANGER, slot: "0x0" }), pad("0x2a"));
  assert.equal((await send(client, { address: STRANGER, abi: Playground.abi }, "increment")).status, "success");
  assert.equal(await client.getStorageAt({ address: STRANGER, slot: "0x0" }), pad("0x2b"));
});

test("an impersonated account, a contract too, sends without a key, until that ends", async () => {
  await client.setBalance({ address: play.address, value: parseEther("1") });
  await client.impersonateAccount({ address: play.address });
  const hash = await client.sendTransaction({ account: play.address, to: bob, value: 5n });
  const receipt = await client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success");
  assert.equal(receipt.from.toLowerCase(), play.address);
  assert.equal((await client.getTransaction({ hash })).from.toLowerCase(), play.address);
  await client.stopImpersonatingAccount({ address: play.address });
  await assert.rejects(client.sendTransaction({ account: play.address, to: bob, value: 5n }), /unknown account|No Signer/i);
  await client.request({ method: "anvil_autoImpersonateAccount", params: [true] });
  await client.setBalance({ address: STRANGER, value: parseEther("1") });
  await client.waitForTransactionReceipt({
    hash: await client.sendTransaction({ account: STRANGER, to: bob, value: 5n }),
  });
  await client.request({ method: "anvil_autoImpersonateAccount", params: [false] });
});

test("snapshot and revert restore state, blocks, time and pool; an id is spent by its use", async () => {
  const head = await client.getBlock();
  const balance = await client.getBalance({ address: bob });
  const outer = await client.snapshot();
  await client.sendTransaction({ to: bob, value: 1n });
  const inner = await client.snapshot();
  await client.increaseTime({ seconds: 86400 });
  const last = await client.sendTransaction({ to: bob, value: 1n });
  await client.revert({ id: inner });
  assert.equal(await client.getBalance({ address: bob }), balance + 1n);
  await assert.rejects(client.getTransactionReceipt({ hash: last }), { name: "TransactionReceiptNotFoundError" });
  await client.revert({ id: outer });
  assert.deepEqual(await client.getBlock(), head);
  assert.equal(await client.getBalance({ address: bob }), balance);
  assert.equal(await call(chain, "evm_revert", [outer]), false);
  await client.mine({ blocks: 1 });
  assert.ok((await client.getBlock()).timestamp < head.timestamp + 3600n, "time went back too");
});

test("twenty rounds of snapshot, blocks and revert always come back to the same head", async () => {
  const head = await client.getBlock();
  for (let round = 0; round < 20; round++) {
    const id = await client.snapshot();
    for (let i = 0; i <= round % 4; i++) await send(client, play, "set", [BigInt(i), BigInt(round)]);
    await client.mine({ blocks: (round * 7) % 11 });
    await client.revert({ id });
    assert.equal((await client.getBlock()).hash, head.hash);
    assert.equal(await client.readContract({ ...play, functionName: "values", args: [0n] }), 0n);
  }
});

test("time can be moved, fixed for the next block, and spaced", async () => {
  await client.mine({ blocks: 1 });
  const { timestamp } = await client.getBlock();
  await client.increaseTime({ seconds: 1000 });
  await client.mine({ blocks: 1 });
  const moved = await client.getBlock();
  assert.ok(moved.timestamp >= timestamp + 1000n && moved.timestamp < timestamp + 1100n);
  await client.setNextBlockTimestamp({ timestamp: moved.timestamp + 5000n });
  await client.mine({ blocks: 1 });
  assert.equal((await client.getBlock()).timestamp, moved.timestamp + 5000n);
  const past = await refusal(chain, "evm_setNextBlockTimestamp", [`0x${moved.timestamp.toString(16)}`]);
  assert.notEqual(past.code, "accepted");
  await client.setBlockTimestampInterval({ interval: 7 });
  await client.mine({ blocks: 2 });
  const [a, b] = [await client.getBlock({ blockNumber: (await client.getBlockNumber()) - 1n }), await client.getBlock()];
  assert.equal(b.timestamp - a.timestamp, 7n);
  await client.removeBlockTimestampInterval();
});

test("gas limit, base fee, minimum gas price and coinbase of the next block are set", async () => {
  await client.setBlockGasLimit({ gasLimit: 12_345_678n });
  await client.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei("13") });
  await client.setCoinbase({ address: STRANGER });
  await client.mine({ blocks: 1 });
  const block = await client.getBlock();
  assert.equal(block.gasLimit, 12_345_678n);
  assert.equal(block.baseFeePerGas, parseGwei("13"));
  assert.equal(block.miner.toLowerCase(), STRANGER);
  await client.mine({ blocks: 1 });
  assert.ok((await client.getBlock()).baseFeePerGas < parseGwei("13"), "only the next block's fee was set");
});

test("without automine transactions wait, can be dropped, and a block takes the rest by fee", async () => {
  await client.setAutomine(false);
  assert.equal(await client.getAutomine(), false);
  const head = await client.getBlockNumber();
  const cheap = await client.sendTransaction({ to: bob, value: 1n, maxFeePerGas: parseGwei("5"), maxPriorityFeePerGas: 1n, gas: 21000n });
  const other = viem(chain, 1);
  const dear = await other.sendTransaction({ to: alice, value: 1n, maxFeePerGas: parseGwei("50"), maxPriorityFeePerGas: parseGwei("9"), gas: 21000n });
  const third = viem(chain, 2);
  const dropped = await third.sendTransaction({ to: alice, value: 1n, gas: 21000n });
  assert.equal(await client.getBlockNumber(), head);
  assert.equal((await client.getTransaction({ hash: cheap })).blockNumber, null);
  assert.deepEqual(await client.getTxpoolStatus(), { pending: 3, queued: 0 });
  assert.equal(await client.getTransactionCount({ address: alice, blockTag: "pending" }) -
    await client.getTransactionCount({ address: alice }), 1);
  assert.equal((await client.getBlock({ blockTag: "pending" })).transactions.length, 3);
  await client.dropTransaction({ hash: dropped });
  await client.mine({ blocks: 1 });
  assert.deepEqual((await client.getBlock()).transactions, [dear, cheap]);
  await client.setAutomine(true);
  await assert.rejects(client.getTransaction({ hash: dropped }), { name: "TransactionNotFoundError" });
});

test("a gap in nonces waits in the queue until it is filled", async () => {
  const other = viem(chain, 3);
  const nonce = await other.getTransactionCount({ address: accounts[3].address });
  const later = await other.sendTransaction({ to: bob, value: 1n, nonce: nonce + 1, gas: 21000n });
  assert.equal((await client.getTxpoolStatus()).queued, 1);
  const content = await client.getTxpoolContent();
  assert.equal(Object.keys(content.queued).length, 1);
  const first = await other.sendTransaction({ to: bob, value: 1n, nonce, gas: 21000n });
  for (const hash of [first, later]) {
    assert.equal((await client.waitForTransactionReceipt({ hash })).status, "success");
  }
});

test("interval mining makes blocks by itself, and 0 ends it", async () => {
  await client.setIntervalMining({ interval: 1 });
  const head = await client.getBlockNumber();
  await eventually(async () => (await client.getBlockNumber()) >= head + 2n, "two blocks");
  await client.setIntervalMining({ interval: 0 });
  const then = await client.getBlockNumber();
  await new Promise((resolve) => setTimeout(resolve, 1300));
  assert.equal(await client.getBlockNumber(), then);
  await client.setAutomine(true);
});

test("a removed block's number is used again, its transactions and logs are gone", async () => {
  const id = await client.snapshot();
  const gone = await send(client, play, "increment");
  await client.revert({ id });
  await client.mine({ blocks: 1 });
  const block = await client.getBlock({ blockNumber: gone.blockNumber });
  assert.notEqual(block.hash, gone.blockHash);
  assert.equal(await call(chain, "eth_getTransactionReceipt", [gone.transactionHash]), null);
  await assert.rejects(
    call(chain, "eth_call", [{ to: bob }, { blockHash: gone.blockHash, requireCanonical: true }]), /not currently canonical/,
  );
});

test("hardhat_ and evm_ names do the same", async () => {
  await call(chain, "hardhat_setBalance", [STRANGER, "0x5"]);
  assert.equal(await client.getBalance({ address: STRANGER }), 5n);
  const height = await client.getBlockNumber();
  await call(chain, "hardhat_mine", ["0x3", "0x5"]);
  await call(chain, "evm_mine", []);
  await call(chain, "anvil_mine", []);
  assert.equal(await client.getBlockNumber(), height + 5n);
  await call(chain, "hardhat_setPrevRandao", [keccak256(stringToHex("x"))]);
  await call(chain, "evm_mine", []);
  assert.equal((await client.getBlock()).mixHash, keccak256(stringToHex("x")));
  const hardhat = createTestClient({ chain: chainOf(chain), mode: "hardhat", transport: http(chain.url) }).extend(publicActions);
  await hardhat.setCode({ address: STRANGER, bytecode: "0x60" });
  assert.equal(await hardhat.getCode({ address: STRANGER }), "0x60");
});

test("reset goes back to genesis", async () => {
  const genesis = await client.getBlock({ blockNumber: 0n });
  await client.reset();
  const head = await client.getBlock();
  assert.equal(head.number, 0n);
  assert.equal(head.hash, genesis.hash);
  assert.equal(await client.getBalance({ address: alice }), parseEther("10000"));
  play = await deploy(client, Playground);
  assert.equal(play.receipt.blockNumber, 1n);
  start = undefined;
});
