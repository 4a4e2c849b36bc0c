// The encoding of cases and outcomes, as evm_case.h tells it. Addresses, hashes and code are Buffers,
// numbers BigInts but for counts and kinds.

class Reader {
  constructor(buffer) {
    this.buffer = buffer;
    this.at = 0;
  }
  take(size) {
    const end = this.at + size;
    if (end > this.buffer.length) throw new Error('a case or outcome that ends too early');
    const taken = this.buffer.subarray(this.at, end);
    this.at = end;
    return taken;
  }
  u32() {
    return this.take(4).readUInt32BE();
  }
  u64() {
    return this.take(8).readBigUInt64BE();
  }
  word() {
    const bytes = this.take(32);
    return (
      (bytes.readBigUInt64BE(0) << 192n) |
      (bytes.readBigUInt64BE(8) << 128n) |
      (bytes.readBigUInt64BE(16) << 64n) |
      bytes.readBigUInt64BE(24)
    );
  }
  bytes() {
    return this.take(this.u32());
  }
  list(read) {
    const count = this.u32();
    const items = new Array(count);
    for (let i = 0; i < count; i++) items[i] = read(this);
    return items;
  }
}

const MASK = (1n << 64n) - 1n;

export class Writer {
  constructor() {
    this.buffer = Buffer.allocUnsafe(1 << 14);
    this.at = 0;
  }
  room(size) {
    if (this.at + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.at + size));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
  u32(value) {
    this.room(4);
    this.at = this.buffer.writeUInt32BE(value, this.at);
  }
  u64(value) {
    this.room(8);
    this.at = this.buffer.writeBigUInt64BE(value, this.at);
  }
  word(value) {
    this.u64(value >> 192n);
    this.u64((value >> 128n) & MASK);
    this.u64((value >> 64n) & MASK);
    this.u64(value & MASK);
  }
  raw(bytes) {
    this.room(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }
  bytes(bytes) {
    this.u32(bytes.length);
    this.raw(bytes);
  }
  list(items, write) {
    this.u32(items.length);
    for (const item of items) write(item);
  }
  end() {
    return this.buffer.subarray(0, this.at);
  }
}

const readSlot = (r) => ({ key: r.take(32), value: r.word() });

const readAccount = (r) => ({
  address: r.take(20),
  nonce: r.u64(),
  balance: r.word(),
  codeHash: r.take(32),
  code: r.bytes(),
  slots: r.list(readSlot),
});

const readTx = (r) => ({
  type: r.u32(),
  sender: r.take(20),
  isCreate: r.u32() === 1,
  to: r.take(20),
  nonce: r.u64(),
  gasLimit: r.u64(),
  maxPriorityFee: r.word(),
  maxFee: r.word(),
  value: r.word(),
  data: r.bytes(),
  accessList: r.list((l) => ({ address: l.take(20), keys: l.list((k) => k.take(32)) })),
  maxFeePerBlobGas: r.word(),
  blobHashes: r.list((l) => l.take(32)),
  authorizations: r.list((l) => ({
    chainId: l.word(),
    address: l.take(20),
    nonce: l.u64(),
    yParity: l.u32(),
    r: l.word(),
    s: l.word(),
  })),
});

export function decodeCase(buffer) {
  const r = new Reader(buffer);
  return {
    revision: r.u32(),
    number: r.u64(),
    timestamp: r.u64(),
    gasLimit: r.u64(),
    excessBlobGas: r.u64(),
    coinbase: r.take(20),
    prevRandao: r.take(32),
    difficulty: r.word(),
    baseFee: r.word(),
    accounts: r.list(readAccount),
    txs: r.list(readTx),
  };
}

function writeTx(w, tx) {
  w.u32(tx.type);
  w.raw(tx.sender);
  w.u32(tx.isCreate ? 1 : 0);
  w.raw(tx.to);
  w.u64(tx.nonce);
  w.u64(tx.gasLimit);
  w.word(tx.maxPriorityFee);
  w.word(tx.maxFee);
  w.word(tx.value);
  w.bytes(tx.data);
  w.list(tx.accessList, (entry) => {
    w.raw(entry.address);
    w.list(entry.keys, (key) => w.raw(key));
  });
  w.word(tx.maxFeePerBlobGas);
  w.list(tx.blobHashes, (hash) => w.raw(hash));
  w.list(tx.authorizations, (one) => {
    w.word(one.chainId);
    w.raw(one.address);
    w.u64(one.nonce);
    w.u32(one.yParity);
    w.word(one.r);
    w.word(one.s);
  });
}

// Outcomes have no code: its hash tells.
function writeAccount(w, account, withCode) {
  w.raw(account.address);
  w.u64(account.nonce);
  w.word(account.balance);
  w.raw(account.codeHash);
  if (withCode) w.bytes(account.code);
  w.list(account.slots, (slot) => {
    w.raw(slot.key);
    w.word(slot.value);
  });
}

export function encodeCase(one) {
  const w = new Writer();
  w.u32(one.revision);
  w.u64(one.number);
  w.u64(one.timestamp);
  w.u64(one.gasLimit);
  w.u64(one.excessBlobGas);
  w.raw(one.coinbase);
  w.raw(one.prevRandao);
  w.word(one.difficulty);
  w.word(one.baseFee);
  w.list(one.accounts, (account) => writeAccount(w, account, true));
  w.list(one.txs, (tx) => writeTx(w, tx));
  return w.end();
}

const readLog = (r) => ({ address: r.take(20), topics: r.list((t) => t.take(32)), data: r.bytes() });

const readResult = (r) =>
  r.u32() === 0
    ? { valid: false }
    : { valid: true, status: r.u32(), gasUsed: r.u64(), output: r.bytes(), logs: r.list(readLog) };

export function decodeOutcome(buffer) {
  const r = new Reader(buffer);
  return {
    txs: r.list(readResult),
    stateRoot: r.take(32),
    accounts: r.list((a) => ({
      address: a.take(20),
      nonce: a.u64(),
      balance: a.word(),
      codeHash: a.take(32),
      slots: a.list(readSlot),
    })),
  };
}

export function encodeOutcome(outcome) {
  const w = new Writer();
  w.list(outcome.txs, (tx) => {
    w.u32(tx.valid ? 1 : 0);
    if (!tx.valid) return;
    w.u32(tx.status);
    w.u64(tx.gasUsed);
    w.bytes(tx.output);
    w.list(tx.logs, (log) => {
      w.raw(log.address);
      w.list(log.topics, (topic) => w.raw(topic));
      w.bytes(log.data);
    });
  });
  w.raw(outcome.stateRoot);
  w.list(outcome.accounts, (account) => writeAccount(w, account, false));
  return w.end();
}
