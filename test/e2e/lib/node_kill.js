// node_kill: see test/crash/node_kill. What a killed node must keep:
//  - every block that it reported by a receipt, with its transaction;
//  - a head whose state root proves the accounts that it shows;
//  - every job that was requested: it ends, and exactly once.
import assert from "node:assert/strict";
import { parseEventLogs } from "viem";
import { artifact, contracts } from "./compile.js";
import { call, callEach, accounts, deploy, eventually, viem } from "./clients.js";
import { startChain, temporaryFolder } from "./chain.js";
import { checkProof } from "./proof.js";

const FULL = Number(process.env.INFINITY_TEST_FULL ?? 0) > 0;
const rounds = Number(process.argv[2] ?? (FULL ? 200 : 20));
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const JOB_MANAGER = "0x1f00000000000000000000000000000000000002";
const LIMITS = { maxCycles: 1_000_000n, deadline: 1_000_000_000n, callbackGas: 200_000n };
const LIVE_MS = 400; // at most, between start and kill
const manager = { address: JOB_MANAGER, abi: artifact("JobManager").abi };

// mulberry32
let state = seed;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

const folder = temporaryFolder();
const reported = new Map(); // transaction hash to {blockHash, blockNumber}
const jobs = new Set();
let asker, sqrt;

/** Sends transfers or requests from one account until the node is gone. */
async function load(chain, index) {
  const client = viem(chain, index);
  for (;;) {
    const isJob = index % 2 === 0;
    const hash = isJob
      ? await client.writeContract({
        ...asker, functionName: "askMany", args: [sqrt, `0x${"00".repeat(31)}31`, LIMITS, 2n], value: 10n ** 17n, gas: 900_000n,
      })
      : await client.sendTransaction({ to: accounts[9].address, value: 1n, gas: 21000n });
    const receipt = await call(chain, "eth_getTransactionReceipt", [hash]);
    if (receipt === null) continue;
    reported.set(hash, { blockHash: receipt.blockHash, blockNumber: receipt.blockNumber });
    const logs = parseEventLogs({ abi: manager.abi, eventName: "JobRequested", logs: receipt.logs });
    for (const log of logs) jobs.add(log.args.jobID);
  }
}

async function check(chain) {
  const client = viem(chain);
  const hashes = [...reported.keys()];
  const receipts = await callEach(chain, "eth_getTransactionReceipt", hashes.map((hash) => [hash]));
  assert.equal(receipts.length, hashes.length);
  for (const [i, hash] of hashes.entries()) {
    const seen = reported.get(hash), receipt = receipts[i];
    assert.ok(receipt !== null, `transaction ${hash} of block ${BigInt(seen.blockNumber)} is lost`);
    assert.deepEqual({ blockHash: receipt.blockHash, blockNumber: receipt.blockNumber }, seen);
  }
  // The head may move while jobs end: proof and root are of one block.
  const head = await client.getBlock();
  for (const address of [...accounts.slice(0, 11).map((account) => account.address), JOB_MANAGER, asker.address]) {
    await checkProof(await client.getProof({ address, storageKeys: [], blockNumber: head.number }), head.stateRoot);
  }
  const hash = await client.sendTransaction({ to: accounts[8].address, value: 1n, gas: 21000n });
  const receipt = await client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success");
  reported.set(hash, { blockHash: receipt.blockHash, blockNumber: `0x${receipt.blockNumber.toString(16)}` });
  const ids = [...jobs].map((jobID) => [jobID]);
  await eventually(async () => {
    const found = await callEach(chain, "infinity_getJob", ids);
    return found.length === ids.length && found.every((job) => job?.status === "completed");
  }, "every job completed", 30_000);
  const requested = await client.getContractEvents({ ...manager, eventName: "JobRequested", fromBlock: 0n });
  await eventually(async () => (await call(chain, "infinity_getJobs", [{ status: "pending" }])).length === 0, "no pending job", 30_000);
  const completed = await client.getContractEvents({ ...manager, eventName: "JobCompleted", fromBlock: 0n });
  const times = new Map();
  for (const log of completed) times.set(log.args.jobID, (times.get(log.args.jobID) ?? 0) + 1);
  for (const { args } of requested) assert.equal(times.get(args.jobID), 1, `job ${args.jobID} completed ${times.get(args.jobID) ?? 0} times`);
  assert.equal(completed.length, requested.length);
  for (const jobID of jobs) assert.ok(times.has(jobID), `the request of job ${jobID} is lost`);
}

async function round(isFirst) {
  // A block at each transaction, or by the clock: both ways of making them are killed.
  let chain = await startChain(["--data-dir", folder, ...(random() < 0.5 ? [] : ["--block-time", "0.02"])]);
  if (isFirst) {
    sqrt = /program sqrt\s+(0x[0-9a-f]{64})/.exec(chain.text.stdout)[1];
    asker = await deploy(viem(chain), contracts().Asker);
  }
  const errors = [];
  const loads = [1, 2, 3, 4, 5].map((index) => load(chain, index).catch((error) => errors.push(error)));
  await new Promise((resolve) => setTimeout(resolve, random() * LIVE_MS));
  chain.child.kill("SIGKILL");
  const end = await chain.exited;
  assert.equal(end.signal, "SIGKILL", `it ended by itself: ${JSON.stringify(end).slice(-2000)}`);
  await Promise.all(loads);
  for (const error of errors) {
    assert.match(String(error), /fetch failed|HTTP request failed|terminated|other side closed|SocketError/, "a load failed before the kill");
  }
  chain = await startChain(["--data-dir", folder]);
  try {
    await check(chain);
  } finally {
    const stopped = await chain.stop();
    assert.equal(stopped.code, 0, JSON.stringify(stopped).slice(-2000));
  }
}

console.log(`seed ${seed}`);
let passed = 0;
for (let i = 0; i < rounds; i++) {
  try {
    await round(i === 0);
    passed++;
  } catch (error) {
    console.log(`round ${i}: ${error.stack ?? error}`);
    break;
  }
}
console.log(`${reported.size} reported transactions, ${jobs.size} jobs of reported requests`);
console.log(`${passed} passed, ${rounds - passed} failed, 0 skipped`);
process.exit(passed === rounds ? 0 : 1);
