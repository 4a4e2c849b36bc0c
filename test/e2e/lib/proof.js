// proof: eth_getProof and block roots checked with a trie that is not ours.
import { Trie } from "@ethereumjs/trie";
import { fromRlp, hexToBytes, toRlp } from "viem";

const EMPTY_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
const EMPTY_CODE = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";

/** The value that nodes prove for key under root; null when they prove its absence. */
async function lookUp(root, key, nodes) {
  if (root === EMPTY_ROOT && nodes.length === 0) return null;
  const trie = new Trie({ useKeyHashing: true });
  return trie.verifyProof(hexToBytes(root), hexToBytes(key), nodes.map((node) => hexToBytes(node)));
}

const quantity = (hex) => (hex === "0x" ? 0n : BigInt(hex));

/** Throws unless an eth_getProof answer (viem's) is proven by stateRoot. Answers whether it exists. */
export async function checkProof(proof, stateRoot) {
  const value = await lookUp(stateRoot, proof.address, proof.accountProof);
  const [nonce, balance, storageHash, codeHash] = value === null
    ? ["0x", "0x", EMPTY_ROOT, EMPTY_CODE] : fromRlp(value, "hex");
  const equal = (what, proven, said) => {
    if (proven !== said) throw new Error(`${proof.address}: ${what} is ${proven}, not ${said}`);
  };
  equal("nonce", quantity(nonce), BigInt(proof.nonce));
  equal("balance", quantity(balance), BigInt(proof.balance));
  equal("storageHash", storageHash, proof.storageHash);
  equal("codeHash", codeHash, proof.codeHash);
  for (const slot of proof.storageProof) {
    const key = `0x${BigInt(slot.key).toString(16).padStart(64, "0")}`;
    const stored = await lookUp(storageHash, key, slot.proof);
    equal(`slot ${slot.key}`, stored === null ? 0n : BigInt(fromRlp(stored, "hex")), BigInt(slot.value));
  }
  return value !== null;
}

/** The root of a list of byte strings, as blocks have of transactions and receipts. */
export async function listRoot(items) {
  if (items.length === 0) return EMPTY_ROOT;
  const trie = new Trie();
  for (const [index, item] of items.entries()) {
    await trie.put(hexToBytes(toRlp(index === 0 ? "0x" : `0x${even(index.toString(16))}`)), hexToBytes(item));
  }
  return `0x${Buffer.from(trie.root()).toString("hex")}`;
}

const even = (digits) => (digits.length % 2 === 0 ? digits : `0${digits}`);

/** A receipt (JSON) in the form that its root is made of. */
export function encodeReceipt(receipt) {
  const body = toRlp([
    receipt.status === "0x1" ? "0x01" : "0x",
    `0x${even(BigInt(receipt.cumulativeGasUsed).toString(16))}`,
    receipt.logsBloom,
    receipt.logs.map((log) => [log.address, log.topics, log.data]),
  ]);
  return receipt.type === "0x0" ? body : `0x${even(BigInt(receipt.type).toString(16))}${body.slice(2)}`;
}
