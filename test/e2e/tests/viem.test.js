// What applications do with viem: deploy, transfer, read, watch, estimate, decode.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  BaseError, ContractFunctionRevertedError, createPublicClient, decodeEventLog, encodeFunctionData,
  getContractAddress, http, keccak256, maxUint256, pad, parseEther, parseEventLogs, parseGwei, toHex,
  zeroAddress,
} from "viem";
import { startChain } from "../lib/chain.js";
import {
  accounts, call, chainOf, close, deploy, eventually, has, send, viem, viemSocket,
} from "../lib/clients.js";
import { contracts } from "../lib/compile.js";

const { Token, Playground } = contracts();
const [alice, bob, carol] = accounts.map((account) => account.address);
const SUPPLY = parseEther("1000000");

let chain, client, token, play;
before(async () => {
  chain = await startChain();
  client = viem(chain);
  token = await deploy(client, Token, ["Test Token", "TT", SUPPLY]);
  play = await deploy(client, Playground, [], { value: parseEther("1") });
});
after(() => chain?.stop());

test("an ERC-20 is deployed at the address its creator and nonce give, with code and first log", async () => {
  assert.equal(token.address, getContractAddress({ from: alice, nonce: 0n }).toLowerCase());
  assert.equal(await client.getCode({ address: token.address }), Token.deployedBytecode);
  const [minted] = parseEventLogs({ abi: Token.abi, logs: token.receipt.logs });
  assert.equal(minted.eventName, "Transfer");
  assert.deepEqual(minted.args, { from: zeroAddress, to: alice, value: SUPPLY });
  const read = (functionName, args) => client.readContract({ ...token, functionName, args });
  assert.equal(await read("name"), "Test Token");
  assert.equal(await read("decimals"), 18);
  assert.equal(await read("balanceOf", [alice]), SUPPLY);
});

test("transfers move tokens, allowances limit them", async () => {
  const before_ = await client.readContract({ ...token, functionName: "balanceOf", args: [bob] });
  const receipt = await send(client, token, "transfer", [bob, 250n]);
  assert.equal(receipt.status, "success");
  assert.equal(await client.readContract({ ...token, functionName: "balanceOf", args: [bob] }), before_ + 250n);
  await send(client, token, "approve", [carol, 100n]);
  const spender = viem(chain, 2);
  const { result, request } = await spender.simulateContract({
    ...token, functionName: "transferFrom", args: [alice, bob, 60n],
  });
  assert.equal(result, true);
  await spender.waitForTransactionReceipt({ hash: await spender.writeContract(request) });
  assert.equal(await client.readContract({ ...token, functionName: "allowance", args: [alice, carol] }), 40n);
});

test("a value transfer costs 21000 gas at the effective price and leaves the rest", async () => {
  const [before_, there] = await Promise.all([
    client.getBalance({ address: alice }), client.getBalance({ address: bob }),
  ]);
  const hash = await client.sendTransaction({ to: bob, value: parseEther("1.5") });
  const receipt = await client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.gasUsed, 21000n);
  assert.equal(await client.getBalance({ address: bob }), there + parseEther("1.5"));
  assert.equal(
    await client.getBalance({ address: alice }),
    before_ - parseEther("1.5") - 21000n * receipt.effectiveGasPrice,
  );
  const [transaction, block] = await Promise.all([
    client.getTransaction({ hash }), client.getBlock({ blockHash: receipt.blockHash, includeTransactions: true }),
  ]);
  assert.equal(transaction.from, alice.toLowerCase());
  assert.equal(transaction.value, parseEther("1.5"));
  assert.equal(transaction.blockHash, receipt.blockHash);
  assert.equal(block.transactions[receipt.transactionIndex].hash, hash);
  assert.equal(receipt.effectiveGasPrice, block.baseFeePerGas + transaction.maxPriorityFeePerGas);
});

test("events and blocks arrive by WebSocket subscription, each once and in order", async () => {
  const socket = viemSocket(chain);
  const events = [], blocks = [], errors = [];
  const onError = (error) => errors.push(error);
  const stops = [
    socket.watchContractEvent({ ...token, eventName: "Transfer", onLogs: (logs) => events.push(...logs), onError }),
    socket.watchBlocks({ onBlock: (block) => blocks.push(block), onError }),
  ];
  const hashes = [];
  const pending = [];
  stops.push(socket.watchPendingTransactions({ onTransactions: (list) => pending.push(...list), onError }));
  // Subscribing is a request of its own: it is in place when a later one is answered.
  await eventually(async () => (await socket.getBlockNumber()) > 0n);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const head = await client.getBlockNumber();
  for (let i = 1n; i <= 5n; i++) {
    hashes.push((await send(client, token, "transfer", [carol, i])).transactionHash);
  }
  await eventually(() => events.length >= 5 && blocks.length >= 5, "events");
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const stop of stops) stop();
  await close(socket);
  assert.deepEqual(errors, []);
  assert.deepEqual(events.map((event) => event.args.value), [1n, 2n, 3n, 4n, 5n]);
  assert.deepEqual(events.map((event) => event.transactionHash), hashes);
  assert.deepEqual(blocks.map((block) => block.number), [1n, 2n, 3n, 4n, 5n].map((i) => head + i));
  for (const [i, block] of blocks.entries()) if (i > 0) assert.equal(block.parentHash, blocks[i - 1].hash);
  assert.deepEqual(pending, hashes);
});

test("a log subscription by address and topic passes nothing else", async () => {
  const socket = viemSocket(chain);
  const seen = [];
  const stop = socket.watchContractEvent({
    ...play, eventName: "One", args: { a: [3n, 5n] }, onLogs: (logs) => seen.push(...logs),
  });
  await socket.getBlockNumber();
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (let a = 1n; a <= 6n; a++) await send(client, play, "log", [1n, a, "0x"]);
  await send(client, token, "transfer", [bob, 3n]);
  await eventually(() => seen.length >= 2, "logs");
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop();
  await close(socket);
  assert.deepEqual(seen.map((log) => log.args.a), [3n, 5n]);
});

test("a batch of calls over one HTTP request answers each in its place", async () => {
  const batched = createPublicClient({
    chain: chainOf(chain), transport: http(chain.url, { batch: { batchSize: 100, wait: 5 }, retryCount: 0 }),
  });
  const reads = await Promise.all([
    batched.getChainId(),
    batched.getBalance({ address: alice }),
    batched.readContract({ ...token, functionName: "totalSupply" }),
    batched.readContract({ ...token, functionName: "transfer", args: [zeroAddress, 1n] }).catch((error) => error),
    ...Array.from({ length: 60 }, (_, i) => batched.getBlock({ blockNumber: BigInt(i % 3) })),
  ]);
  assert.equal(reads[0], 31337);
  assert.equal(reads[2], SUPPLY);
  assert.match(reads[3].message, /ERC20InvalidReceiver/);
  for (let i = 0; i < 60; i++) assert.equal(reads[4 + i].number, BigInt(i % 3));
});

test("gas estimates are enough, and not far above what is used", async () => {
  const calls = [
    ["set", [1n, 5n]], ["set", [1n, 0n]], ["flip", [2n]], ["recurse", [10n]], ["burn", [100n]], ["log", [3n, 9n, "0x"]],
    ["create2", [Token.bytecode + encodeArguments(), pad("0x01")]],
  ];
  for (const [functionName, args] of calls) {
    const gas = await client.estimateContractGas({ ...play, functionName, args });
    const before_ = await client.snapshot();
    const receipt = await send(client, play, functionName, args, { gas });
    assert.equal(receipt.status, "success", functionName);
    assert.ok(gas >= receipt.gasUsed, functionName);
    assert.ok(gas <= (receipt.gasUsed * 13n) / 10n + 5000n, `${functionName}: ${gas} for ${receipt.gasUsed}`);
    if (functionName !== "recurse") continue;
    await client.revert({ id: before_ });
    const { status } = await send(client, play, functionName, args, { gas: receipt.gasUsed - 1n });
    assert.equal(status, "reverted");
  }
  assert.equal(await client.estimateGas({ account: alice, to: bob, value: 1n }), 21000n);
});

function encodeArguments() {
  // ("A", "B", 1) for the constructor of Token.
  const word = (value) => BigInt(value).toString(16).padStart(64, "0");
  const text = (letter) => word(1) + Buffer.from(letter).toString("hex").padEnd(64, "0");
  return word(0x60) + word(0xa0) + word(1) + text("A") + text("B");
}

test("calls see overridden balances, nonces, code and storage, and the chain does not", async () => {
  const nobody = "0x00000000000000000000000000000000000000aa";
  const data = encodeFunctionData({ abi: Token.abi, functionName: "balanceOf", args: [nobody] });
  // balanceOf is the token's slot 3: name, symbol, totalSupply come before.
  const slot = keccak256(`${pad(nobody)}${pad(toHex(3)).slice(2)}`);
  const overridden = await client.call({
    to: token.address, data, stateOverride: [{ address: token.address, stateDiff: [{ slot, value: pad(toHex(77)) }] }],
  });
  assert.equal(BigInt(overridden.data), 77n);
  assert.equal(BigInt((await client.call({ to: token.address, data })).data), 0n);
  const whole = await client.call({
    to: token.address, data: encodeFunctionData({ abi: Token.abi, functionName: "totalSupply" }),
    stateOverride: [{ address: token.address, state: [{ slot, value: pad(toHex(78)) }] }],
  });
  assert.equal(BigInt(whole.data), 0n, "state replaces all of the storage");
  const coded = await client.call({
    to: nobody, data: encodeFunctionData({ abi: Playground.abi, functionName: "sender" }),
    stateOverride: [{ address: nobody, code: Playground.deployedBytecode }],
  });
  assert.equal(BigInt(coded.data), BigInt(alice));
  await assert.rejects(client.call({ account: nobody, to: bob, value: 5n }), /insufficient funds|exceeds the balance/);
  await client.call({
    account: nobody, to: bob, value: 5n, stateOverride: [{ address: nobody, balance: 10n, nonce: 3 }],
  });
});

test("calls see overridden block fields", async () => {
  const data = encodeFunctionData({ abi: Playground.abi, functionName: "world" });
  const { data: answer } = await client.call({
    to: play.address, data,
    blockOverrides: { number: 999n, time: 4_000_000_000n, baseFeePerGas: 5n, feeRecipient: carol },
  });
  const words = answer.slice(2).match(/.{64}/g).map((word) => BigInt(`0x${word}`));
  assert.deepEqual(words.slice(0, 2), [999n, 4_000_000_000n]);
  assert.equal(words[4], BigInt(carol));
});

test("eth_call runs on any block's state", async () => {
  await send(client, play, "increment");
  const one = await client.getBlockNumber();
  const value = await client.readContract({ ...play, functionName: "number" });
  await send(client, play, "increment");
  assert.equal(await client.readContract({ ...play, functionName: "number", blockNumber: one }), value);
  assert.equal(await client.readContract({ ...play, functionName: "number" }), value + 1n);
  assert.equal(await client.getCode({ address: play.address, blockNumber: 1n }), undefined);
  for (const blockTag of ["latest", "pending", "safe", "finalized", "earliest"]) {
    assert.ok((await client.getBlock({ blockTag })).number !== undefined, blockTag);
  }
  assert.equal((await client.getBlock({ blockTag: "earliest" })).number, 0n);
  const head = await client.getBlock();
  const byHash = await call(chain, "eth_call", [
    { to: play.address, data: encodeFunctionData({ abi: Playground.abi, functionName: "number" }) },
    { blockHash: head.hash, requireCanonical: true },
  ]);
  assert.equal(BigInt(byHash), value + 1n);
  await assert.rejects(client.getBlock({ blockNumber: 1_000_000n }), { name: "BlockNotFoundError" });
  await assert.rejects(client.getTransaction({ hash: pad("0x77") }), { name: "TransactionNotFoundError" });
});

function revertOf(error) {
  assert.ok(error instanceof BaseError, String(error));
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  assert.ok(reverted, error.message);
  return reverted;
}

for (const [functionName, args, check] of [
  ["failCustom", [42n], (r) => {
    assert.equal(r.data.errorName, "Refused");
    assert.deepEqual(r.data.args, [alice, 42n, "because"]);
  }],
  ["failBare", [], (r) => assert.equal(r.data.errorName, "Bare")],
  ["failRequire", [], (r) => assert.equal(r.reason, "a require string")],
  ["failEmpty", [], (r) => assert.equal(r.data, undefined)],
  ["failAssert", [], (r) => assert.deepEqual(r.data.args, [1n])],
  ["failOverflow", [1n], (r) => assert.deepEqual(r.data.args, [0x11n])],
  ["failDivide", [0n], (r) => assert.deepEqual(r.data.args, [0x12n])],
  ["failIndex", [9n], (r) => assert.deepEqual(r.data.args, [0x32n])],
  ["failPop", [], (r) => assert.deepEqual(r.data.args, [0x31n])],
]) {
  test(`viem decodes the revert of ${functionName}, in a call and in an estimate`, async () => {
    for (const action of ["simulateContract", "estimateContractGas"]) {
      await client[action]({ ...play, functionName, args }).then(
        () => assert.fail("it did not revert"),
        (error) => check(revertOf(error)),
      );
    }
  });
}

test("a reverted transaction has a receipt that says so and keeps its gas", async () => {
  const receipt = await send(client, play, "failCustom", [1n], { gas: 200_000n });
  assert.equal(receipt.status, "reverted");
  assert.equal(receipt.logs.length, 0);
  const invalid = await send(client, play, "failInvalid", [], { gas: 100_000n });
  assert.equal(invalid.status, "reverted");
  assert.equal(invalid.gasUsed, 100_000n);
});

test("legacy, access list and EIP-1559 transactions are what they were sent as", async () => {
  const gasPrice = parseGwei("3");
  const legacy = await client.sendTransaction({ to: bob, value: 1n, gasPrice, type: "legacy" });
  const accessList = [{ address: play.address, storageKeys: [pad("0x00"), pad("0x01")] }];
  const listed = await client.sendTransaction({
    to: play.address, accessList, gasPrice, type: "eip2930",
    data: encodeFunctionData({ abi: Playground.abi, functionName: "increment" }),
  });
  const dynamic = await client.sendTransaction({
    to: bob, maxFeePerGas: parseGwei("5"), maxPriorityFeePerGas: parseGwei("2"), accessList,
  });
  for (const [hash, type] of [[legacy, "legacy"], [listed, "eip2930"], [dynamic, "eip1559"]]) {
    const receipt = await client.waitForTransactionReceipt({ hash });
    const transaction = await client.getTransaction({ hash });
    const block = await client.getBlock({ blockHash: receipt.blockHash });
    assert.equal(receipt.status, "success");
    assert.equal(receipt.type, type);
    assert.equal(transaction.type, type);
    if (type === "eip1559") assert.equal(receipt.effectiveGasPrice, block.baseFeePerGas + parseGwei("2"));
    else assert.equal(receipt.effectiveGasPrice, gasPrice);
    if (type !== "legacy") {
      assert.deepEqual(
        transaction.accessList.map((entry) => ({ ...entry, address: entry.address.toLowerCase() })), accessList,
      );
    }
  }
  const { accessList: made } = await client.createAccessList({
    to: play.address, data: encodeFunctionData({ abi: Playground.abi, functionName: "increment" }),
  });
  assert.deepEqual(made.map((entry) => entry.storageKeys), [[pad("0x00")]]);
});

test("an EIP-7702 authorization turns an account into a batcher, and an empty one undoes it", async () => {
  const { Batch } = contracts();
  const batch = await deploy(client, Batch);
  const account = accounts[5];
  const own = viem(chain, 5);
  const authorization = await own.signAuthorization({
    account, contractAddress: batch.address, executor: "self",
  });
  const hash = await own.sendTransaction({
    to: account.address, authorizationList: [authorization],
    data: encodeFunctionData({
      abi: Batch.abi, functionName: "execute",
      args: [[{ to: bob, value: 5n, data: "0x" }, { to: carol, value: 6n, data: "0x" }]],
    }),
  });
  const receipt = await own.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success");
  assert.equal(receipt.type, "eip7702");
  const done = decodeEventLog({ abi: Batch.abi, ...receipt.logs[0] });
  assert.deepEqual(done.args, { account: account.address, calls: 2n });
  assert.equal(
    await client.getCode({ address: account.address }), `0xef0100${batch.address.slice(2)}`,
  );
  const transaction = await client.getTransaction({ hash });
  assert.equal(transaction.authorizationList.length, 1);
  assert.equal(transaction.authorizationList[0].address.toLowerCase(), batch.address);
  // Another account pays for the way back.
  const undo = await own.signAuthorization({ account, contractAddress: zeroAddress, executor: alice });
  await client.waitForTransactionReceipt({
    hash: await client.sendTransaction({ to: account.address, authorizationList: [undo] }),
  });
  assert.equal(await client.getCode({ address: account.address }), undefined);
  assert.equal(await client.getTransactionCount({ address: account.address }), 3);
});

test("feeHistory and fee estimates follow the chain", async () => {
  const history = await client.getFeeHistory({ blockCount: 5, rewardPercentiles: [10, 50, 90] });
  const head = await client.getBlock();
  assert.equal(history.oldestBlock, head.number - 4n);
  assert.equal(history.baseFeePerGas.length, 6);
  assert.equal(history.gasUsedRatio.length, 5);
  assert.equal(history.reward.length, 5);
  assert.equal(history.baseFeePerGas[4], head.baseFeePerGas);
  assert.ok(history.gasUsedRatio.every((ratio) => ratio >= 0 && ratio <= 1));
  assert.equal(history.gasUsedRatio[4], Number(head.gasUsed) / Number(head.gasLimit));
  // The next base fee by EIP-1559.
  const target = head.gasLimit / 2n;
  const delta = (head.baseFeePerGas * (head.gasUsed > target ? head.gasUsed - target : target - head.gasUsed)) / target / 8n;
  assert.equal(history.baseFeePerGas[5], head.gasUsed > target ? head.baseFeePerGas + (delta > 1n ? delta : 1n) : head.baseFeePerGas - delta);
  const fees = await client.estimateFeesPerGas();
  assert.ok(fees.maxFeePerGas >= fees.maxPriorityFeePerGas);
  assert.ok((await client.getGasPrice()) >= history.baseFeePerGas[5]);
  assert.equal(await client.getBlobBaseFee(), 1n);
});

test("filters report each log, block and transaction once", async () => {
  const events = await client.createContractEventFilter({ ...token, eventName: "Transfer" });
  const blocks = await client.createBlockFilter();
  const pending = await client.createPendingTransactionFilter();
  const a = await send(client, token, "transfer", [bob, 1n]);
  const b = await send(client, token, "transfer", [bob, 2n]);
  const logs = await client.getFilterChanges({ filter: events });
  assert.deepEqual(logs.map((log) => log.args.value), [1n, 2n]);
  assert.deepEqual(await client.getFilterChanges({ filter: events }), []);
  assert.deepEqual(await client.getFilterChanges({ filter: blocks }), [a.blockHash, b.blockHash]);
  assert.deepEqual(await client.getFilterChanges({ filter: pending }), [a.transactionHash, b.transactionHash]);
  // A filter without fromBlock starts at the head: only what comes from there on.
  assert.ok((await client.getFilterLogs({ filter: events })).length >= 1);
  for (const filter of [events, blocks, pending]) assert.equal(await client.uninstallFilter({ filter }), true);
  assert.equal(await client.uninstallFilter({ filter: events }), false);
  await assert.rejects(client.getFilterChanges({ filter: events }), /filter not found/);
});

test("getLogs selects by block range, block hash, address and each place of topics", async () => {
  const from = (await client.getBlockNumber()) + 1n;
  const first = await send(client, play, "log", [0n, 0n, "0x"]);
  await send(client, play, "log", [1n, 10n, "0x"]);
  await send(client, play, "log", [2n, 20n, "0xabcdef"]);
  await send(client, play, "log", [3n, 30n, "0x"]);
  await send(client, token, "transfer", [bob, 30n]);
  const topicsOf = (topics, address = play.address) =>
    call(chain, "eth_getLogs", [{ fromBlock: toHex(from), toBlock: "latest", address, topics }]);
  const [one, two, three] = [["One", "uint256"], ["Two", "uint256,address,bytes"], ["Three", "uint256,uint256,uint256,string"]]
    .map(([name, types]) => keccak256(toHex(`${name}(${types})`)));
  assert.equal((await topicsOf([])).length, 4);
  assert.equal((await topicsOf(undefined, [play.address, token.address])).length, 5);
  assert.equal((await topicsOf([one])).length, 1);
  assert.equal((await topicsOf([[one, two, three]])).length, 3);
  assert.equal((await topicsOf([null, pad(toHex(20))])).length, 1);
  assert.equal((await topicsOf([null, [pad(toHex(10)), pad(toHex(30))]])).length, 2);
  assert.equal((await topicsOf([null, null, pad(alice)]))[0].topics[0], two);
  assert.equal((await topicsOf([three, pad(toHex(30)), pad(toHex(31)), pad(toHex(32))])).length, 1);
  assert.equal((await topicsOf([three, pad(toHex(30)), pad(toHex(99))])).length, 0);
  assert.equal((await topicsOf([null, null, null, null])).length, 1);
  const byHash = await client.getLogs({ blockHash: first.blockHash });
  assert.equal(byHash.length, 1);
  const [log] = await client.getContractEvents({ ...play, eventName: "Two", fromBlock: from });
  assert.deepEqual(log.args, { a: 20n, b: alice, data: "0xabcdef" });
  assert.equal(log.blockNumber, from + 2n);
  await assert.rejects(
    call(chain, "eth_getLogs", [{ fromBlock: "0x5", toBlock: "0x2" }]), /invalid block range/,
  );
});

test("messages and typed data are signed by unlocked accounts as by local keys", async (t) => {
  if (!(await has(chain, "eth_signTypedData_v4"))) return t.skip("no eth_signTypedData_v4");
  const message = "hello";
  const [signed] = await Promise.all([call(chain, "personal_sign", [toHex(message), alice])]);
  assert.equal(signed, await accounts[0].signMessage({ message }));
  const typed = {
    domain: { name: "N", chainId: 31337 }, primaryType: "Mail",
    types: { EIP712Domain: [{ name: "name", type: "string" }, { name: "chainId", type: "uint256" }],
      Mail: [{ name: "to", type: "address" }, { name: "n", type: "uint256[]" }] },
    message: { to: bob, n: ["1", "2"] },
  };
  const byNode = await call(chain, "eth_signTypedData_v4", [alice, typed]);
  const { EIP712Domain, ...types } = typed.types;
  assert.equal(byNode, await accounts[0].signTypedData({ ...typed, types, message: { to: bob, n: [1n, 2n] } }));
  assert.deepEqual(
    (await call(chain, "eth_accounts")).map((address) => address.toLowerCase()),
    accounts.slice(0, 10).map((account) => account.address.toLowerCase()),
  );
});

test("simulateCalls runs calls one after the other, each on the last one's state", async (t) => {
  if (!(await has(chain, "eth_simulateV1"))) return t.skip("no eth_simulateV1");
  const { results } = await client.simulateBlocks({
    blocks: [{
      calls: [
        { from: alice, to: token.address, abi: Token.abi, functionName: "transfer", args: [accounts[8].address, 9n] },
        { from: alice, to: token.address, abi: Token.abi, functionName: "balanceOf", args: [accounts[8].address] },
        { from: alice, to: play.address, abi: Playground.abi, functionName: "failCustom", args: [7n] },
      ],
    }],
  }).then((blocks) => ({ results: blocks[0].calls }));
  assert.deepEqual(results.map((result) => result.status), ["success", "success", "failure"]);
  assert.equal(results[1].result, 9n);
  assert.equal(results[0].logs.length, 1);
  assert.equal(await client.readContract({ ...token, functionName: "balanceOf", args: [accounts[8].address] }), 0n);
});

test("a transfer of more than there is is refused with the error that viem knows", async () => {
  await assert.rejects(
    client.sendTransaction({ to: bob, value: maxUint256 / 2n }),
    (error) => error.walk((cause) => cause.name === "InsufficientFundsError") !== null,
  );
  await assert.rejects(
    client.sendTransaction({ to: bob, nonce: 0, gas: 21000n }),
    (error) => error.walk((cause) => cause.name === "NonceTooLowError") !== null,
  );
  await assert.rejects(
    client.sendTransaction({ to: bob, maxFeePerGas: 1n, maxPriorityFeePerGas: 2n, gas: 21000n }),
    (error) => error.walk((cause) => cause.name === "TipAboveFeeCapError") !== null,
  );
  await assert.rejects(
    client.sendTransaction({ to: bob, gas: 20000n }),
    (error) => error.walk((cause) => cause.name === "IntrinsicGasTooLowError") !== null,
  );
});
