// Requests that no honest client sends, over raw sockets: each gets an answer, none does harm.
import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { after, before, test } from "node:test";
import { startChain } from "../lib/chain.js";
import { accounts, call, post, viem } from "../lib/clients.js";

const FULL = Number(process.env.INFINITY_TEST_FULL ?? 0) > 0;

let chain;
before(async () => {
  chain = await startChain(["--log-format", "json"]);
});
after(async () => {
  // It has survived all of this, and ends as it should.
  assert.equal((await chain.stop()).code, 0);
});

async function alive() {
  assert.equal(await call(chain, "eth_chainId"), "0x7a69");
}

/** Sends bytes as they are and answers what comes back until the other side closes, or for a while. */
function raw(bytes, ms = 1500) {
  return new Promise((resolve) => {
    let text = "";
    const socket = createConnection(chain.port, "127.0.0.1", () => socket.write(bytes));
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(done, ms);
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("error", done);
    socket.on("close", done);
  });
}

const head = (length, more = "") =>
  `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${more}Content-Length: ${length}\r\nConnection: close\r\n\r\n`;

async function errorOf(body) {
  const answer = JSON.parse(await post(chain, body));
  return Array.isArray(answer) ? answer.map((one) => one.error?.code) : answer.error?.code;
}

for (const [name, body, code] of [
  ["no JSON at all", "hello", -32700],
  ["an empty body", "", -32700],
  ["JSON that ends early", '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"', -32700],
  ["JSON with more behind it", '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"} x', -32700],
  ["null", "null", -32600],
  ["a number", "1", -32600],
  ["a string", '"x"', -32600],
  ["true", "true", -32600],
  ["an empty batch", "[]", -32600],
  ["a batch of rubbish", '[1,"x",null,[]]', [-32600, -32600, -32600, -32600]],
  ["an unknown method", '{"jsonrpc":"2.0","id":1,"method":"eth_nothing"}', -32601],
  ["a method that is a number", '{"jsonrpc":"2.0","id":1,"method":5}', -32600],
  ["params that are a string", '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":"x"}', -32602],
  ["params of the wrong type", '{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[{},[]]}', -32602],
  ["too few params", '{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[]}', -32602],
  ["too many params", '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1,2,3]}', -32602],
  ["a method with a NUL in it", '{"jsonrpc":"2.0","id":1,"method":"eth_chainId\\u0000"}', -32601],
  ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600],
  ["invalid UTF-8", Buffer.from([0x22, 0xff, 0xfe, 0x22]), -32700],
  ["deep nesting", "[".repeat(100_000) + "]".repeat(100_000), undefined],
  ["nested params", `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":${"[".repeat(500)}${"]".repeat(500)}}`, undefined],
]) {
  test(`answers an error to ${name}`, async () => {
    const got = await errorOf(body);
    if (code === undefined) assert.ok([-32600, -32602, -32700].includes(Array.isArray(got) ? got[0] : got), String(got));
    else assert.deepEqual(got, code);
    await alive();
  });
}

test("wrong types for every method of a list do no harm", async () => {
  const methods = [
    "eth_getBlockByNumber", "eth_getBlockByHash", "eth_getTransactionByHash", "eth_call", "eth_estimateGas", "eth_getLogs",
    "eth_getProof", "eth_feeHistory", "eth_newFilter", "eth_getFilterChanges", "eth_sendTransaction", "eth_sendRawTransaction",
    "eth_getStorageAt", "eth_subscribe", "eth_createAccessList", "debug_traceTransaction", "debug_traceCall", "evm_mine", "evm_revert",
    "anvil_setBalance", "anvil_setCode", "anvil_setStorageAt", "evm_increaseTime", "evm_setNextBlockTimestamp", "anvil_dropTransaction",
    "infinity_getJob", "infinity_getJobs", "infinity_getProgram", "infinity_finality", "txpool_contentFrom", "eth_simulateV1",
    "personal_sign", "eth_signTypedData_v4", "web3_sha3",
  ];
  const odd = [
    null, true, -1, 1e300, 2 ** 53, "", "0x", "0xg", "latest", `0x${"f".repeat(65)}`, `0x${"f".repeat(64)}`, [], [[[[]]]], {}, { a: 1 },
    { from: 5, to: [], data: {}, gas: "0xffffffffffffffffff", value: "-1" }, { fromBlock: {}, toBlock: [], topics: "x", address: 1 },
    { topics: Array(5).fill(null) }, { data: "0x", input: "0x00" }, "\u0000", "é".repeat(1000),
  ];
  for (const method of methods) {
    const bodies = odd.flatMap((value) => [[value], [value, value], ["0x1", value, value]]);
    const answer = JSON.parse(await post(chain, JSON.stringify(
      bodies.map((params, id) => ({ jsonrpc: "2.0", id, method, params })),
    )));
    assert.equal(answer.length, bodies.length, method);
    for (const one of answer) {
      assert.ok("result" in one || Number.isInteger(one.error.code), method);
      assert.notEqual(one.error?.code, -32603, `${method} ${JSON.stringify(bodies[one.id]).slice(0, 80)} ${one.error?.message}`);
    }
  }
  await alive();
});

test("a batch of 1000 is answered, one of 1001 is refused", async () => {
  const calls = (count) => JSON.stringify(
    Array.from({ length: count }, (_, id) => ({ jsonrpc: "2.0", id, method: "eth_chainId" })),
  );
  assert.equal(JSON.parse(await post(chain, calls(1000))).length, 1000);
  const answer = JSON.parse(await post(chain, calls(1001)));
  assert.equal((Array.isArray(answer) ? answer[0] : answer).error.code, -32600);
  await alive();
});

test("a body of 6 MiB is refused, whether its length is said or not", async () => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "web3_sha3", params: [`0x${"00".repeat(3 << 20)}`] });
  // Told by its length, before a byte of it is read; who goes on sending may find the connection closed.
  assert.match(await raw(head(body.length)), /^HTTP\/1\.1 413/);
  assert.match(await raw(head(body.length) + body), /^HTTP\/1\.1 413|^$/);
  const chunk = `${(1 << 20).toString(16)}\r\n${"a".repeat(1 << 20)}\r\n`;
  const answer = await raw(
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(7)}0\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 413|^$/);
  await alive();
});

test("a request of 4 MiB is served", async () => {
  const data = `0x${"00".repeat(2 << 20)}`;
  assert.match(await call(chain, "web3_sha3", [data]), /^0x[0-9a-f]{64}$/);
});

test("broken HTTP gets an answer or a closed connection", async () => {
  for (const bytes of [
    "\r\n\r\n", "GET\r\n\r\n", "BOGUS / HTTP/9.9\r\n\r\n", `GET /${"a".repeat(100_000)} HTTP/1.1\r\n\r\n`, head(-5), head("abc"),
    `POST / HTTP/1.1\r\n${"x: y\r\n".repeat(5000)}\r\n`, head(10) + "short", "\x00\x01\x02\x03".repeat(100),
    "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", head(2, "Content-Length: 3\r\n") + "{}",
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff",
  ]) {
    await raw(bytes, 300);
  }
  await alive();
});

test("sixty connections that send half a request do not keep others out", async () => {
  const sockets = Array.from({ length: 60 }, () => createConnection(chain.port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => {});
    socket.write(head(1000) + '{"jsonrpc"');
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  await alive();
  for (const socket of sockets) socket.destroy();
});

test("calls that would run forever or fill memory end with an error", async () => {
  for (const code of ["0x5b600056", "0x5b60006000f3600056", "0x67ffffffffffffffff6000fd", "0x63ffffffff6000f3"]) {
    const started = Date.now();
    await call(chain, "eth_call", [{ to: accounts[1].address, gas: "0xffffffffffff" }, "latest", { [accounts[1].address]: { code } }])
      .catch((error) => assert.notEqual(error.code, -32603));
    assert.ok(Date.now() - started < 15_000);
  }
  await alive();
});

test(`memory does not grow over ${FULL ? 200_000 : 20_000} requests`, async () => {
  const client = viem(chain);
  const [, bob] = accounts.map((account) => account.address);
  const round = async (count) => {
    const body = JSON.stringify(Array.from({ length: 100 }, (_, id) => ({
      jsonrpc: "2.0", id,
      ...[
        { method: "eth_getBlockByNumber", params: ["latest", true] },
        { method: "eth_call", params: [{ to: bob, data: "0x" }, "latest"] },
        { method: "eth_getBalance", params: [bob, "latest"] },
        { method: "eth_getLogs", params: [{ fromBlock: "0x0" }] },
        { method: "eth_nothing", params: [] },
        { method: "eth_estimateGas", params: [{ to: bob, value: "0x1" }] },
        { method: "eth_getBalance", params: ["nobody"] },
        { method: "eth_feeHistory", params: ["0x5", "latest", [50]] },
      ][id % 8],
    })));
    for (let i = 0; i < count / 100; i++) await post(chain, body);
  };
  await client.mine({ blocks: 10 });
  await round(4000);
  const before_ = chain.resident();
  await round(FULL ? 200_000 : 20_000);
  const grown = chain.resident() - before_;
  assert.ok(grown < 8 << 20, `${(grown / 1048576).toFixed(1)} MiB more`);
  await alive();
});
