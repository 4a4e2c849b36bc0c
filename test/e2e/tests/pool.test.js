// What the pool refuses: geth's rules in geth's words, since wallets match on them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fromRlp, keccak256, parseEther, parseGwei, toHex, toRlp } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";
import { startChain } from "../lib/chain.js";
import { accounts, call, privateKeys, refusal, viem } from "../lib/clients.js";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const alice = privateKeyToAccount(privateKeys[0]);
const bob = accounts[1].address;

let chain, client;
before(async () => {
  chain = await startChain();
  client = viem(chain);
});
after(() => chain?.stop());

async function signed(fields = {}) {
  return alice.signTransaction({
    type: "eip1559", chainId: 31337, to: bob, value: 1n, gas: 21000n, maxFeePerGas: parseGwei("10"),
    maxPriorityFeePerGas: 1n, nonce: await client.getTransactionCount({ address: alice.address }), ...fields,
  });
}
const raw = (bytes) => refusal(chain, "eth_sendRawTransaction", [bytes]);
async function refused(fields, pattern) {
  const { code, message } = await raw(await signed(fields));
  assert.match(message, pattern);
  assert.equal(code, -32000);
}

for (const [name, fields, pattern] of [
  ["gas below the intrinsic gas", { gas: 20999n }, /^intrinsic gas too low: gas 20999, minimum needed 21000$/],
  ["gas below the floor of EIP-7623", { data: `0x${"11".repeat(1000)}`, gas: 38000n }, /^insufficient gas for floor data gas cost: gas 38000, minimum needed 61000$/],
  ["the chain id of another chain", { chainId: 1 }, /^invalid sender: invalid chain id for signer: have 1 want 31337$/],
  ["a legacy transaction of another chain", { type: "legacy", chainId: 5, gasPrice: parseGwei("9"), maxFeePerGas: undefined, maxPriorityFeePerGas: undefined }, /^invalid sender: invalid chain id for signer/],
  ["a nonce that was used", { nonce: 0 }, /^nonce too low: next nonce \d+, tx nonce 0$/],
  ["the highest nonce", { nonce: 2n ** 64n - 1n }, /nonce has max value|nonce/],
  ["more value than there is", { value: parseEther("20000") }, /^insufficient funds for gas \* price \+ value: balance \d+, tx cost \d+, overshot \d+$/],
  ["more gas than EIP-7825 allows", { gas: 2n ** 24n + 1n }, /^transaction gas limit too high \(cap: 16777216, tx: 16777217\)$/],
  ["initcode above EIP-3860's limit", { to: null, data: `0x${"00".repeat(49153)}`, gas: 5_000_000n }, /^max initcode size exceeded: code size 49153, limit 49152$/],
  ["140 kB of data", { data: `0x${"00".repeat(140_000)}`, gas: 16_000_000n }, /^oversized data: transaction size \d+, limit 131072$/],
  ["an empty list of authorizations", { type: "eip7702", authorizationList: [], gas: 60000n }, /empty authorization list|EIP-7702 transaction with empty auth list|set code/i],
]) {
  test(`refuses ${name}`, async () => {
    if ((await client.getTransactionCount({ address: alice.address })) === 0) {
      await call(chain, "eth_sendRawTransaction", [await signed()]);
    }
    await refused(fields, pattern);
  });
}

test("refuses a known transaction and an underpriced replacement, takes one that pays 10 % more", async () => {
  await client.setAutomine(false);
  const first = await signed({ maxPriorityFeePerGas: parseGwei("1") });
  const hash = await call(chain, "eth_sendRawTransaction", [first]);
  assert.equal(hash, keccak256(first));
  assert.equal((await raw(first)).message, "already known");
  await refused({ maxPriorityFeePerGas: parseGwei("1") + 1n, value: 2n }, /^replacement transaction underpriced$/);
  await refused(
    { maxPriorityFeePerGas: parseGwei("2"), maxFeePerGas: parseGwei("10.5"), value: 2n }, /^replacement transaction underpriced$/,
  );
  const better = await call(chain, "eth_sendRawTransaction", [
    await signed({ maxPriorityFeePerGas: parseGwei("1.1"), maxFeePerGas: parseGwei("11"), value: 3n }),
  ]);
  await client.mine({ blocks: 1 });
  await client.setAutomine(true);
  assert.deepEqual((await client.getBlock()).transactions, [better]);
});

test("keeps a transaction whose nonce is ahead, and one whose fee is below the base fee, without a block", async () => {
  const nonce = await client.getTransactionCount({ address: alice.address });
  const id = await client.snapshot();
  const ahead = await call(chain, "eth_sendRawTransaction", [await signed({ nonce: nonce + 2 })]);
  const cheap = await call(chain, "eth_sendRawTransaction", [await signed({ maxFeePerGas: 2n })]);
  assert.equal((await client.getTransaction({ hash: ahead })).blockNumber, null);
  assert.equal((await client.getTransaction({ hash: cheap })).blockNumber, null);
  await client.revert({ id });
});

// Transactions that no library would build.
const bare = (value) => {
  const digits = value.toString(16);
  return value === 0n ? "0x" : `0x${digits.padStart(digits.length + (digits.length % 2), "0")}`;
};

async function handmade(tip = 1n) {
  const nonce = await client.getTransactionCount({ address: alice.address });
  const body = [
    "0x7a69", bare(BigInt(nonce)), bare(tip), bare(parseGwei("10")), "0x5208", bob, "0x01", "0x", [],
  ];
  const hash = keccak256(`0x02${toRlp(body).slice(2)}`);
  const { r, s, yParity } = await sign({ hash, privateKey: privateKeys[0] });
  const encode = (parity, r_, s_) => `0x02${toRlp([...body, bare(BigInt(parity)), bare(r_), bare(s_)]).slice(2)}`;
  return { encode, yParity, R: BigInt(r), S: BigInt(s) };
}

test("refuses a tip above the fee cap", async () => {
  const { encode, yParity, R, S } = await handmade(parseGwei("11"));
  const { message } = await raw(encode(yParity, R, S));
  assert.match(message, /^max priority fee per gas higher than max fee per gas/);
});

test("refuses signatures with a high s, v out of place and r or s zero", async () => {
  const { encode, yParity, R, S } = await handmade();
  for (const bytes of [
    encode(1 - yParity, R, ORDER - S), encode(2, R, S), encode(27, R, S), encode(yParity, 0n, S), encode(yParity, R, 0n),
    encode(yParity, ORDER, S),
  ]) {
    const { code, message } = await raw(bytes);
    assert.equal(code, -32000);
    assert.match(message, /invalid sender|invalid transaction v, r, s values|invalid signature/);
  }
  // The very same with its own signature is fine: nothing above was refused for another reason.
  await call(chain, "eth_sendRawTransaction", [encode(yParity, R, S)]);
});

test("refuses what is no transaction: trailing bytes, cut ends, other lists, unknown types, bare hex", async () => {
  const good = await signed();
  const other = fromRlp(`0x${good.slice(4)}`, "hex");
  for (const bytes of [
    `${good}00`, good.slice(0, -2), "0x", "0x02", "0xc0", "0x02c0", "0x05c0", "0x7fc0", `0x02${toRlp(other.slice(0, -1)).slice(2)}`,
    `0x02${toRlp([...other, "0x"]).slice(2)}`, `0x02${toRlp(["0x00", ...other.slice(1)]).slice(2)}`, `0x${"c1".repeat(50)}`,
    `0x${"ff".repeat(40)}`,
  ]) {
    const { code, message } = await raw(bytes);
    assert.ok(code === -32000 || code === -32602, `${bytes.slice(0, 20)}: ${code} ${message}`);
    assert.ok(message.length > 0);
  }
  for (const argument of [good.slice(2), `${good}0`, "0xzz", 5, null, {}, []]) {
    assert.equal((await raw(argument)).code, -32602, JSON.stringify(argument).slice(0, 30));
  }
  await call(chain, "eth_sendRawTransaction", [good]);
});

test("refuses transactions from accounts with code, except those that delegate", async () => {
  const id = await client.snapshot();
  await client.setCode({ address: alice.address, bytecode: "0x00" });
  const { message } = await raw(await signed());
  assert.match(message, /^sender not an eoa: address 0x[0-9a-fA-F]{40}, codehash: 0x[0-9a-f]{64}$/);
  await client.setCode({ address: alice.address, bytecode: `0xef0100${bob.slice(2)}` });
  await call(chain, "eth_sendRawTransaction", [await signed({ gas: 50000n })]);
  await client.revert({ id });
});
