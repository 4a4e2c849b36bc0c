pragma solidity 0.8.37;

import {JOB_MANAGER, PROGRAM_REGISTRY, RESULT_PROPOSERS} from "../src/Addresses.sol";
import {IConsumer} from "../src/IConsumer.sol";
import {IJobManager} from "../src/IJobManager.sol";
import {JobManager} from "../src/JobManager.sol";
import {ProgramRegistry} from "../src/ProgramRegistry.sol";
import {ResultProposers} from "../src/ResultProposers.sol";
import {Job, JobLimits, JobResult, Outcome, Status} from "../src/Types.sol";
import {vm} from "./Vm.sol";

/// A consumer that does to a callback whatever a test wants, and counts.
contract Actor is IConsumer {
    enum Mode {
        Take,
        Revert,
        BurnGas,
        Do
    }

    Mode public mode;
    bytes public blob; // revert data, or calldata of what to do
    address public target;
    bool public doSucceeded;
    bytes public doReturned;
    uint256 public results;
    uint256 public failures;
    uint256 public gasSeen;
    bytes32 public lastJob;
    bytes public lastResult;
    uint8 public lastOutcome;
    uint32 public lastCode;

    receive() external payable {}

    function set(Mode mode_, address target_, bytes calldata blob_) external {
        mode = mode_;
        target = target_;
        blob = blob_;
    }

    function call(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool done, bytes memory returned) = to.call{value: value}(data);
        if (!done) {
            assembly {
                revert(add(returned, 32), mload(returned))
            }
        }
        return returned;
    }

    function receiveResult(bytes32 jobID, bytes calldata result) external {
        gasSeen = gasleft();
        act();
        results++;
        lastJob = jobID;
        lastResult = result;
    }

    function receiveFailure(bytes32 jobID, uint8 outcome, uint32 code) external {
        gasSeen = gasleft();
        act();
        failures++;
        lastJob = jobID;
        lastOutcome = outcome;
        lastCode = code;
    }

    function act() private {
        if (mode == Mode.Revert) {
            bytes memory data = blob;
            assembly {
                revert(add(data, 32), mload(data))
            }
        }
        if (mode == Mode.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (mode == Mode.Do) {
            (doSucceeded, doReturned) = target.call{value: address(this).balance}(blob);
        }
    }
}

/// Installs the predeploys as genesis does, by code and storage, and speaks to them.
contract Base {
    uint256 internal constant KEY = 0xa11ce;
    address internal constant COINBASE = address(0xc01bba5e);
    address internal constant GOVERNANCE = address(0x60);
    address internal constant USER = address(0x5e4d);
    bytes32 internal constant PROGRAM = keccak256("a program");
    uint32 internal constant PAGES = 50;
    uint64 internal constant PER_BLOCK = 100_000_000;
    uint64 internal constant CYCLE_PRICE = 30_000_000;
    uint64 internal constant GAS_PRICE = 1 gwei;
    uint256 internal constant BYTE_FEE = 200 gwei;
    uint64 internal constant START = 1000;

    JobManager internal manager = JobManager(address(JOB_MANAGER));
    ProgramRegistry internal registry = ProgramRegistry(address(PROGRAM_REGISTRY));
    ResultProposers internal proposers = ResultProposers(address(RESULT_PROPOSERS));
    Actor internal actor;

    function setUp() public virtual {
        vm.etch(address(manager), type(JobManager).runtimeCode);
        vm.etch(address(registry), type(ProgramRegistry).runtimeCode);
        vm.etch(address(proposers), type(ResultProposers).runtimeCode);
        // The genesis layout, as job_genesis_storage writes it.
        vm.store(address(proposers), bytes32(0), bytes32(uint256(uint160(GOVERNANCE))));
        vm.store(address(proposers), slotOf(bytes32(uint256(uint160(COINBASE))), 1), word(vm.addr(KEY)));
        vm.store(address(registry), bytes32(uint256(1)), bytes32(BYTE_FEE));
        vm.store(address(registry), slotOf(PROGRAM, 2), bytes32(uint256(PAGES)));
        vm.store(
            address(manager),
            bytes32(uint256(1)),
            bytes32(uint256(PER_BLOCK) | uint256(CYCLE_PRICE) << 64 | uint256(GAS_PRICE) << 128)
        );
        vm.roll(START);
        vm.fee(GAS_PRICE);
        vm.coinbase(COINBASE);
        vm.deal(USER, 1000 ether);
        actor = new Actor();
        vm.deal(address(actor), 1000 ether);
    }

    function slotOf(bytes32 key, uint256 slot) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, slot));
    }

    function word(address account) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    // Requests.

    function limitsOf(uint64 maxCycles, uint64 callbackGas) internal view returns (JobLimits memory) {
        return JobLimits(maxCycles, uint64(block.number) + 600, callbackGas);
    }

    function weightOf(uint256 cycles) internal pure returns (uint256) {
        return cycles + 100_000 + 100 * uint256(PAGES);
    }

    function escrowOf(uint256 maxCycles, uint256 cyclePrice, uint256 callbackGas, uint256 gasPrice)
        internal
        pure
        returns (uint256)
    {
        return weightOf(maxCycles) * cyclePrice + (160_000 + 40 * 65_536 + callbackGas) * 2 * gasPrice;
    }

    /// By the actor, whose callbacks a test steers, with exactly the escrow.
    function request(uint64 maxCycles, uint64 callbackGas) internal returns (bytes32 jobID) {
        JobLimits memory limits = limitsOf(maxCycles, callbackGas);
        uint256 value = manager.quote(PROGRAM, 5, limits);
        bytes memory data = abi.encodeCall(IJobManager.requestJob, (PROGRAM, "input", limits));
        return abi.decode(actor.call(address(manager), value, data), (bytes32));
    }

    /// By an account without code.
    function requestAsUser(uint64 maxCycles) internal returns (bytes32 jobID) {
        JobLimits memory limits = limitsOf(maxCycles, 0);
        uint256 value = manager.quote(PROGRAM, 5, limits);
        vm.prank(USER);
        return manager.requestJob{value: value}(PROGRAM, "input", limits);
    }

    // Results.

    function resultOf(bytes32 jobID, uint64 usedCycles, bytes memory output)
        internal
        view
        returns (JobResult memory result)
    {
        Job memory job = manager.getJob(jobID);
        result.jobID = jobID;
        result.programID = job.programID;
        result.onchainInputHash = keccak256("input");
        result.offchainInputHash = keccak256("");
        result.maxCycles = job.maxCycles;
        result.usedCycles = usedCycles;
        result.result = output;
    }

    function digestOf(JobResult memory result) internal view returns (bytes32) {
        bytes memory head = abi.encode(
            keccak256(
                "JobResult(bytes32 jobID,bytes32 programID,bytes32 onchainInputHash,bytes32 offchainInputHash,uint64 maxCycles,uint64 usedCycles,uint8 outcome,uint32 code,bytes result,bytes32[] blobHashes,uint32 blobOffset,uint32 offchainLength)"
            ),
            result.jobID,
            result.programID,
            result.onchainInputHash,
            result.offchainInputHash,
            result.maxCycles
        );
        bytes memory tail = abi.encode(
            result.usedCycles,
            uint8(result.outcome),
            result.code,
            keccak256(result.result),
            keccak256(abi.encodePacked(result.blobHashes)),
            result.blobOffset,
            result.offchainLength
        );
        return typed(address(manager), keccak256(bytes.concat(head, tail)));
    }

    function typed(address target, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("InfinityVM"),
                keccak256("1"),
                block.chainid,
                target
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function submit(JobResult memory result) internal {
        bytes memory signature = signed(KEY, digestOf(result));
        manager.submitResult(abi.encode(result), signature);
    }

    function expectSubmitRevert(JobResult memory result, bytes memory revertData) internal {
        bytes memory signature = signed(KEY, digestOf(result));
        bytes memory encoded = abi.encode(result);
        vm.expectRevert(revertData);
        manager.submitResult(encoded, signature);
    }

    function ready(bytes32 jobID) internal {
        vm.roll(manager.getJob(jobID).readyAt);
    }

    function complete(bytes32 jobID, bytes memory output) internal {
        ready(jobID);
        submit(resultOf(jobID, 1000, output));
    }

    // Program answers.

    function answerDigest(bytes32 submissionID, bytes32 programID, uint32 pages, uint32 reason)
        internal
        view
        returns (bytes32)
    {
        return typed(
            address(registry),
            keccak256(
                abi.encode(
                    keccak256("ProgramAnswer(bytes32 submissionID,bytes32 programID,uint32 pages,uint32 reason)"),
                    submissionID,
                    programID,
                    pages,
                    reason
                )
            )
        );
    }

    function answer(bytes32 submissionID, bytes32 programID, uint32 pages, uint32 reason) internal {
        bytes memory signature = signed(KEY, answerDigest(submissionID, programID, pages, reason));
        registry.answerProgram(submissionID, programID, pages, reason, signature);
    }

    // Assertions: the figures stand in the revert reason.

    error Differs(uint256 actual, uint256 expected);
    error BytesDiffer(bytes actual, bytes expected);

    function assertEq(uint256 actual, uint256 expected) internal pure {
        if (actual != expected) revert Differs(actual, expected);
    }

    function assertEq(bytes32 actual, bytes32 expected) internal pure {
        assertEq(uint256(actual), uint256(expected));
    }

    function assertEq(address actual, address expected) internal pure {
        assertEq(uint256(uint160(actual)), uint256(uint160(expected)));
    }

    function assertEq(bytes memory actual, bytes memory expected) internal pure {
        if (keccak256(actual) != keccak256(expected)) revert BytesDiffer(actual, expected);
    }

    function assertTrue(bool condition) internal pure {
        require(condition, "expected true");
    }

    function assertStatus(bytes32 jobID, Status status) internal view {
        assertEq(uint256(manager.getJob(jobID).status), uint256(status));
    }

    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + x % (high - low + 1);
    }
}
