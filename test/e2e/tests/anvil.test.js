// The same transactions here and on anvil: equal gas, status, addresses and shapes.
//
// Left out are what anvil 1.7.1 is known to do wrong: gas of EIP-7702 tuples for accounts that do not
// exist, transactions below EIP-7623's floor or the intrinsic gas, and the transactions root of blocks with
// blobs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { concat, encodeAbiParameters, encodeFunctionData, getCreate2Address, keccak256, pad, parseEther, parseGwei, toHex } from "viem";
import { foundry, startAnvil, startChain } from "../lib/chain.js";
import { accounts, call, deploy, viem } from "../lib/clients.js";
import { contracts } from "../lib/compile.js";

const { Token, Playground, Batch } = contracts();
const skip = foundry("anvil") === null ? "no anvil for this machine" : false;
const bob = accounts[1].address;
const FRESH = "0x00000000000000000000000000000000000000f0";
const CREATE2_DEPLOYER = "0x4e59b44847b379578588920ca78fbf26c0b4956c";

let chains, clients, play;
before(async () => {
  if (skip) return;
  chains = await Promise.all([startChain(), startAnvil()]);
  clients = chains.map((chain) => viem(chain));
  const deployed = await Promise.all(clients.map((client) => deploy(client, Playground, [], { value: parseEther("3") })));
  assert.equal(deployed[0].address, deployed[1].address);
  assert.equal(deployed[0].receipt.gasUsed, deployed[1].receipt.gasUsed);
  play = deployed[0];
});
after(() => Promise.all((chains ?? []).map((chain) => chain.stop())));

const data = (functionName, args = []) => encodeFunctionData({ abi: Playground.abi, functionName, args });
const toPlay = (functionName, args, more = {}) => ({ to: play?.address, data: data(functionName, args), ...more });
const tokenCode = concat([Token.bytecode, encodeAbiParameters([{ type: "string" }, { type: "string" }, { type: "uint256" }], ["A", "B", 5n])]);
const word = (value) => pad(toHex(value));
const ecrecover = concat([keccak256("0x"), word(27n), word(1n), word(1n)]);
const modexp = concat([word(32n), word(32n), word(32n), word(3n), word(2n ** 200n + 7n), word(2n ** 255n - 19n)]);
const G = concat([word(1n), word(2n)]);

const cases = () => [
  ["a transfer to an account", { to: bob, value: 1n }],
  ["a transfer to a fresh account", { to: FRESH, value: 1n }],
  ["a transfer of nothing", { to: FRESH, value: 0n }],
  ["a transfer to itself", { to: accounts[0].address, value: 5n }],
  ["a transfer with data", { to: bob, data: `0x${"00ff".repeat(200)}`, gas: 200_000n }],
  ["a transfer to a precompile", { to: pad("0x04", { size: 20 }), data: "0x1234", gas: 100_000n }],
  ["a transfer with an access list", { to: bob, accessList: [{ address: bob, storageKeys: [word(0), word(1)] }] }],
  ["a legacy transfer", { to: bob, value: 1n, gasPrice: parseGwei("9") }],
  ["a deployment", { data: tokenCode }],
  ["a deployment that fails", { data: "0x60006000fd", gas: 100_000n }],
  ["a deployment of code that starts with 0xef", { data: "0x60ef60005360016000f3", gas: 100_000n }],
  ["a deployment of nothing", { data: "0x", gas: 100_000n }],
  ["a deployment by the CREATE2 deployer", { to: CREATE2_DEPLOYER, data: concat([word(1), tokenCode]) }],
  ["a slot that is set", toPlay("set", [1n, 5n])],
  ["a slot that is changed", toPlay("set", [1n, 6n])],
  ["a slot that stays", toPlay("set", [1n, 6n])],
  ["a slot that is cleared", toPlay("set", [1n, 0n])],
  ["a slot that flips", toPlay("flip", [2n])],
  ["twenty slots that are set", toPlay("setMany", [100n, 20n, 1n])],
  ["twenty slots that are cleared", toPlay("setMany", [100n, 20n, 0n])],
  ["slots named in an access list", toPlay("increment", [], { accessList: [{ address: play.address, storageKeys: [word(0)] }] })],
  ["transient storage", toPlay("transient_", [7n])],
  ...[0n, 1n, 2n, 3n].map((kind) => [`a log of ${kind} topics`, toPlay("log", [kind, 9n, "0x112233"])]),
  ["a revert", toPlay("failCustom", [3n], { gas: 100_000n })],
  ["a revert with a string", toPlay("failRequire", [], { gas: 100_000n })],
  ["a panic", toPlay("failAssert", [], { gas: 100_000n })],
  ["an invalid instruction", toPlay("failInvalid", [], { gas: 100_000n })],
  ["a loop without end", toPlay("failLoop", [], { gas: 200_000n })],
  ["a caught revert", toPlay("caught", [4n])],
  ["recursion", toPlay("recurse", [20n])],
  ["memory", toPlay("memoryTo", [100_000n])],
  ["too much memory", toPlay("memoryTo", [2n ** 40n], { gas: 300_000n })],
  ["hashing", toPlay("burn", [300n])],
  ["ecrecover", toPlay("precompile", [pad("0x01", { size: 20 }), ecrecover])],
  ["sha256", toPlay("precompile", [pad("0x02", { size: 20 }), `0x${"61".repeat(100)}`])],
  ["ripemd160", toPlay("precompile", [pad("0x03", { size: 20 }), `0x${"61".repeat(100)}`])],
  ["identity", toPlay("precompile", [pad("0x04", { size: 20 }), `0x${"61".repeat(100)}`])],
  ["modexp", toPlay("precompile", [pad("0x05", { size: 20 }), modexp])],
  ["bn254 addition", toPlay("precompile", [pad("0x06", { size: 20 }), concat([G, G])])],
  ["bn254 multiplication", toPlay("precompile", [pad("0x07", { size: 20 }), concat([G, word(7n)])])],
  ["bn254 pairing of nothing", toPlay("precompile", [pad("0x08", { size: 20 }), "0x"])],
  ["P-256 on nonsense", toPlay("precompile", [pad("0x0100", { size: 20 }), `0x${"11".repeat(160)}`])],
  ["create", toPlay("create", [tokenCode])],
  ["create2", toPlay("create2", [tokenCode, word(9n)])],
  ["create2 again, in vain", toPlay("create2", [tokenCode, word(9n)], { gas: 2_000_000n })],
  ["value sent on to a fresh account", toPlay("send", ["0x00000000000000000000000000000000000000f1", 1n])],
  ["code that is copied", toPlay("copyCode", [play.address])],
  ["selfdestruct", toPlay("die", [bob])],
];

const shape = (value) => Object.keys(value).sort();

test("fifty varied transactions use the same gas and end in the same way", { skip }, async (t) => {
  for (const [name, request] of cases()) {
    await t.test(name, async () => {
      const [ours, theirs] = await Promise.all(clients.map(async (client) => {
        const hash = await client.sendTransaction({ gas: 10_000_000n, ...request });
        return client.waitForTransactionReceipt({ hash });
      }));
      const view = ({ status, gasUsed, contractAddress, logs, type, to }) => ({
        status, gasUsed, contractAddress: contractAddress?.toLowerCase() ?? null, type, to,
        logs: logs.map(({ address, topics, data: bytes, logIndex }) => ({ address: address.toLowerCase(), topics, data: bytes, logIndex })),
      });
      assert.deepEqual(view(ours), view(theirs));
    });
  }
});

test("a delegation to an account that exists costs the same", { skip }, async () => {
  const receipts = await Promise.all(clients.map(async (client) => {
    const batch = await deploy(client, Batch);
    const account = accounts[4];
    const authorization = await client.signAuthorization({ account, contractAddress: batch.address });
    const hash = await client.sendTransaction({ to: bob, value: 1n, authorizationList: [authorization], gas: 200_000n });
    return client.waitForTransactionReceipt({ hash });
  }));
  assert.equal(receipts[0].status, "success");
  assert.equal(receipts[0].gasUsed, receipts[1].gasUsed);
});

test("estimates agree within anvil's margin", { skip }, async () => {
  for (const [name, request] of [["transfer", { to: bob, value: 1n }], ["set", toPlay("set", [77n, 1n])], ["deployment", { data: tokenCode }]]) {
    const [ours, theirs] = await Promise.all(clients.map((client) => client.estimateGas(request)));
    const difference = ours > theirs ? ours - theirs : theirs - ours;
    assert.ok(difference * 20n <= theirs, `${name}: ${ours} here, ${theirs} there`);
  }
});

test("blocks, transactions, receipts and logs have all fields that anvil's have", { skip }, async () => {
  const looks = await Promise.all(chains.map(async (chain, i) => {
    const hash = await clients[i].sendTransaction({ ...toPlay("log", [2n, 1n, "0x"]), gas: 100_000n });
    await clients[i].waitForTransactionReceipt({ hash });
    const receipt = await call(chain, "eth_getTransactionReceipt", [hash]);
    return {
      block: await call(chain, "eth_getBlockByNumber", ["latest", true]), transaction: await call(chain, "eth_getTransactionByHash", [hash]),
      receipt, log: receipt.logs[0],
    };
  }));
  // Beside the specification, and not in receipts of geth.
  const extra = new Set(["blobGasPrice", "blobGasUsed", "blockTimestamp"]);
  for (const part of ["block", "transaction", "receipt", "log"]) {
    const [ours, theirs] = looks.map((look) => shape(look[part]));
    const lacking = theirs.filter((field) => !ours.includes(field) && !(part === "receipt" && extra.has(field)));
    assert.deepEqual(lacking.filter((field) => field !== "totalDifficulty"), [], part);
  }
  for (const part of ["transaction", "receipt"]) {
    for (const [field, value] of Object.entries(looks[0][part])) {
      if (value === null || looks[1][part][field] === undefined) continue;
      assert.equal(typeof value, typeof looks[1][part][field], `${part}.${field}`);
    }
  }
});

test("the CREATE2 deployer is where everyone expects it", { skip }, async () => {
  const address = getCreate2Address({ from: CREATE2_DEPLOYER, salt: word(1), bytecode: tokenCode });
  const codes = await Promise.all(clients.map((client) => client.getCode({ address })));
  assert.equal(codes[0], Token.deployedBytecode);
  assert.equal(codes[1], codes[0]);
});
