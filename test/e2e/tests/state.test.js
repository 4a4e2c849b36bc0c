// Proofs and roots checked by a trie that is not ours, and blobs with real commitments.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Transaction, Wallet } from "ethers";
import {
  commitmentToVersionedHash, encodeFunctionData, fromRlp, hexToBytes, keccak256, pad, parseEther, parseGwei, toHex,
  toRlp,
} from "viem";
import { startChain } from "../lib/chain.js";
import { accounts, call, deploy, privateKeys, refusal, send, viem } from "../lib/clients.js";
import { contracts } from "../lib/compile.js";
import { checkProof, encodeReceipt, listRoot } from "../lib/proof.js";

const { Token, Playground } = contracts();
const NOBODY = "0x00000000000000000000000000000000000000aa";

let chain, client, token, play;
before(async () => {
  chain = await startChain();
  client = viem(chain);
  token = await deploy(client, Token, ["T", "T", 1000n]);
  play = await deploy(client, Playground, [], { value: 1n });
});
after(() => chain?.stop());

const slotOf = (index) => keccak256(`${pad(toHex(index))}${pad(toHex(1)).slice(2)}`);

async function checkedProof(address, storageKeys = [], block = {}) {
  const { stateRoot } = await client.getBlock(block);
  const proof = await client.getProof({ address, storageKeys, ...block });
  return { proof, exists: await checkProof(proof, stateRoot) };
}

test("accounts with code, accounts of users and predeploys are proven by the head's state root", async () => {
  for (const address of [
    token.address, play.address, ...accounts.map((account) => account.address),
    "0x1f00000000000000000000000000000000000001", "0x1f00000000000000000000000000000000000002",
    "0x1f00000000000000000000000000000000000003", "0x4e59b44847b379578588920ca78fbf26c0b4956c",
    "0x0000f90827f1c53a10cb7a02335b175320002935",
  ]) {
    const { exists } = await checkedProof(address);
    // The eleventh account, which signs results, may never have been paid.
    if (address !== accounts[10].address) assert.ok(exists, address);
  }
});

test("the absence of an account is proven, also after it was only looked at", async () => {
  await client.getBalance({ address: NOBODY });
  const { proof, exists } = await checkedProof(NOBODY, [pad("0x01")]);
  assert.equal(exists, false);
  assert.equal(proof.balance, 0n);
  assert.equal(proof.storageProof[0].value, 0n);
  assert.deepEqual(proof.storageProof[0].proof, []);
});

test("set, changed and zeroed slots are proven; what is zero again is gone from the trie", async () => {
  const fresh = await deploy(client, Playground);
  const empty = (await checkedProof(fresh.address)).proof.storageHash;
  await send(client, fresh, "setMany", [0n, 40n, 5n]);
  const set = await checkedProof(fresh.address, [slotOf(0), slotOf(39), slotOf(40), pad("0x00")]);
  assert.deepEqual(set.proof.storageProof.map((slot) => slot.value), [5n, 5n, 0n, 0n]);
  const { blockNumber } = await send(client, fresh, "set", [7n, 2n ** 255n]);
  await send(client, fresh, "set", [7n, 0n]);
  const cleared = await checkedProof(fresh.address, [slotOf(7), slotOf(8)]);
  assert.deepEqual(cleared.proof.storageProof.map((slot) => slot.value), [0n, 5n]);
  const then = await checkedProof(fresh.address, [slotOf(7)], { blockNumber });
  assert.equal(then.proof.storageProof[0].value, 2n ** 255n);
  await send(client, fresh, "setMany", [0n, 40n, 0n]);
  const gone = await checkedProof(fresh.address, [slotOf(0), slotOf(7)]);
  assert.equal(gone.proof.storageHash, empty);
  assert.deepEqual(gone.proof.storageProof.map((slot) => slot.proof), [[], []]);
});

test("proofs hold for genesis and for every block since", async () => {
  const head = await client.getBlockNumber();
  for (let blockNumber = 0n; blockNumber <= head; blockNumber++) {
    await checkedProof(accounts[0].address, [], { blockNumber });
  }
});

test("a wrong proof is noticed by this test", async () => {
  const { stateRoot } = await client.getBlock();
  const proof = await client.getProof({ address: token.address, storageKeys: [pad("0x02")] });
  await checkProof(proof, stateRoot);
  await assert.rejects(checkProof({ ...proof, balance: proof.balance + 1n }, stateRoot));
  await assert.rejects(checkProof(proof, pad("0x01")));
  proof.storageProof[0].value += 1n;
  await assert.rejects(checkProof(proof, stateRoot));
});

test("a block's roots are those of its transactions and receipts, of every type", async () => {
  await client.setAutomine(false);
  const common = { to: accounts[1].address, value: 1n, gas: 21000n };
  const nonce = await client.getTransactionCount({ address: accounts[0].address });
  const delegate = await client.signAuthorization({ account: accounts[6], contractAddress: play.address });
  const hashes = [
    await client.sendTransaction({ ...common, nonce, gasPrice: parseGwei("3") }),
    await client.sendTransaction({ ...common, nonce: nonce + 1, gas: 30000n, gasPrice: parseGwei("3"), accessList: [{ address: NOBODY, storageKeys: [] }] }),
    await client.sendTransaction({ ...common, nonce: nonce + 2 }),
    await client.sendTransaction({ ...common, nonce: nonce + 3, gas: 90000n, authorizationList: [delegate] }),
    await client.sendTransaction({
      to: play.address, nonce: nonce + 4, gas: 100000n,
      data: encodeFunctionData({ abi: Playground.abi, functionName: "log", args: [3n, 1n, "0x"] }),
    }),
    await client.sendTransaction({
      to: play.address, nonce: nonce + 5, gas: 100000n,
      data: encodeFunctionData({ abi: Playground.abi, functionName: "failBare" }),
    }),
  ];
  await client.mine({ blocks: 1 });
  await client.setAutomine(true);
  const block = await client.getBlock();
  assert.deepEqual(block.transactions, hashes);
  const number = toHex(block.number);
  const raw = await Promise.all(hashes.map((hash) => call(chain, "eth_getRawTransactionByHash", [hash])));
  assert.deepEqual(raw.map((bytes) => keccak256(bytes)), hashes);
  assert.equal(await listRoot(raw), block.transactionsRoot);
  const receipts = await call(chain, "eth_getBlockReceipts", [number]);
  assert.deepEqual(receipts.map((receipt) => receipt.type), ["0x0", "0x1", "0x2", "0x4", "0x2", "0x2"]);
  assert.deepEqual(receipts.map((receipt) => receipt.status), ["0x1", "0x1", "0x1", "0x1", "0x1", "0x0"]);
  assert.equal(await listRoot(receipts.map(encodeReceipt)), block.receiptsRoot);
  assert.equal(BigInt(receipts.at(-1).cumulativeGasUsed), block.gasUsed);
  for (const [i, receipt] of receipts.entries()) {
    assert.deepEqual(receipt, await call(chain, "eth_getTransactionReceipt", [hashes[i]]));
  }
});

// The polynomial of a blob whose 4096 numbers are all 1 is constant: its commitment is the generator
// of G1, and each proof about it the point at infinity. So no KZG library is needed here.
const GENERATOR =
  "0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const INFINITY = `0xc0${"00".repeat(47)}`;
const ones = `0x${`${"00".repeat(31)}01`.repeat(4096)}`;
const kzg = {
  blobToKzgCommitment: () => hexToBytes(GENERATOR),
  computeBlobKzgProof: () => hexToBytes(INFINITY),
};

function blobTransaction(blob) {
  return {
    blobs: [blob], kzg, to: play.address, maxFeePerBlobGas: parseGwei("1"), gas: 100000n,
    data: encodeFunctionData({ abi: Playground.abi, functionName: "increment" }),
  };
}

test("a blob transaction as viem sends it is mined, pays for its blob, and code sees its hash", async () => {
  const hash = await client.sendTransaction(blobTransaction(ones));
  const receipt = await client.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success");
  assert.equal(receipt.type, "eip4844");
  assert.equal(receipt.blobGasUsed, 131072n);
  assert.equal(receipt.blobGasPrice, 1n);
  const [transaction, block] = await Promise.all([client.getTransaction({ hash }), client.getBlock()]);
  const versionedHash = commitmentToVersionedHash({ commitment: GENERATOR });
  assert.deepEqual(transaction.blobVersionedHashes, [versionedHash]);
  assert.equal(block.blobGasUsed, 131072n);
  const raw = await call(chain, "eth_getRawTransactionByHash", [hash]);
  assert.equal(await listRoot([raw]), block.transactionsRoot);
  const seen = await call(chain, "eth_call", [{
    from: accounts[0].address, to: play.address, blobVersionedHashes: [versionedHash], maxFeePerBlobGas: "0xa",
    data: encodeFunctionData({ abi: Playground.abi, functionName: "blobs" }),
  }]);
  assert.equal(seen.slice(0, 66), versionedHash);
});

test("a blob transaction that waits, or is mined and taken back, keeps its blob over evm_revert", async () => {
  await client.setAutomine(false);
  const hash = await client.sendTransaction(blobTransaction(ones));
  for (const mined of [false, true]) {
    const id = await client.snapshot();
    if (mined) await client.mine({ blocks: 1 });
    await client.revert({ id });
    assert.equal((await call(chain, "txpool_status")).pending, "0x1");
  }
  await client.mine({ blocks: 1 });
  await client.setAutomine(true);
  assert.equal((await client.getTransactionReceipt({ hash })).blobGasUsed, 131072n);
});

test("a blob that is not what its commitment says is refused", async () => {
  await assert.rejects(client.sendTransaction(blobTransaction(ones.replace(/1$/, "2"))), /proof|blob|sidecar/i);
});

test("a blob transaction with cell proofs (EIP-7594), as ethers sends it, is mined", async () => {
  const wallet = new Wallet(privateKeys[4]);
  const transaction = Transaction.from({
    type: 3, chainId: 31337, nonce: await client.getTransactionCount({ address: wallet.address }), gasLimit: 100000,
    maxFeePerGas: parseGwei("9"), maxPriorityFeePerGas: 1, maxFeePerBlobGas: 10, to: play.address,
    blobVersionedHashes: [commitmentToVersionedHash({ commitment: GENERATOR })],
  });
  const unsigned = fromRlp(`0x${transaction.unsignedSerialized.slice(4)}`, "hex");
  const signature = wallet.signingKey.sign(transaction.unsignedHash);
  const strip = (hex) => toHex(BigInt(hex)).replace(/^0x0$/, "0x").replace(/^0x(?=(..)*.$)/, "0x0");
  const body = [...unsigned, signature.yParity === 0 ? "0x" : "0x01", strip(signature.r), strip(signature.s)];
  const network = `0x03${toRlp([body, "0x01", [ones], [GENERATOR], Array(128).fill(INFINITY)]).slice(2)}`;
  const short = `0x03${toRlp([body, "0x01", [ones], [GENERATOR], Array(127).fill(INFINITY)]).slice(2)}`;
  const refused = await refusal(chain, "eth_sendRawTransaction", [short]);
  assert.match(refused.message, /proofs|blob|^rlp: /);
  const hash = await client.sendRawTransaction({ serializedTransaction: network });
  assert.equal((await client.waitForTransactionReceipt({ hash })).status, "success");
});

test("state that a test client wrote is in the next block's root", async () => {
  await client.setBalance({ address: NOBODY, value: parseEther("7") });
  await client.setStorageAt({ address: play.address, index: 3, value: pad("0x99") });
  await client.setCode({ address: "0x00000000000000000000000000000000000000bb", bytecode: "0x6001" });
  await client.setNonce({ address: NOBODY, nonce: 5 });
  await client.mine({ blocks: 1 });
  const { proof } = await checkedProof(NOBODY);
  assert.deepEqual([proof.balance, proof.nonce], [parseEther("7"), 5]);
  const slot = (await checkedProof(play.address, [pad("0x03")])).proof.storageProof[0];
  assert.equal(slot.value, 0x99n);
  assert.equal((await checkedProof("0x00000000000000000000000000000000000000bb")).proof.codeHash, keccak256("0x6001"));
});
