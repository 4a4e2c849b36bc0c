// Draws cases, runs them on our EVM and on EthereumJS's, and says where they differ.
import { parseArgs } from 'node:util';

import { decodeCase, decodeOutcome, encodeCase, encodeOutcome } from './case.js';
import { differences, shrink } from './differ.js';
import { settleWords } from './known.js';
import { Replayer, drawn } from './ours.js';
import { forks, root, run } from './peer.js';
import { caseText } from './show.js';

const SHRINK_STEPS = 4000;
const SHOWN_MAX = 12; // differences of one case
const PROGRESS_MS = 10000;

const { values: options } = parseArgs({
  options: {
    program: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    case: { type: 'string' },
    fork: { type: 'string' },
    seconds: { type: 'string', default: '0' },
    merkle: { type: 'string', default: '64' },
    failures: { type: 'string', default: '5' },
    whole: { type: 'boolean', default: false },
  },
});
const { count: casesMax, merkle: merkleEvery, failures: failuresMax, seconds: secondsMax } = Object.fromEntries(
  ['count', 'merkle', 'failures', 'seconds'].map((name) => [name, Number(options[name])]),
);
const seed = BigInt(options.seed);

// The kind of a difference: what a smaller case has to have too.
const kindOf = (found) => found.map((line) => line.replace(/:? ours .*/, '').replace(/0x[0-9a-f]+|\d+/g, '')).sort()[0];

async function differencesOf(one, outcome, count) {
  let theirs;
  try {
    theirs = await run(one);
  } catch (error) {
    return [`EthereumJS cannot run it: ${error.message}`];
  }
  const ours = decodeOutcome(outcome);
  theirs.stateRoot = ours.stateRoot;
  settleWords(one, ours, theirs, count);
  if (Buffer.compare(encodeOutcome(theirs), outcome) === 0) return [];
  return differences(ours, theirs);
}

async function report(number, one, found) {
  console.log(`evm: --seed ${seed} --case ${number} differs:`);
  for (const line of found.slice(0, SHOWN_MAX)) console.log(`  ${line}`);
  if (options.whole) {
    console.log(caseText(one));
    return;
  }
  const kind = kindOf(found);
  const replayer = new Replayer(options.program);
  const again = async (next) => differencesOf(next, await replayer.run(encodeCase(next)), () => {});
  const small = await shrink(one, async (next) => kindOf(await again(next)) === kind, SHRINK_STEPS);
  console.log('the smallest case that was found to differ so:');
  console.log(caseText(small));
  for (const line of (await again(small)).slice(0, SHOWN_MAX)) console.log(`  ${line}`);
  await replayer.end();
}

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const first = options.case === undefined ? 0n : BigInt(options.case);
const totals = { cases: 0, transactions: 0, executed: 0, roots: 0, failed: 0 };
const known = new Map();
const countKnown = (what) => known.set(what, (known.get(what) ?? 0) + 1);
const statuses = [0, 0, 0];
const byFork = new Array(forks.length).fill(0);
const began = Date.now();
let said = began;

const progress = (end) => {
  const seconds = (Date.now() - began) / 1000;
  const line = `evm: ${totals.cases} cases, ${totals.executed} transactions run, ${totals.failed} differ, ${(totals.executed / seconds).toFixed(0)} a second`;
  process.stderr.write(process.stderr.isTTY ? `\r${line}${end}` : `${line}\n`);
};

for await (const { one: encoded, outcome } of drawn(options.program, {
  seed,
  first,
  count: options.case === undefined ? casesMax : 1,
  fork: options.fork,
})) {
  const one = decodeCase(encoded);
  const found = await differencesOf(one, outcome, countKnown);
  const number = first + BigInt(totals.cases);
  totals.cases++;
  totals.transactions += one.txs.length;
  byFork[one.revision]++;
  const ours = decodeOutcome(outcome);
  for (const tx of ours.txs) {
    if (!tx.valid) continue;
    totals.executed++;
    statuses[tx.status]++;
  }
  if (found.length > 0) {
    totals.failed++;
    await report(number, one, found);
  } else if (merkleEvery > 0 && totals.cases % merkleEvery === 0) {
    totals.roots++;
    const theirs = hex(await root(one));
    if (theirs !== hex(ours.stateRoot)) {
      totals.failed++;
      console.log(`evm: --seed ${seed} --case ${number} differs: state root: ours ${hex(ours.stateRoot)}, theirs ${theirs}`);
    }
  }
  if (totals.failed >= failuresMax) break;
  if (secondsMax > 0 && Date.now() - began > secondsMax * 1000) break;
  if (Date.now() - said > PROGRESS_MS) {
    said = Date.now();
    progress('');
  }
}
if (process.stderr.isTTY) progress('\n');
const seconds = (Date.now() - began) / 1000;
console.log(`evm: seed ${seed}: ${totals.cases} cases, ${totals.transactions} transactions, ${totals.executed} of them valid and run (${statuses[0]} succeeded, ${statuses[1]} reverted, ${statuses[2]} failed), ${totals.roots} state roots, ${seconds.toFixed(0)} s`);
console.log(`evm: by fork: ${forks.map((name, i) => `${name} ${byFork[i]}`).join(', ')}`);
for (const [what, times] of known) console.log(`evm: ${times} times other words, as README.md explains: ${what}`);
console.log(`evm: ${totals.cases - totals.failed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 ? 0 : 1);
