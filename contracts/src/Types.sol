pragma solidity 0.8.37;

/// The life of a job. A program submission uses Pending, Completed (registered), Failed (rejected) and Expired.
enum Status {
    None,
    Pending,
    Completed,
    Failed,
    Cancelled,
    Expired
}

/// How a run of the machine ended.
enum Outcome {
    Exit,
    Trap,
    OutOfCycles
}

/// What the asker allows. deadline is a block number: the last block that may hold the result.
struct JobLimits {
    uint64 maxCycles;
    uint64 deadline;
    uint64 callbackGas;
}

/// A result with everything it was computed from; what a proposer signs (EIP-712).
struct JobResult {
    bytes32 jobID;
    bytes32 programID;
    bytes32 onchainInputHash;
    bytes32 offchainInputHash;
    uint64 maxCycles;
    uint64 usedCycles;
    Outcome outcome;
    uint32 code;
    bytes result;
    bytes32[] blobHashes;
    uint32 blobOffset;
    uint32 offchainLength;
}

/// A job as `getJob` shows it. requestedAt, readyAt, deadline and completedAt are block numbers.
struct Job {
    address consumer;
    Status status;
    Outcome outcome;
    uint32 code;
    bytes32 programID;
    bytes32 inputHash;
    uint64 maxCycles;
    uint64 usedCycles;
    uint64 requestedAt;
    uint64 readyAt;
    uint64 deadline;
    uint64 completedAt;
    uint64 callbackGas;
    bool callbackPending;
    bytes32 resultHash;
}
