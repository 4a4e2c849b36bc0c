pragma solidity 0.8.37;

import {PROGRAM_REGISTRY} from "./Addresses.sol";
import {Credits} from "./Credits.sol";
import {Entitled} from "./Entitled.sol";
import {IConsumer} from "./IConsumer.sol";
import {IJobManager} from "./IJobManager.sol";
import {
    CALLBACK_GAS_MAX,
    CALLBACK_RESERVE,
    GAS_PRICE_STEP,
    INCLUSION_SLACK,
    JOB_BASE,
    JOB_CYCLES_MAX,
    JOB_INPUT_MAX,
    JOB_OUTPUT_MAX,
    MAX_BACKLOG_BLOCKS,
    PAGE_WEIGHT,
    PRICE_BLOCKS,
    RESULT_BASE_GAS,
    RESULT_BYTE_GAS,
    REVERT_DATA_MAX
} from "./Limits.sol";
import {Job, JobLimits, JobResult, Outcome, Status} from "./Types.sol";

/// Invariant: balance = escrows of pending jobs + credits (ether forced in without a call aside).
contract JobManager is IJobManager, Credits, Entitled {
    bytes32 private constant RESULT_TYPEHASH = keccak256(
        "JobResult(bytes32 jobID,bytes32 programID,bytes32 onchainInputHash,bytes32 offchainInputHash,uint64 maxCycles,uint64 usedCycles,uint8 outcome,uint32 code,bytes result,bytes32[] blobHashes,uint32 blobOffset,uint32 offchainLength)"
    );
    bytes32 private constant NO_BYTES_HASH = keccak256("");
    uint64 private constant FIRST_NONCE = 1 << 63; // those below belong to signed requests

    struct Record {
        address consumer;
        Status status;
        Outcome outcome;
        uint32 code;
        bool callbackPending;
        uint32 callbackGas;
        bytes32 programID;
        bytes32 inputHash;
        uint64 maxCycles;
        uint64 deadline;
        uint48 requestedAt;
        uint48 readyAt;
        uint32 pages;
        uint64 usedCycles;
        uint64 completedAt;
        uint64 cyclePrice; // wei a cycle, as at the request
        uint64 gasPrice; // wei a gas, as at the request
        bytes32 resultHash;
    }

    struct Terms {
        uint256 queueEnd;
        uint256 escrow;
        uint64 readyAt;
        uint64 cyclePrice;
        uint32 pages;
    }

    uint64 private cyclesPerBlock; // written by genesis
    uint64 private minCyclePrice; // wei; written by genesis
    uint64 private gasPrice; // wei; written by genesis, then moved by postings
    uint256 private queueEnd; // cycles since block 0 at which the last job in the queue is done
    mapping(bytes32 jobID => Record) private records;
    mapping(address consumer => uint64) private requestCount;

    function requestJob(bytes32 programID, bytes calldata onchainInput, JobLimits calldata limits)
        external
        payable
        returns (bytes32 jobID)
    {
        Terms memory terms = _terms(programID, onchainInput.length, limits);
        if (msg.value < terms.escrow) revert FeeTooLow(terms.escrow);

        uint64 nonce = FIRST_NONCE + requestCount[msg.sender]++;
        jobID = keccak256(abi.encodePacked(nonce, msg.sender));
        queueEnd = terms.queueEnd;
        _credit(msg.sender, msg.value - terms.escrow);

        Record storage job = records[jobID];
        job.consumer = msg.sender;
        job.status = Status.Pending;
        job.callbackGas = uint32(limits.callbackGas);
        job.programID = programID;
        job.inputHash = keccak256(onchainInput);
        job.maxCycles = limits.maxCycles;
        job.deadline = limits.deadline;
        job.requestedAt = uint48(block.number);
        job.readyAt = uint48(terms.readyAt);
        job.pages = terms.pages;
        job.cyclePrice = terms.cyclePrice;
        job.gasPrice = gasPrice;
        emit JobRequested(jobID, msg.sender, programID, nonce, limits, terms.readyAt, onchainInput);
    }

    function cancelJob(bytes32 jobID) external exclusive {
        Record storage job = records[jobID];
        if (job.status != Status.Pending) revert NotPending(jobID, job.status);
        if (msg.sender != job.consumer) revert NotConsumer(job.consumer);

        job.status = Status.Cancelled;
        uint256 charge = _weight(job.maxCycles, job.pages) / 2 * job.cyclePrice;
        _credit(block.coinbase, charge);
        _credit(job.consumer, _escrowOf(job) - charge);
        emit JobCancelled(jobID);
    }

    function expire(bytes32 jobID) external exclusive {
        Record storage job = records[jobID];
        if (job.status != Status.Pending) revert NotPending(jobID, job.status);
        if (block.number <= job.deadline) revert NotExpired(job.deadline);

        job.status = Status.Expired;
        _credit(job.consumer, _escrowOf(job));
        emit JobExpired(jobID);
    }

    function submitResult(bytes calldata resultWithMetadata, bytes calldata signature) external exclusive {
        JobResult memory result = abi.decode(resultWithMetadata, (JobResult));
        (address signer, bool entitled) = _entitled(_hash(result), signature);
        if (!entitled) revert NotEntitled(signer);
        Record storage job = records[result.jobID];
        if (job.status != Status.Pending) revert NotPending(result.jobID, job.status);
        if (block.number < job.readyAt) revert ResultTooEarly(job.readyAt);
        if (block.number > job.deadline) revert ResultTooLate(job.deadline);
        if (!_answers(result, job)) revert ResultMismatch(result.jobID);

        _complete(job, result);
        _settle(job, result.result.length);
        gasPrice = _nearer(gasPrice, block.basefee);
        emit JobCompleted(
            result.jobID, block.coinbase, result.outcome, result.code, result.usedCycles, result.result
        );
        _firstCallback(job, result.jobID, result.result);
    }

    function retryCallback(bytes32 jobID, bytes calldata result) external exclusive {
        Record storage job = records[jobID];
        address consumer = job.consumer;
        if (!job.callbackPending || consumer.code.length == 0) revert NothingToRetry(jobID);
        if (keccak256(result) != job.resultHash) revert ResultMismatch(jobID);

        job.callbackPending = false;
        emit CallbackRetried(jobID);
        bytes memory payload = _payload(job, jobID, result);
        _requireCallbackGas(job.callbackGas);
        (bool done, bytes memory reason) = _call(consumer, gasleft(), payload);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    function quote(bytes32 programID, uint256 inputLength, JobLimits calldata limits)
        external
        view
        returns (uint256 fee)
    {
        return _terms(programID, inputLength, limits).escrow;
    }

    function getJob(bytes32 jobID) external view returns (Job memory) {
        Record storage job = records[jobID];
        return Job({
            consumer: job.consumer,
            status: job.status,
            outcome: job.outcome,
            code: job.code,
            programID: job.programID,
            inputHash: job.inputHash,
            maxCycles: job.maxCycles,
            usedCycles: job.usedCycles,
            requestedAt: job.requestedAt,
            readyAt: job.readyAt,
            deadline: job.deadline,
            completedAt: job.completedAt,
            callbackGas: job.callbackGas,
            callbackPending: job.callbackPending,
            resultHash: job.resultHash
        });
    }

    /// The checks of a request in their order, without the fee, and what it would get.
    function _terms(bytes32 programID, uint256 inputLength, JobLimits calldata limits)
        private
        view
        returns (Terms memory terms)
    {
        terms.pages = PROGRAM_REGISTRY.pagesOf(programID);
        if (terms.pages == 0) revert UnknownProgram(programID);
        if (inputLength > JOB_INPUT_MAX) revert InputTooLong(JOB_INPUT_MAX);
        if (limits.maxCycles == 0 || limits.maxCycles > JOB_CYCLES_MAX) revert CyclesOutOfRange(JOB_CYCLES_MAX);

        uint256 perBlock = cyclesPerBlock;
        uint256 start = block.number * perBlock;
        uint256 excess = queueEnd > start ? queueEnd - start : 0;
        uint256 weight = _weight(limits.maxCycles, terms.pages);
        terms.queueEnd = start + excess + weight;
        terms.readyAt = uint64((terms.queueEnd + perBlock - 1) / perBlock);

        uint64 earliest = terms.readyAt + INCLUSION_SLACK;
        if (limits.deadline < earliest) revert DeadlineOutOfRange(earliest);
        if (limits.callbackGas > CALLBACK_GAS_MAX) revert CallbackGasOutOfRange(CALLBACK_GAS_MAX);
        if (terms.readyAt > block.number + MAX_BACKLOG_BLOCKS) revert BacklogFull(terms.readyAt);

        terms.cyclePrice = _cyclePrice(excess, perBlock);
        terms.escrow = _escrow(weight, terms.cyclePrice, limits.callbackGas, gasPrice);
    }

    function _weight(uint256 cycles, uint256 pages) private pure returns (uint256) {
        return cycles + JOB_BASE + PAGE_WEIGHT * pages;
    }

    /// minCyclePrice × e^(excess / PRICE_BLOCKS blocks), by the series of EIP-4844's fake_exponential.
    /// The backlog is bounded, so the exponent is at most MAX_BACKLOG_BLOCKS / PRICE_BLOCKS = 8.
    function _cyclePrice(uint256 excess, uint256 perBlock) private view returns (uint64) {
        uint256 denominator = PRICE_BLOCKS * perBlock;
        uint256 sum = 0;
        uint256 term = minCyclePrice * denominator;
        for (uint256 i = 1; term > 0; i++) {
            sum += term;
            term = term * excess / (denominator * i);
        }
        uint256 price = sum / denominator;
        return price > type(uint64).max ? type(uint64).max : uint64(price);
    }

    /// What covers the whole weight and the largest posting at twice the stored gas price.
    function _escrow(uint256 weight, uint256 cyclePrice, uint256 callbackGas, uint256 storedGasPrice)
        private
        pure
        returns (uint256)
    {
        return weight * cyclePrice + _postingGas(JOB_OUTPUT_MAX, callbackGas) * 2 * storedGasPrice;
    }

    function _escrowOf(Record storage job) private view returns (uint256) {
        return _escrow(_weight(job.maxCycles, job.pages), job.cyclePrice, job.callbackGas, job.gasPrice);
    }

    function _postingGas(uint256 resultLength, uint256 callbackGas) private pure returns (uint256) {
        return RESULT_BASE_GAS + RESULT_BYTE_GAS * resultLength + callbackGas;
    }

    /// EIP-712 hashStruct.
    function _hash(JobResult memory result) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                RESULT_TYPEHASH,
                result.jobID,
                result.programID,
                result.onchainInputHash,
                result.offchainInputHash,
                result.maxCycles,
                result.usedCycles,
                result.outcome,
                result.code,
                keccak256(result.result),
                keccak256(abi.encodePacked(result.blobHashes)),
                result.blobOffset,
                result.offchainLength
            )
        );
    }

    /// Whether a result is one of this job, and of a shape that a run can have. That it is the true one
    /// is what the block's validity says.
    function _answers(JobResult memory result, Record storage job) private view returns (bool) {
        return result.programID == job.programID && result.onchainInputHash == job.inputHash
            && result.offchainInputHash == NO_BYTES_HASH && result.maxCycles == job.maxCycles
            && result.usedCycles <= result.maxCycles && result.result.length <= JOB_OUTPUT_MAX
            && (result.outcome == Outcome.Exit || result.result.length == 0)
            && (result.outcome != Outcome.OutOfCycles || result.code == 0) && result.blobHashes.length == 0
            && result.blobOffset == 0 && result.offchainLength == 0;
    }

    function _complete(Record storage job, JobResult memory result) private {
        bool good = result.outcome == Outcome.Exit && result.code == 0;
        job.status = good ? Status.Completed : Status.Failed;
        job.outcome = result.outcome;
        job.code = result.code;
        job.usedCycles = result.usedCycles;
        job.completedAt = uint64(block.number);
        job.resultHash = keccak256(result.result);
    }

    /// Charges what the run and the posting took, to the proposer, and gives the rest back.
    function _settle(Record storage job, uint256 resultLength) private {
        uint256 weight = _weight(job.usedCycles, job.pages);
        uint256 half = _weight(job.maxCycles, job.pages) / 2;
        if (weight < half) weight = half;
        uint256 price = 2 * uint256(job.gasPrice);
        if (price > block.basefee) price = block.basefee;
        uint256 charge = weight * job.cyclePrice + _postingGas(resultLength, job.callbackGas) * price;
        _credit(block.coinbase, charge);
        _credit(job.consumer, _escrowOf(job) - charge);
    }

    function _nearer(uint64 price, uint256 target) private pure returns (uint64) {
        if (target > type(uint64).max) target = type(uint64).max;
        if (target > price) return price + uint64((target - price + GAS_PRICE_STEP - 1) / GAS_PRICE_STEP);
        return price - uint64((price - target + GAS_PRICE_STEP - 1) / GAS_PRICE_STEP);
    }

    function _firstCallback(Record storage job, bytes32 jobID, bytes memory result) private {
        address consumer = job.consumer;
        if (consumer.code.length == 0) return;
        bytes memory payload = _payload(job, jobID, result);
        uint256 callbackGas = job.callbackGas;
        _requireCallbackGas(callbackGas);
        (bool done, bytes memory reason) = _call(consumer, callbackGas, payload);
        if (done) return;
        job.callbackPending = true;
        emit CallbackFailed(jobID, reason);
    }

    function _payload(Record storage job, bytes32 jobID, bytes memory result) private view returns (bytes memory) {
        if (job.status == Status.Completed) return abi.encodeCall(IConsumer.receiveResult, (jobID, result));
        return abi.encodeCall(IConsumer.receiveFailure, (jobID, uint8(job.outcome), job.code));
    }

    /// The gas of a callback is what was asked for: a call passes on at most 63/64 of what is left, and
    /// the reserve pays for the call itself and for what follows it.
    function _requireCallbackGas(uint256 callbackGas) private view {
        uint256 required = ((callbackGas + CALLBACK_RESERVE) * 64 + 62) / 63;
        if (gasleft() < required) revert CallbackGasTooLow(required);
    }

    /// Copies at most REVERT_DATA_MAX bytes of what a reverting consumer returns, and nothing of what a
    /// succeeding one does.
    function _call(address consumer, uint256 gasLimit, bytes memory payload)
        private
        returns (bool done, bytes memory reason)
    {
        uint256 most = REVERT_DATA_MAX;
        assembly ("memory-safe") {
            done := call(gasLimit, consumer, 0, add(payload, 32), mload(payload), 0, 0)
            if iszero(done) {
                let size := returndatasize()
                if gt(size, most) { size := most }
                reason := mload(0x40)
                mstore(reason, size)
                returndatacopy(add(reason, 32), 0, size)
                mstore(0x40, add(reason, and(add(size, 63), not(31))))
            }
        }
    }
}
