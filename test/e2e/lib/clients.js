// clients: viem on a chain under test, its accounts, and JSON-RPC without any library.
import {
  createPublicClient, createTestClient, defineChain, http, publicActions,
  walletActions, webSocket,
} from "viem";
import { mnemonicToAccount } from "viem/accounts";

export const MNEMONIC = "test test test test test test test test test test test junk";
export const accounts = Array.from({ length: 11 }, (_, addressIndex) =>
  mnemonicToAccount(MNEMONIC, { addressIndex }),
);
export const privateKeys = accounts.map(
  (account) => `0x${Buffer.from(account.getHdKey().privateKey).toString("hex")}`,
);

const POLL_MS = 20;
const RECEIPT_MS = 20_000;

export function chainOf(node, id = 31337) {
  return defineChain({
    id,
    name: "under test",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [node.url], webSocket: [node.ws] } },
  });
}

/** One viem client with public, wallet and test actions, for account `index`. */
export function viem(node, index = 0, transport = http(node.url, { retryCount: 0 })) {
  return createTestClient({
    account: accounts[index], chain: chainOf(node), mode: "anvil", pollingInterval: POLL_MS, transport,
    cacheTime: 0,
  }).extend(publicActions).extend(walletActions).extend((base) => ({
    // viem's own patience is three minutes.
    waitForTransactionReceipt: (options) =>
      base.waitForTransactionReceipt({ timeout: RECEIPT_MS, ...options }),
  }));
}

/** A viem client over WebSocket. Close it with `close(client)`. */
export function viemSocket(node) {
  return createPublicClient({ chain: chainOf(node), transport: webSocket(node.ws, { reconnect: false }) });
}

export async function close(client) {
  const socket = await client.transport.getRpcClient();
  socket.close();
}

/** One JSON-RPC call: the result, or an Error with code and data. */
export async function call(node, method, params = []) {
  const answer = await post(node, JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
  const message = JSON.parse(answer);
  if (message.error === undefined) return message.result;
  throw Object.assign(new Error(message.error.message), {
    code: message.error.code, data: message.error.data,
  });
}

const BATCH_MAX = 1000;

/** The method once for each list of params, as few requests as a node takes: the results, in order. */
export async function callEach(node, method, lists) {
  const results = [];
  for (let start = 0; start < lists.length; start += BATCH_MAX) {
    const part = lists.slice(start, start + BATCH_MAX).map((params, id) => ({ jsonrpc: "2.0", id, method, params }));
    for (const message of JSON.parse(await post(node, JSON.stringify(part)))) {
      if (message.error !== undefined) throw new Error(`${method}: ${JSON.stringify(message.error)}`);
      results[start + message.id] = message.result;
    }
  }
  return results;
}

/** Whether the node has a method: what it lacks is skipped and counted, not failed. */
export async function has(node, method) {
  try {
    await call(node, method, []);
    return true;
  } catch (error) {
    return error.code !== -32601;
  }
}

/** The error of a call that must fail. */
export async function refusal(node, method, params = []) {
  try {
    const result = await call(node, method, params);
    throw Object.assign(new Error(`accepted: ${JSON.stringify(result)}`), { code: "accepted" });
  } catch (error) {
    return { code: error.code, message: error.message, data: error.data };
  }
}

export async function post(node, body) {
  const response = await fetch(node.url, {
    method: "POST", headers: { "content-type": "application/json" }, body,
  });
  return response.text();
}

/** Waits until look() answers something, by default for 20 seconds. */
export async function eventually(look, what = "it", ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A deployed contract: {address, abi, receipt}. */
export async function deploy(client, contract, args = [], options = {}) {
  const hash = await client.deployContract({ ...contract, args, ...options });
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new Error(`not deployed: ${hash}`);
  return { address: receipt.contractAddress, abi: contract.abi, receipt };
}

/** Sends a call and answers its receipt. */
export async function send(client, contract, functionName, args = [], options = {}) {
  const hash = await client.writeContract({ ...contract, functionName, args, ...options });
  return client.waitForTransactionReceipt({ hash });
}
