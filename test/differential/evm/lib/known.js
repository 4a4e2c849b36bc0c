// Where EthereumJS says other words for the same thing; README.md explains each. What it says is put into
// ours, and everything else of the case is still compared.

const FAILURE = 2;
const HOMESTEAD = 1; // in enum evm_revision

// Frontier's creation without gas for its code made an account without code: no failure (EIP-2).
function lacksDepositGas(one, result) {
  return one.revision < HOMESTEAD && result.reason === 'code store out of gas';
}

// A refused input of the curve bn254 is called a revert there, but takes all gas as failures do (EIP-196); the gas is compared all the same.
function isRefusedPoint(tx, result) {
  const number = tx.to.readUIntBE(14, 6);
  const isLow = tx.to.subarray(0, 14).every((byte) => byte === 0);
  return isLow && number >= 6 && number <= 8 && result.reason === 'revert';
}

export function settleWords(one, ours, theirs, count) {
  for (const [i, result] of theirs.txs.entries()) {
    const tx = one.txs[i];
    if (lacksDepositGas(one, result)) {
      result.status = 0;
      result.output = ours.txs[i].output ?? result.output;
      count('creation without gas for its code, Frontier');
    } else if (!tx.isCreate && isRefusedPoint(tx, result)) {
      result.status = FAILURE;
      count('refused point of bn254');
    }
  }
}
