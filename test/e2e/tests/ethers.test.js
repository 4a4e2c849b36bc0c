// What applications do with ethers v6, and the error codes it makes of our messages.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  Contract, ContractFactory, HDNodeWallet, JsonRpcProvider, NonceManager, Wallet, WebSocketProvider, getCreateAddress,
  isError, parseEther, parseUnits, verifyMessage,
} from "ethers";
import { startChain } from "../lib/chain.js";
import { MNEMONIC, accounts, eventually, privateKeys } from "../lib/clients.js";
import { contracts } from "../lib/compile.js";

const { Token, Playground } = contracts();
const bob = accounts[1].address;

let chain, provider, wallet, token, play;
before(async () => {
  chain = await startChain();
  provider = new JsonRpcProvider(chain.url, undefined, { polling: true, pollingInterval: 50, cacheTimeout: -1 });
  wallet = HDNodeWallet.fromPhrase(MNEMONIC, undefined, "m/44'/60'/0'/0/0").connect(provider);
  token = await new ContractFactory(Token.abi, Token.bytecode, wallet).deploy("T", "T", parseEther("5"));
  await token.waitForDeployment();
  play = await new ContractFactory(Playground.abi, Playground.bytecode, wallet).deploy({ value: 5n });
  await play.waitForDeployment();
});
after(async () => {
  provider?.destroy();
  await chain?.stop();
});

async function codeOf(promise, code) {
  try {
    await promise;
  } catch (error) {
    assert.ok(isError(error, code), `${error.code}: ${error.message}`);
    return error;
  }
  return assert.fail(`no ${code}`);
}

test("a wallet from the mnemonic deploys, calls and waits", async () => {
  assert.equal(wallet.address, accounts[0].address);
  assert.equal(await token.getAddress(), getCreateAddress({ from: wallet.address, nonce: 0 }));
  assert.equal(await token.balanceOf(wallet.address), parseEther("5"));
  const receipt = await (await token.transfer(bob, 7n)).wait();
  assert.equal(receipt.status, 1);
  const parsed = token.interface.parseLog(receipt.logs[0]);
  assert.deepEqual([...parsed.args], [wallet.address, bob, 7n]);
  assert.equal((await provider.getNetwork()).chainId, 31337n);
  assert.equal((await provider.getTransactionReceipt(receipt.hash)).gasUsed, receipt.gasUsed);
  assert.equal(await token.transfer.staticCall(bob, 1n), true);
});

test("requests made together go as one batch and come back in place", async () => {
  const blocks = await Promise.all(Array.from({ length: 150 }, (_, i) => provider.getBlock(i % 3)));
  blocks.forEach((block, i) => assert.equal(block.number, i % 3));
});

test("events arrive by polling filters and by WebSocket", async () => {
  const socket = new WebSocketProvider(chain.ws);
  const live = new Contract(await token.getAddress(), Token.abi, socket);
  const seen = [], blocks = [], polled = [];
  await live.on("Transfer", (from, to, value) => seen.push(value));
  await socket.on("block", (number) => blocks.push(number));
  await token.on(token.filters.Transfer(null, bob), (event) => polled.push(event.args.value));
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (const value of [1n, 2n, 3n]) await (await token.transfer(bob, value)).wait();
  await eventually(() => seen.length >= 3 && blocks.length >= 3 && polled.length >= 3, "events");
  assert.deepEqual(seen, [1n, 2n, 3n]);
  assert.deepEqual(polled, [1n, 2n, 3n]);
  await token.off("Transfer");
  await token.removeAllListeners();
  await live.removeAllListeners();
  await socket.destroy();
  const logs = await token.queryFilter(token.filters.Transfer(null, bob), 0);
  assert.ok(logs.length >= 3);
});

test("legacy, 2930, 1559 and 7702 transactions", async () => {
  const plain = { to: bob, value: 1n };
  for (const request of [
    { ...plain, type: 0, gasPrice: parseUnits("5", "gwei") },
    { ...plain, type: 1, gasPrice: parseUnits("5", "gwei"), accessList: [[bob, []]] },
    { ...plain, type: 2 },
  ]) {
    const receipt = await (await wallet.sendTransaction(request)).wait();
    assert.equal(receipt.type, request.type);
  }
  const other = new Wallet(privateKeys[6], provider);
  const authorization = await other.authorize({ address: await play.getAddress(), nonce: 0, chainId: 31337n });
  const receipt = await (await wallet.sendTransaction({ type: 4, to: other.address, authorizationList: [authorization] })).wait();
  assert.equal(receipt.type, 4);
  assert.equal(await provider.getCode(other.address), `0xef0100${(await play.getAddress()).slice(2).toLowerCase()}`);
});

test("messages signed by the node and by a wallet are the same", async () => {
  const signer = await provider.getSigner(3);
  const signature = await signer.signMessage("infinity");
  assert.equal(verifyMessage("infinity", signature), accounts[3].address);
  const receipt = await (await signer.sendTransaction({ to: bob, value: 5n })).wait();
  assert.equal(receipt.from, accounts[3].address);
});

test("CALL_EXCEPTION carries the decoded error, reason or panic", async () => {
  const custom = await codeOf(play.failCustom.staticCall(9n), "CALL_EXCEPTION");
  assert.equal(custom.revert.name, "Refused");
  assert.deepEqual([...custom.revert.args], [wallet.address, 9n, "because"]);
  assert.equal((await codeOf(play.failRequire.staticCall(), "CALL_EXCEPTION")).reason, "a require string");
  assert.match((await codeOf(play.failAssert.staticCall(), "CALL_EXCEPTION")).reason, /Panic|assert/);
  assert.equal((await codeOf(play.failEmpty.staticCall(), "CALL_EXCEPTION")).data, "0x");
  const sent = await codeOf(play.failCustom.send(1n), "CALL_EXCEPTION");
  assert.equal(sent.action, "estimateGas");
  const mined = await play.failBare.send({ gasLimit: 100000 });
  assert.equal((await codeOf(mined.wait(), "CALL_EXCEPTION")).receipt.status, 0);
});

test("NONCE_EXPIRED, INSUFFICIENT_FUNDS and REPLACEMENT_UNDERPRICED are recognised", async () => {
  const fees = { maxFeePerGas: parseUnits("20", "gwei"), maxPriorityFeePerGas: parseUnits("2", "gwei"), gasLimit: 21000 };
  await codeOf(wallet.sendTransaction({ to: bob, nonce: 0, ...fees }), "NONCE_EXPIRED");
  await codeOf(wallet.sendTransaction({ to: bob, value: parseEther("99999"), ...fees }), "INSUFFICIENT_FUNDS");
  await codeOf(wallet.sendTransaction({ to: bob, value: parseEther("99999") }), "INSUFFICIENT_FUNDS");
  await provider.send("evm_setAutomine", [false]);
  const nonce = await wallet.getNonce();
  await wallet.sendTransaction({ to: bob, nonce, ...fees });
  await codeOf(wallet.sendTransaction({ to: bob, value: 1n, nonce, ...fees, maxPriorityFeePerGas: fees.maxPriorityFeePerGas + 1n }), "REPLACEMENT_UNDERPRICED");
  await provider.send("evm_mine", []);
  await provider.send("evm_setAutomine", [true]);
});

test("a nonce manager sends twenty transactions without waiting", async () => {
  const manager = new NonceManager(new Wallet(privateKeys[7], provider));
  const sent = await Promise.all(Array.from({ length: 20 }, (_, i) => manager.sendTransaction({ to: bob, value: BigInt(i) })));
  for (const receipt of await Promise.all(sent.map((one) => one.wait()))) assert.equal(receipt.status, 1);
  assert.equal(await provider.getTransactionCount(accounts[7].address), 20);
});
