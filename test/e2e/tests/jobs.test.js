// The coprocessor as an application sees it: request, result, failure, and each refusal by its name.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import {
  BaseError, ContractFunctionRevertedError, concat, encodeAbiParameters, encodeFunctionData, keccak256,
  numberToHex, pad, parseEther, parseEventLogs, toHex, zeroHash,
} from "viem";
import { startChain } from "../lib/chain.js";
import { accounts, call, close, deploy, eventually, send, viem, viemSocket } from "../lib/clients.js";
import { artifact, contracts, root } from "../lib/compile.js";

const JOB_MANAGER = "0x1f00000000000000000000000000000000000002";
const REGISTRY = "0x1f00000000000000000000000000000000000001";
const manager = { address: JOB_MANAGER, abi: artifact("JobManager").abi };
const registry = { address: REGISTRY, abi: artifact("ProgramRegistry").abi };
const { Asker } = contracts();
const guest = (name) => readFileSync(path.join(root, "guest", "programs", name));
const number = (n) => encodeAbiParameters([{ type: "uint256" }], [n]);
const LIMITS = { maxCycles: 1_000_000n, deadline: 1_000_000_000n, callbackGas: 200_000n };

let chain, client, sqrt, consumer, asker;
before(async () => {
  chain = await startChain();
  client = viem(chain);
  // The banner names the programs.
  sqrt = /program sqrt\s+(0x[0-9a-f]{64})/.exec(chain.text.stdout)[1];
  consumer = await deploy(client, artifact("SqrtConsumer"), [sqrt]);
  asker = await deploy(client, Asker);
});
after(() => chain?.stop());

const quote = (limits = LIMITS, length = 32n, programID = sqrt) =>
  client.readContract({ ...manager, functionName: "quote", args: [programID, length, limits] });
const getJob = (jobID) => call(chain, "infinity_getJob", [jobID]);
const ended = (jobID) => eventually(async () => {
  const job = await getJob(jobID);
  return job?.status === "pending" || job === null ? null : job;
}, `job ${jobID}`);
const requested = (receipt) =>
  parseEventLogs({ abi: manager.abi, eventName: "JobRequested", logs: receipt.logs })[0].args;

async function ask(input, limits = LIMITS, programID = sqrt) {
  const value = await quote(limits, BigInt((input.length - 2) / 2), programID);
  const receipt = await send(client, asker, "ask", [programID, input, limits], { value });
  assert.equal(receipt.status, "success");
  return requested(receipt).jobID;
}

/** The custom error that a call ends in, as viem decodes it. */
async function errorOf(contract, functionName, args, options = {}) {
  try {
    await client.simulateContract({ ...contract, functionName, args, ...options });
  } catch (error) {
    assert.ok(error instanceof BaseError, String(error));
    const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    assert.ok(reverted?.data, error.message);
    return [reverted.data.errorName, ...(reverted.data.args ?? [])];
  }
  return assert.fail("it did not revert");
}

test("a job's request, result and callback arrive by WebSocket, in order and with the right root", async () => {
  const socket = viemSocket(chain);
  const seen = [];
  const watch = (contract, eventName) => socket.watchContractEvent({
    ...contract, eventName, onLogs: (logs) => seen.push(...logs),
  });
  const stops = [watch(manager, "JobRequested"), watch(manager, "JobCompleted"), watch(consumer, "RootFound")];
  await socket.getBlockNumber();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const n = 123456789n ** 2n + 5n;
  const fee = await quote();
  assert.ok(fee > 0n);
  const receipt = await send(client, consumer, "requestSqrt", [n, LIMITS], { value: fee });
  await eventually(() => seen.length >= 3, "three events");
  for (const stop of stops) stop();
  await close(socket);
  const by = (name) => seen.find((log) => log.eventName === name);
  const { args } = by("JobRequested");
  assert.equal(args.consumer.toLowerCase(), consumer.address);
  assert.equal(args.programID, sqrt);
  assert.equal(args.nonce, 2n ** 63n);
  assert.equal(args.onchainInput, number(n));
  assert.equal(args.jobID, keccak256(concat([numberToHex(args.nonce, { size: 8 }), consumer.address])));
  assert.deepEqual(args.limits, LIMITS);
  const done = by("JobCompleted");
  assert.equal(done.args.jobID, args.jobID);
  assert.equal(done.args.proposer, accounts[10].address);
  assert.deepEqual([done.args.outcome, done.args.code, done.args.result], [0, 0, number(123456789n)]);
  assert.ok(done.blockNumber >= args.readyAt && done.blockNumber > receipt.blockNumber);
  const found = by("RootFound");
  assert.deepEqual(found.args, { jobID: args.jobID, number: n, root: 123456789n });
  assert.equal(found.transactionHash, done.transactionHash);
  assert.equal(await client.readContract({ ...consumer, functionName: "rootOf", args: [n] }), 123456789n);

  const job = await getJob(args.jobID);
  assert.deepEqual(job, {
    jobID: args.jobID, consumer: consumer.address, status: "completed", outcome: "exit", code: "0x0",
    programID: sqrt, inputHash: keccak256(number(n)), maxCycles: toHex(LIMITS.maxCycles),
    usedCycles: toHex(done.args.usedCycles), requestedAt: toHex(receipt.blockNumber), readyAt: toHex(args.readyAt),
    deadline: toHex(LIMITS.deadline), completedAt: toHex(done.blockNumber), callbackGas: toHex(LIMITS.callbackGas),
    callbackPending: false, resultHash: keccak256(number(123456789n)), requestTx: receipt.transactionHash,
    resultTx: done.transactionHash, result: number(123456789n), finality: job.finality,
  });
  assert.ok(["latest", "safe", "finalized"].includes(job.finality));
  const onChain = await client.readContract({ ...manager, functionName: "getJob", args: [args.jobID] });
  assert.equal(onChain.status, 2);
  assert.equal(onChain.resultHash, job.resultHash);
  assert.equal(onChain.usedCycles, done.args.usedCycles);
  const listed = await call(chain, "infinity_getJobs", [{ consumer: consumer.address, status: "completed" }]);
  assert.deepEqual(listed, [job]);
  assert.equal(await call(chain, "infinity_finality", [receipt.transactionHash]), job.finality);
});

// Which of them are ready for a block depends on the workers; those that are stand in the queue's order.
test("many jobs asked at once are each answered once, in order within a block", async () => {
  const fee = await quote();
  const receipt = await send(client, asker, "askMany", [sqrt, number(10n ** 18n), LIMITS, 12n], { value: 24n * fee });
  const ids = parseEventLogs({ abi: manager.abi, eventName: "JobRequested", logs: receipt.logs }).map((log) => log.args.jobID);
  assert.equal(ids.length, 12);
  for (const id of ids) assert.equal((await ended(id)).status, "completed");
  const logs = await client.getContractEvents({ ...asker, eventName: "Answered", fromBlock: receipt.blockNumber });
  assert.deepEqual(logs.map((log) => log.args.jobID).sort(), [...ids].sort());
  for (let i = 1; i < logs.length; i++) {
    if (logs[i].blockNumber !== logs[i - 1].blockNumber) continue;
    assert.ok(ids.indexOf(logs[i - 1].args.jobID) < ids.indexOf(logs[i].args.jobID));
  }
  assert.ok(logs.every((log) => log.args.result === number(10n ** 9n)));
});

test("a job that runs out of cycles fails, and its consumer is told", async () => {
  const jobID = await ask(number(2n ** 255n), { ...LIMITS, maxCycles: 100n });
  const job = await ended(jobID);
  assert.deepEqual([job.status, job.outcome, job.code, job.result, job.usedCycles], ["failed", "outOfCycles", "0x0", "0x", "0x64"]);
  const [refusal] = await client.getContractEvents({ ...asker, eventName: "Refusal", args: { jobID }, fromBlock: 0n });
  assert.deepEqual([refusal.args.outcome, refusal.args.code], [2, 0]);
});

test("a job with an input that its program does not take fails with the program's code", async () => {
  const job = await ended(await ask("0x1234"));
  assert.equal(job.status, "failed");
  assert.ok(job.outcome === "trap" || (job.outcome === "exit" && job.code !== "0x0"), JSON.stringify(job));
});

test("a callback that reverts is pending until anyone retries it", async () => {
  await send(client, asker, "setRefuses", [true]);
  const jobID = await ask(number(49n));
  const job = await ended(jobID);
  assert.deepEqual([job.status, job.callbackPending], ["completed", true]);
  const [failure] = await client.getContractEvents({ ...manager, eventName: "CallbackFailed", args: { jobID }, fromBlock: 0n });
  assert.match(failure.args.reason, new RegExp(jobID.slice(2)));
  const stranger = viem(chain, 7);
  await send(client, asker, "setRefuses", [false]);
  assert.deepEqual(
    (await errorOf(manager, "retryCallback", [jobID, number(8n)])).slice(0, 2), ["ResultMismatch", jobID],
  );
  assert.equal((await send(stranger, manager, "retryCallback", [jobID, number(7n)])).status, "success");
  assert.equal((await getJob(jobID)).callbackPending, false);
  assert.equal(await client.readContract({ ...asker, functionName: "answers", args: [jobID] }), 1n);
  assert.equal((await errorOf(manager, "retryCallback", [jobID, number(7n)]))[0], "NothingToRetry");
});

test("requests that cannot be served are refused by name, before money moves", async () => {
  const fee = await quote();
  const request = (programID, input, limits, value) =>
    errorOf(manager, "requestJob", [programID, input, limits], { value });
  const unknown = pad("0x77");
  assert.deepEqual(await request(unknown, number(1n), LIMITS, fee), ["UnknownProgram", unknown]);
  assert.deepEqual(await request(sqrt, `0x${"00".repeat(65537)}`, LIMITS, parseEther("1")), ["InputTooLong", 65536n]);
  assert.deepEqual(await request(sqrt, number(1n), { ...LIMITS, maxCycles: 0n }, fee), ["CyclesOutOfRange", 10n ** 10n]);
  assert.deepEqual(
    await request(sqrt, number(1n), { ...LIMITS, maxCycles: 10n ** 10n + 1n }, parseEther("1")), ["CyclesOutOfRange", 10n ** 10n],
  );
  assert.equal((await request(sqrt, number(1n), { ...LIMITS, deadline: 1n }, fee))[0], "DeadlineOutOfRange");
  assert.deepEqual(await request(sqrt, number(1n), { ...LIMITS, callbackGas: 8_000_001n }, parseEther("1")), ["CallbackGasOutOfRange", 8_000_000n]);
  assert.deepEqual(await request(sqrt, number(1n), LIMITS, fee - 1n), ["FeeTooLow", fee]);
  assert.deepEqual(await errorOf(manager, "quote", [unknown, 32n, LIMITS]), ["UnknownProgram", unknown]);
  const limits = await call(chain, "infinity_getLimits");
  const named = Object.fromEntries(Object.entries(limits).map(([name, value]) => [name.toLowerCase(), value]));
  assert.equal(BigInt(named.jobinputmax), 65536n, JSON.stringify(limits));
  assert.equal(BigInt(named.joboutputmax), 65536n);
});

test("nobody but a consumer cancels, nobody but JobManager calls back, nobody but the proposer answers", async () => {
  await client.setAutomine(false);
  try {
    const value = (await quote()) * 2n;
    const hash = await client.writeContract({ ...asker, functionName: "ask", args: [sqrt, number(81n), LIMITS], value, gas: 500_000n });
    await client.mine({ blocks: 1 });
    const { jobID } = requested(await client.getTransactionReceipt({ hash }));
    assert.deepEqual(await errorOf(manager, "cancelJob", [jobID]), ["NotConsumer", await checksum(asker.address)]);
    assert.equal((await errorOf(manager, "expire", [jobID]))[0], "NotExpired");
    assert.deepEqual(
      await errorOf(consumer, "receiveResult", [jobID, number(1n)]), ["NotJobManager", accounts[0].address],
    );
    assert.equal((await errorOf(consumer, "receiveFailure", [jobID, 1, 2]))[0], "NotJobManager");
    const result = encodeAbiParameters(manager.abi.length ? jobResultType() : [], [{
      jobID, programID: sqrt, onchainInputHash: keccak256(number(81n)), offchainInputHash: keccak256("0x"),
      maxCycles: LIMITS.maxCycles, usedCycles: 5n, outcome: 0, code: 0, result: number(666n), blobHashes: [],
      blobOffset: 0, offchainLength: 0,
    }]);
    const forged = await accounts[0].signMessage({ message: { raw: keccak256(result) } });
    assert.equal((await errorOf(manager, "submitResult", [result, forged]))[0], "NotEntitled");
    assert.equal((await errorOf(asker, "cancel", [pad("0x01")], {}).catch(() => ["unknown"]))[0] !== undefined, true);
    // The consumer may, as long as there is no result.
    await client.writeContract({ ...asker, functionName: "cancel", args: [jobID], gas: 300_000n });
    await client.mine({ blocks: 1 });
    const job = await getJob(jobID);
    assert.ok(["cancelled", "completed"].includes(job.status), job.status);
    assert.equal((await errorOf(manager, "cancelJob", [jobID]))[0], "NotPending");
    assert.equal((await errorOf(manager, "expire", [jobID]))[0], "NotPending");
    assert.deepEqual((await errorOf(manager, "expire", [zeroHash])).slice(0, 3), ["NotPending", zeroHash, 0]);
  } finally {
    await client.setAutomine(true);
  }
});

const checksum = async (address) => (await import("viem")).getAddress(address);
const jobResultType = () => [{
  type: "tuple",
  components: [
    ["jobID", "bytes32"], ["programID", "bytes32"], ["onchainInputHash", "bytes32"], ["offchainInputHash", "bytes32"],
    ["maxCycles", "uint64"], ["usedCycles", "uint64"], ["outcome", "uint8"], ["code", "uint32"], ["result", "bytes"],
    ["blobHashes", "bytes32[]"], ["blobOffset", "uint32"], ["offchainLength", "uint32"],
  ].map(([name, type]) => ({ name, type })),
}];

async function submit(image, invalidator = zeroHash) {
  const data = `0x${image.toString("hex")}`;
  const value = await client.readContract({ ...registry, functionName: "fee", args: [BigInt(image.length)] });
  const hash = await client.writeContract({
    ...registry, functionName: "submitProgram", args: [data, invalidator], value, gas: 16_000_000n,
  });
  const receipt = await client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success");
  const [log] = parseEventLogs({ abi: registry.abi, eventName: "ProgramSubmitted", logs: receipt.logs });
  assert.equal(log.args.imageHash, keccak256(data));
  return log.args.submissionID;
}

const answerTo = (submissionID) => eventually(async () => {
  const logs = await client.getContractEvents({ ...registry, args: { submissionID }, fromBlock: 0n });
  return logs.find((log) => log.eventName === "ProgramRegistered" || log.eventName === "ProgramRejected");
}, "an answer to a program");

test("a program submitted by its image is registered by the proposer's answer and serves jobs", async () => {
  // The same image with another program as its invalidator is a program of its own.
  const answer = await answerTo(await submit(guest("sqrt.elf"), sqrt));
  assert.equal(answer.eventName, "ProgramRegistered");
  const { programID, owner } = answer.args;
  assert.equal(programID, keccak256(concat([sqrt, sqrt])));
  assert.equal(owner, accounts[0].address);
  const program = await call(chain, "infinity_getProgram", [programID]);
  assert.equal(program.imageHash, keccak256(guest("sqrt.elf")));
  assert.equal(program.registrationTx, answer.transactionHash);
  assert.ok((await call(chain, "infinity_getPrograms")).some((one) => one.programID === programID));
  const job = await ended(await ask(number(144n), LIMITS, programID));
  assert.deepEqual([job.status, job.result], ["completed", number(12n)]);
});

test("a corrupt image, an empty one and one for another machine are rejected with reason 1", async () => {
  const corrupt = Buffer.from(guest("sqrt.elf"));
  corrupt[4] ^= 0xff;
  const foreign = Buffer.from(guest("sqrt.elf"));
  foreign.writeUInt16LE(62, 18); // x86-64
  for (const image of [corrupt, foreign, guest("sqrt.elf").subarray(0, 300), Buffer.from("not an ELF")]) {
    const answer = await answerTo(await submit(image));
    assert.equal(answer.eventName, "ProgramRejected");
    assert.equal(answer.args.reason, 1);
  }
});

test("credit that is left over is withdrawn by its owner", async () => {
  const value = (await quote()) + parseEther("1");
  const data = encodeFunctionData({ abi: manager.abi, functionName: "requestJob", args: [sqrt, number(4n), LIMITS] });
  const receipt = await client.waitForTransactionReceipt({
    hash: await client.sendTransaction({ to: JOB_MANAGER, data, value }),
  });
  assert.equal((await ended(requested(receipt).jobID)).status, "completed");
  const credit = () => client.readContract({ ...manager, functionName: "credit", args: [accounts[0].address] });
  const owed = await credit();
  assert.ok(owed >= parseEther("1"));
  const to = "0x00000000000000000000000000000000000000dd";
  await send(client, manager, "withdraw", [to]);
  assert.equal(await client.getBalance({ address: to }), owed);
  assert.equal(await credit(), 0n);
});
