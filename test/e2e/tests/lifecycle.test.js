// Starting, stopping and starting again: what an operator sees.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { parseEther } from "viem";
import { binary, run, startChain, temporaryFolder } from "../lib/chain.js";
import { accounts, call, deploy, eventually, send, viem } from "../lib/clients.js";
import { artifact, contracts } from "../lib/compile.js";

const LIMITS = { maxCycles: 1_000_000n, deadline: 1_000_000_000n, callbackGas: 200_000n };
const JOB_MANAGER = "0x1f00000000000000000000000000000000000002";
const sqrtOf = (chain) => /program sqrt\s+(0x[0-9a-f]{64})/.exec(chain.text.stdout)[1];

test("a chain in a folder goes on where it was: head, accounts, contracts, receipts, jobs", async () => {
  const folder = path.join(temporaryFolder(), "chain");
  let chain = await startChain(["--data-dir", folder]);
  let client = viem(chain);
  const token = await deploy(client, contracts().Token, ["T", "T", 1000n]);
  const transfer = await send(client, token, "transfer", [accounts[1].address, 7n]);
  const consumer = await deploy(client, artifact("SqrtConsumer"), [sqrtOf(chain)]);
  const fee = await client.readContract({
    address: JOB_MANAGER, abi: artifact("JobManager").abi, functionName: "quote", args: [sqrtOf(chain), 32n, LIMITS],
  });
  await send(client, consumer, "requestSqrt", [1764n, LIMITS], { value: fee });
  const root = () => client.readContract({ ...consumer, functionName: "rootOf", args: [1764n] });
  await eventually(async () => (await root()) === 42n, "the root");
  const head = await client.getBlock();
  const [job] = await call(chain, "infinity_getJobs", []);
  const receipt = await call(chain, "eth_getTransactionReceipt", [transfer.transactionHash]);
  const end = await chain.stop("SIGINT");
  assert.deepEqual([end.code, end.signal], [0, null]);

  for (const signal of ["SIGTERM", "SIGINT"]) {
    chain = await startChain(["--data-dir", folder]);
    client = viem(chain);
    assert.deepEqual(await client.getBlock(), head);
    assert.deepEqual(await call(chain, "infinity_getJobs", []), [job]);
    assert.deepEqual(await call(chain, "eth_getTransactionReceipt", [transfer.transactionHash]), receipt);
    assert.equal(await client.readContract({ ...token, functionName: "balanceOf", args: [accounts[1].address] }), 7n);
    assert.equal(await root(), 42n);
    assert.equal(await client.getTransactionCount({ address: accounts[0].address }), 4);
    assert.equal((await chain.stop(signal)).code, 0);
  }
  chain = await startChain(["--data-dir", folder]);
  client = viem(chain);
  const next = await send(client, token, "transfer", [accounts[1].address, 1n]);
  assert.equal(next.blockNumber, head.number + 1n);
  assert.equal((await client.getBlock()).parentHash, head.hash);
  // The one who comes second is told so, and harms nobody.
  const second = await run(binary, ["dev", "--port", "0", "--data-dir", folder]);
  assert.equal(second.code, 3);
  assert.equal(second.stderr.trim().split("\n").length, 1, second.stderr);
  assert.match(second.stderr, /in use|another|locked/i);
  assert.equal(await client.getBlockNumber(), next.blockNumber);
  await chain.stop();
});

test("a folder of another chain id is refused, or kept as it is", async () => {
  const folder = path.join(temporaryFolder(), "chain");
  const chain = await startChain(["--data-dir", folder]);
  await viem(chain).mine({ blocks: 3 });
  await chain.stop();
  const other = await run(binary, ["dev", "--port", "0", "--data-dir", folder, "--chain-id", "99"], { timeout: 5000 });
  assert.equal(other.code, 3, JSON.stringify(other));
  assert.equal(other.stderr.trim().split("\n").length, 1, other.stderr);
});

test("a chain in memory leaves nothing and ends by SIGINT and SIGTERM with 0", async () => {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    const folder = temporaryFolder();
    const chain = await startChain([]);
    await viem(chain).sendTransaction({ to: accounts[1].address, value: 1n });
    const end = await chain.stop(signal);
    assert.deepEqual([end.code, end.signal], [0, null]);
    assert.equal(existsSync(path.join(folder, "data.mdb")), false);
  }
});

test("a signal ends it also while clients are connected and blocks are made", async () => {
  const chain = await startChain(["--block-time", "0.05"]);
  const sockets = Array.from({ length: 5 }, () => new Promise((resolve) => {
    import("ws").then(({ WebSocket }) => {
      const socket = new WebSocket(chain.ws);
      socket.on("error", () => {});
      socket.on("open", () => {
        socket.send('{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}');
        resolve(socket);
      });
    });
  }));
  for (const socket of await Promise.all(sockets)) assert.ok(socket);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const started = Date.now();
  assert.equal((await chain.stop()).code, 0);
  assert.ok(Date.now() - started < 3000);
});

test("a port in use is one clear line and status 3", async () => {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const end = await run(binary, ["dev", "--port", String(port)]);
  server.close();
  assert.equal(end.code, 3);
  const lines = end.stderr.trim().split("\n");
  assert.equal(lines.length, 1, end.stderr);
  assert.match(lines[0], new RegExp(`port ${port}.*in use`));
});

test("the host may be a name; one that is none is a clear line and status 3", async () => {
  const chain = await startChain(["--host", "localhost"]);
  assert.equal(await call(chain, "eth_chainId"), "0x7a69");
  await chain.stop();
  const { code, stderr } = await run(binary, ["dev", "--port", "0", "--host", "nowhere.invalid"]);
  assert.equal(code, 3);
  assert.match(stderr, /nowhere\.invalid: the host to listen on is no address/);
});

test("a folder that cannot be made is one clear line and status 3", async () => {
  const end = await run(binary, ["dev", "--port", "0", "--data-dir", "/proc/nowhere/chain"]);
  assert.equal(end.code, 3);
  assert.equal(end.stderr.trim().split("\n").length, 1, end.stderr);
});

for (const args of [
  ["--port", "99999"], ["--port", "x"], ["--port"], ["--block-time", "0"], ["--block-time", "-1"], ["--chain-id", "0"],
  ["--gas-limit", "1"], ["--nothing"], ["more"], ["--log-format", "xml"], ["--workers", "0"],
]) {
  test(`'dev ${args.join(" ")}' is bad usage: status 2 and a hint`, async () => {
    const end = await run(binary, ["dev", ...args], { timeout: 5000 });
    assert.equal(end.code, 2, JSON.stringify(end));
    assert.match(end.stderr, /infinity dev: .+\nTry 'infinity dev --help'\./);
    assert.equal(end.stdout, "");
  });
}

test("--help of every command, and of theirs, works and has an example", async () => {
  const commandsOf = (text) => [...text.matchAll(/^ {2}([a-z][a-z-]*) {2,}\S/gm)].map((match) => match[1]);
  const visit = async (words) => {
    const end = await run(binary, [...words, "--help"]);
    assert.equal(end.code, 0, words.join(" "));
    assert.equal(end.stderr, "");
    assert.match(end.stdout, /^Usage: infinity/);
    const more = /^Commands:$/m.test(end.stdout) ? commandsOf(end.stdout.split("Commands:")[1]) : [];
    if (more.length === 0) assert.match(end.stdout, /Examples?:/, `${words.join(" ")} has no example`);
    for (const word of more) await visit([...words, word]);
    return more;
  };
  const top = await visit([]);
  for (const name of ["dev", "demo", "evm", "job", "machine", "program", "version"]) assert.ok(top.includes(name), name);
  assert.equal((await run(binary, [])).code, 2);
  assert.equal((await run(binary, ["nothing"])).code, 2);
});

test("--block-time makes blocks by the clock, --no-mining only on request", async () => {
  const chain = await startChain(["--block-time", "0.2"]);
  const client = viem(chain);
  const hash = await client.sendTransaction({ to: accounts[1].address, value: parseEther("1") });
  assert.equal((await client.waitForTransactionReceipt({ hash })).status, "success");
  await eventually(async () => (await client.getBlockNumber()) >= 3n, "three blocks");
  await chain.stop();
  const idle = await startChain(["--no-mining", "--chain-id", "4242", "--gas-limit", "12000000"]);
  const still = viem(idle);
  assert.equal(await still.getChainId(), 4242);
  assert.equal((await still.getBlock()).gasLimit, 12_000_000n);
  await call(idle, "eth_sendTransaction", [{ from: accounts[0].address, to: accounts[1].address, value: "0x1" }]);
  assert.equal(await still.getBlockNumber(), 0n);
  await call(idle, "evm_mine");
  assert.equal((await still.getBlock()).transactions.length, 1);
  await idle.stop();
});

test("job run and demo do what the banner says", async () => {
  const chain = await startChain();
  const job = await run(binary, ["job", "run", "sqrt", "--input", "1764", "--rpc", chain.url]);
  assert.equal(job.code, 0, job.stderr);
  assert.match(job.stdout, /42/);
  const unknown = await run(binary, ["job", "run", "nothing", "--input", "1", "--rpc", chain.url]);
  assert.notEqual(unknown.code, 0);
  await chain.stop();
  const nobody = await run(binary, ["job", "run", "sqrt", "--input", "1764", "--rpc", chain.url]);
  assert.equal(nobody.code, 3);
  assert.equal(nobody.stderr.trim().split("\n").length, 1, nobody.stderr);
});
