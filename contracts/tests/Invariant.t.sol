pragma solidity 0.8.37;

import {ICredits} from "../src/ICredits.sol";
import {IJobManager} from "../src/IJobManager.sol";
import {Job, JobLimits, JobResult, Outcome, Status} from "../src/Types.sol";
import {Actor, Base} from "./Base.sol";
import {Vm, vm} from "./Vm.sol";

/// Does to JobManager whatever anyone may, at random; keeps books of its own.
contract Handler is Base {
    address[4] public accounts; // two without code, two consumers
    bytes32[] public jobs;
    mapping(bytes32 jobID => uint256) public escrow;
    mapping(bytes32 jobID => uint256) public ends;
    mapping(bytes32 jobID => uint256) public received;
    mapping(bytes32 jobID => bytes) public outputs;
    uint256 public escrows;
    uint256 public stolen; // successes of what must fail
    address[2] public coinbases = [COINBASE, address(0xc01bba5f)];

    constructor() {
        accounts[0] = USER;
        accounts[1] = address(0x5e4e);
        accounts[2] = address(new Actor());
        accounts[3] = address(new Actor());
        for (uint256 i = 0; i < 4; i++) vm.deal(accounts[i], 1e6 ether);
    }

    function setUp() public override {}

    function jobCount() external view returns (uint256) {
        return jobs.length;
    }

    function pick(uint256 seed) private view returns (bytes32) {
        return jobs.length == 0 ? bytes32(seed) : jobs[seed % jobs.length];
    }

    /// Mostly one that is pending, where there is one.
    function pickPending(uint256 seed) private view returns (bytes32 jobID) {
        jobID = pick(seed);
        for (uint256 i = 0; i < jobs.length && seed % 8 != 0; i++) {
            jobID = jobs[(seed % jobs.length + i) % jobs.length];
            if (manager.getJob(jobID).status == Status.Pending) return jobID;
        }
    }

    function requestSome(uint256 who, uint64 cycles, uint64 gas_, uint256 more) external {
        address account = accounts[who % 4];
        JobLimits memory limits = limitsOf(uint64(bound(cycles, 1, 1_000_000_000)), uint64(bound(gas_, 0, 400_000)));
        limits.deadline -= 340; // 260 blocks
        uint256 value;
        try manager.quote(PROGRAM, 5, limits) returns (uint256 fee) {
            value = fee;
        } catch {
            return;
        }
        vm.prank(account);
        bytes32 jobID = manager.requestJob{value: value + more % 1 ether}(PROGRAM, "input", limits);
        jobs.push(jobID);
        escrow[jobID] = value;
        escrows += value;
    }

    function end(bytes32 jobID) private {
        ends[jobID]++;
        escrows -= escrow[jobID];
    }

    function submitSome(uint256 which, uint64 used, uint8 outcome, uint16 length, bool otherProposer) external {
        bytes32 jobID = pickPending(which);
        Job memory job = manager.getJob(jobID);
        JobResult memory result = resultOf(jobID, uint64(bound(used, 0, job.maxCycles)), new bytes(length));
        result.outcome = Outcome(outcome < 192 ? 0 : 1 + outcome % 2);
        if (outcome >= 192) result.result = "";
        else result.code = outcome / 128;
        if (outcome % 8 != 0 && block.number < job.readyAt) vm.roll(job.readyAt);
        vm.coinbase(coinbases[otherProposer ? 1 : 0]);
        bytes memory signature = signed(otherProposer ? KEY + 1 : KEY, digestOf(result));
        bytes memory encoded = abi.encode(result);
        try manager.submitResult(encoded, signature) {
            if (job.status != Status.Pending) stolen++;
            outputs[jobID] = result.result;
            end(jobID);
        } catch {}
        vm.coinbase(COINBASE);
    }

    /// With a key that is not the proposer's, also one that is another proposer's.
    function submitAsStranger(uint256 which, uint256 key) external {
        JobResult memory result = resultOf(pickPending(which), 1, "");
        bytes memory signature = signed(bound(key, KEY + 1, KEY + 9), digestOf(result));
        try manager.submitResult(abi.encode(result), signature) {
            stolen++;
        } catch {}
    }

    function cancelSome(uint256 which, uint256 who) external {
        bytes32 jobID = pickPending(which);
        Job memory job = manager.getJob(jobID);
        address account = accounts[who % 4];
        vm.prank(account);
        try manager.cancelJob(jobID) {
            if (account != job.consumer || job.status != Status.Pending) stolen++;
            end(jobID);
        } catch {}
    }

    function expireSome(uint256 which) external {
        bytes32 jobID = pickPending(which);
        Job memory job = manager.getJob(jobID);
        try manager.expire(jobID) {
            if (block.number <= job.deadline || job.status != Status.Pending) stolen++;
            end(jobID);
        } catch {}
    }

    function retrySome(uint256 which) external {
        bytes32 jobID = pick(which);
        try manager.retryCallback(jobID, outputs[jobID]) {
            received[jobID]++;
        } catch {}
    }

    function withdrawSome(uint256 who) external {
        address account = who % 6 < 4 ? accounts[who % 6] : coinbases[who % 2];
        uint256 owed = manager.credit(account);
        uint256 held = account.balance;
        vm.prank(account);
        manager.withdraw(account);
        if (account.balance - held != owed) stolen++;
    }

    /// The consumers take, refuse, burn, or try each entry point of JobManager in their callback.
    function steer(uint256 who, uint8 mode, uint256 which, uint8 action) external {
        bytes32 jobID = pick(which);
        bytes[4] memory actions = [
            abi.encodeCall(IJobManager.cancelJob, (jobID)),
            abi.encodeCall(IJobManager.expire, (jobID)),
            abi.encodeCall(ICredits.withdraw, (address(this))),
            abi.encodeCall(IJobManager.retryCallback, (jobID, outputs[jobID]))
        ];
        Actor(payable(accounts[2 + who % 2])).set(Actor.Mode(mode % 4), address(manager), actions[action % 4]);
    }

    function pass(uint16 blocks, uint64 baseFee) external {
        vm.roll(block.number + (blocks % 8 == 0 ? blocks % 400 : blocks % 16) + 1);
        vm.fee(baseFee % 100 gwei);
    }

    function credits() external view returns (uint256 sum) {
        for (uint256 i = 0; i < 4; i++) sum += manager.credit(accounts[i]);
        for (uint256 i = 0; i < 2; i++) sum += manager.credit(coinbases[i]);
    }
}

contract InvariantTest is Base {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private handler;

    function setUp() public override {
        super.setUp();
        handler = new Handler();
        address other = handler.coinbases(1);
        vm.prank(GOVERNANCE);
        proposers.setKey(other, vm.addr(KEY + 1));
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[9] memory selectors = [
            Handler.requestSome.selector,
            Handler.submitSome.selector,
            Handler.submitAsStranger.selector,
            Handler.cancelSome.selector,
            Handler.expireSome.selector,
            Handler.retrySome.selector,
            Handler.withdrawSome.selector,
            Handler.steer.selector,
            Handler.pass.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), new bytes4[](9));
        for (uint256 i = 0; i < 9; i++) targets[0].selectors[i] = selectors[i];
    }

    function invariant_balance_is_escrows_and_credits() external view {
        assertEq(address(manager).balance, handler.escrows() + handler.credits());
    }

    function invariant_a_job_ends_once() external view {
        for (uint256 i = 0; i < handler.jobCount(); i++) {
            bytes32 jobID = handler.jobs(i);
            Status status = manager.getJob(jobID).status;
            assertEq(handler.ends(jobID), status == Status.Pending ? 0 : 1);
            assertTrue(status != Status.None);
            assertTrue(handler.received(jobID) <= 1);
        }
    }

    function invariant_nobody_did_what_is_not_theirs() external view {
        assertEq(handler.stolen(), 0);
    }
}
