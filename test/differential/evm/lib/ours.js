// The program evm_cases, which draws cases and runs them on our EVM.
import { spawn } from 'node:child_process';

// Blocks of bytes behind their length, from a stream.
async function* blocks(stream) {
  let held = Buffer.alloc(0);
  for await (const chunk of stream) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    while (held.length - at >= 4) {
      const size = held.readUInt32BE(at);
      if (held.length - at - 4 < size) break;
      yield held.subarray(at + 4, at + 4 + size);
      at += 4 + size;
    }
    held = held.subarray(at);
  }
  if (held.length !== 0) throw new Error('evm_cases ended within a block');
}

function start(program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`evm_cases ended with ${signal ?? code}`));
    });
  });
  ended.catch(() => {}); // whoever waits for it is told
  return { child, ended };
}

// Each case and its outcome.
export async function* drawn(program, { seed, first, count, fork }) {
  const args = ['--seed', seed, '--first', first, '--count', count].map(String);
  if (fork !== undefined) args.push('--fork', fork);
  const { child, ended } = start(program, args);
  child.stdin.end();
  let one;
  for await (const block of blocks(child.stdout)) {
    if (one === undefined) {
      one = block;
    } else {
      yield { one, outcome: block };
      one = undefined;
    }
  }
  await ended;
}

// Runs cases of our making.
export class Replayer {
  constructor(program) {
    const { child, ended } = start(program, ['--replay']);
    this.child = child;
    this.ended = ended;
    this.outcomes = blocks(child.stdout);
  }
  async run(encoded) {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(encoded.length);
    this.child.stdin.write(size);
    this.child.stdin.write(encoded);
    const { value, done } = await this.outcomes.next();
    if (done) await this.ended;
    return value;
  }
  async end() {
    this.child.stdin.end();
    await this.ended;
  }
}
