pragma solidity 0.8.37;

import {IJobManager} from "../src/IJobManager.sol";
import {Job, JobLimits, Outcome, Status} from "../src/Types.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract JobManagerRequestTest is Base {
    bytes32 private constant UNKNOWN = keccak256("no program");
    uint64 private constant FIRST_NONCE = 1 << 63;

    function expectRequestRevert(bytes32 program, uint256 length, JobLimits memory limits, bytes memory revertData)
        private
    {
        vm.expectRevert(revertData);
        manager.quote(program, length, limits);
        vm.deal(address(this), 1000 ether);
        bytes memory input = new bytes(length);
        vm.expectRevert(revertData);
        manager.requestJob{value: 100 ether}(program, input, limits);
    }

    function test_a_request_is_checked_in_order() public {
        // Everything is wrong at first; each line repairs what the line before named.
        JobLimits memory limits = JobLimits(0, 0, 8_000_001);
        expectRequestRevert(UNKNOWN, 65_537, limits, abi.encodeWithSelector(IJobManager.UnknownProgram.selector, UNKNOWN));
        expectRequestRevert(PROGRAM, 65_537, limits, abi.encodeWithSelector(IJobManager.InputTooLong.selector, 65_536));
        bytes memory cycles = abi.encodeWithSelector(IJobManager.CyclesOutOfRange.selector, 10_000_000_000);
        expectRequestRevert(PROGRAM, 65_536, limits, cycles);
        limits.maxCycles = 10_000_000_001;
        expectRequestRevert(PROGRAM, 65_536, limits, cycles);
        fillQueue();
        limits.maxCycles = 10_000_000_000;
        // 200 blocks in the queue, this job takes 100.00105: ready 301 blocks from now.
        bytes memory deadline = abi.encodeWithSelector(IJobManager.DeadlineOutOfRange.selector, START + 301 + 8);
        expectRequestRevert(PROGRAM, 65_536, limits, deadline);
        limits.deadline = START + 301 + 7;
        expectRequestRevert(PROGRAM, 65_536, limits, deadline);
        limits.deadline = START + 301 + 8;
        expectRequestRevert(
            PROGRAM, 65_536, limits, abi.encodeWithSelector(IJobManager.CallbackGasOutOfRange.selector, 8_000_000)
        );
        limits.callbackGas = 8_000_000;
        expectRequestRevert(
            PROGRAM, 65_536, limits, abi.encodeWithSelector(IJobManager.BacklogFull.selector, START + 301)
        );
        limits.maxCycles = 1;
        uint256 required = manager.quote(PROGRAM, 65_536, limits);
        vm.deal(address(this), required);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.FeeTooLow.selector, required));
        manager.requestJob{value: required - 1}(PROGRAM, new bytes(65_536), limits);
        manager.requestJob{value: required}(PROGRAM, new bytes(65_536), limits);
    }

    /// 200 blocks of work but 10,500,000 cycles of bases: two jobs of 10^10 less what they weigh beside.
    function fillQueue() private {
        requestAsUser(10_000_000_000 - 105_000);
        requestAsUser(10_000_000_000 - 105_000);
    }

    function test_a_request_is_logged_and_kept() public {
        JobLimits memory limits = JobLimits(1_000_000, type(uint64).max, 50_000);
        uint256 escrow = escrowOf(1_000_000, CYCLE_PRICE, 50_000, GAS_PRICE);
        assertEq(manager.quote(PROGRAM, 5, limits), escrow);
        bytes32 jobID = keccak256(abi.encodePacked(FIRST_NONCE, USER));
        vm.expectEmit();
        emit IJobManager.JobRequested(jobID, USER, PROGRAM, FIRST_NONCE, limits, START + 1, "input");
        vm.prank(USER);
        assertEq(manager.requestJob{value: escrow + 7}(PROGRAM, "input", limits), jobID);
        assertEq(address(manager).balance, escrow + 7);
        assertEq(manager.credit(USER), 7);

        Job memory job = manager.getJob(jobID);
        assertEq(job.consumer, USER);
        assertStatus(jobID, Status.Pending);
        assertEq(job.programID, PROGRAM);
        assertEq(job.inputHash, keccak256("input"));
        assertEq(job.maxCycles, 1_000_000);
        assertEq(job.requestedAt, START);
        assertEq(job.readyAt, START + 1);
        assertEq(job.deadline, type(uint64).max);
        assertEq(job.callbackGas, 50_000);
        assertEq(job.usedCycles + job.completedAt + job.code + uint256(job.resultHash), 0);
        assertTrue(!job.callbackPending);
    }

    function test_an_unknown_job_is_all_zeros() public view {
        Job memory job = manager.getJob(keccak256("nothing"));
        assertEq(keccak256(abi.encode(job)), keccak256(new bytes(15 * 32)));
    }

    function test_each_consumer_counts_its_own_requests() public {
        requestAsUser(1);
        bytes32 second = requestAsUser(1);
        assertEq(second, keccak256(abi.encodePacked(FIRST_NONCE + 1, USER)));
        bytes32 other = request(1, 0);
        assertEq(other, keccak256(abi.encodePacked(FIRST_NONCE, address(actor))));
    }

    function test_the_queue_fills_blocks_and_drains_with_them() public {
        // Exactly one block of work in an idle queue is ready in the next block.
        uint64 full = PER_BLOCK - 105_000;
        assertEq(manager.getJob(requestAsUser(full)).readyAt, START + 1);
        assertEq(manager.getJob(requestAsUser(1)).readyAt, START + 2);
        assertEq(manager.getJob(requestAsUser(full)).readyAt, START + 3); // 2 blocks and 105,001 cycles
        vm.roll(START + 1);
        assertEq(manager.getJob(requestAsUser(1)).readyAt, START + 3);
        vm.roll(START + 100); // long idle: the past gives no credit
        assertEq(manager.getJob(requestAsUser(full + 1)).readyAt, START + 102);
    }

    function test_the_backlog_ends_at_its_last_block() public {
        requestAsUser(10_000_000_000);
        requestAsUser(10_000_000_000);
        uint64 rest = 256 * PER_BLOCK - 2 * 10_000_105_000 - 105_000;
        JobLimits memory limits = limitsOf(rest + 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.BacklogFull.selector, START + 257));
        manager.quote(PROGRAM, 0, limits);
        assertEq(manager.getJob(requestAsUser(rest)).readyAt, START + 256);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.BacklogFull.selector, START + 257));
        manager.quote(PROGRAM, 0, limitsOf(1, 0));
    }

    function test_the_cycle_price_grows_with_the_backlog() public {
        requestAsUser(32 * PER_BLOCK - 105_000); // e to the 1
        uint256 fee = manager.quote(PROGRAM, 0, limitsOf(1000, 0));
        assertEq(fee, escrowOf(1000, 81_548_454, 0, GAS_PRICE)); // 30,000,000 * 2.718281828, rounded down
        vm.roll(START + 32);
        assertEq(manager.quote(PROGRAM, 0, limitsOf(1000, 0)), escrowOf(1000, CYCLE_PRICE, 0, GAS_PRICE));
    }

    function test_a_price_above_64_bits_stays_at_the_highest() public {
        vm.store(address(manager), bytes32(uint256(1)), bytes32(uint256(PER_BLOCK) | uint256(type(uint64).max) << 64));
        assertEq(manager.quote(PROGRAM, 0, limitsOf(1, 0)), weightOf(1) * type(uint64).max);
        vm.store(address(manager), bytes32(uint256(2)), bytes32(uint256(START + 200) * PER_BLOCK));
        assertEq(manager.quote(PROGRAM, 0, limitsOf(1, 0)), weightOf(1) * type(uint64).max);
    }

    function test_the_quote_does_not_read_the_base_fee() public {
        uint256 before = manager.quote(PROGRAM, 0, limitsOf(1, 0));
        vm.fee(0);
        assertEq(manager.quote(PROGRAM, 0, limitsOf(1, 0)), before);
        vm.fee(type(uint64).max);
        assertEq(manager.quote(PROGRAM, 0, limitsOf(1, 0)), before);
    }

    function test_a_deadline_is_at_least_what_inclusion_serves() public {
        JobLimits memory limits = JobLimits(1, START + 1 + 8, 0);
        uint256 fee = manager.quote(PROGRAM, 5, limits);
        limits.deadline--;
        vm.expectRevert(abi.encodeWithSelector(IJobManager.DeadlineOutOfRange.selector, START + 9));
        manager.requestJob{value: fee}(PROGRAM, "input", limits);
    }

    // Cancel and expiry.

    function test_only_the_consumer_cancels_and_half_of_the_cycles_are_lost() public {
        bytes32 jobID = requestAsUser(1_000_001);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NotConsumer.selector, USER));
        manager.cancelJob(jobID);
        vm.expectEmit();
        emit IJobManager.JobCancelled(jobID);
        vm.prank(USER);
        manager.cancelJob(jobID);
        assertStatus(jobID, Status.Cancelled);
        uint256 half = weightOf(1_000_001) / 2 * CYCLE_PRICE;
        assertEq(manager.credit(COINBASE), half);
        assertEq(manager.credit(USER), address(manager).balance - half);
    }

    function test_what_has_ended_cannot_end_again() public {
        bytes32 jobID = requestAsUser(1000);
        vm.prank(USER);
        manager.cancelJob(jobID);
        bytes memory ended = abi.encodeWithSelector(IJobManager.NotPending.selector, jobID, Status.Cancelled);
        vm.expectRevert(ended); // before who asks is looked at
        manager.cancelJob(jobID);
        vm.expectRevert(ended);
        manager.expire(jobID);
        ready(jobID);
        expectSubmitRevert(resultOf(jobID, 1, ""), ended);
        bytes32 none = keccak256("nothing");
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NotPending.selector, none, Status.None));
        manager.cancelJob(none);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NotPending.selector, none, Status.None));
        manager.expire(none);
    }

    function test_expiry_starts_after_the_deadline_and_refunds_all() public {
        bytes32 jobID = requestAsUser(1000);
        uint64 deadline = manager.getJob(jobID).deadline;
        vm.roll(deadline);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NotExpired.selector, deadline));
        manager.expire(jobID);
        vm.roll(deadline + 1);
        vm.expectEmit();
        emit IJobManager.JobExpired(jobID);
        manager.expire(jobID);
        assertStatus(jobID, Status.Expired);
        assertEq(manager.credit(USER), address(manager).balance);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NotPending.selector, jobID, Status.Expired));
        manager.expire(jobID);
    }

    function testFuzz_quote_is_what_a_request_needs(uint64 cycles, uint64 gas_, uint64 behind, uint64 price) public {
        cycles = uint64(bound(cycles, 1, 10_000_000_000));
        gas_ = uint64(bound(gas_, 0, 8_000_000));
        behind = uint64(bound(behind, 0, 155 * uint256(PER_BLOCK)));
        uint256 slot = uint256(PER_BLOCK) | uint256(bound(price, 0, 1e15)) << 64 | uint256(GAS_PRICE) << 128;
        vm.store(address(manager), bytes32(uint256(1)), bytes32(slot));
        vm.store(address(manager), bytes32(uint256(2)), bytes32(uint256(START) * PER_BLOCK + behind));
        JobLimits memory limits = limitsOf(cycles, gas_);
        uint256 fee = manager.quote(PROGRAM, 0, limits);
        vm.deal(address(this), fee);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.FeeTooLow.selector, fee));
        manager.requestJob{value: fee - 1}(PROGRAM, "", limits);
        bytes32 jobID = manager.requestJob{value: fee}(PROGRAM, "", limits);
        uint256 end = START * uint256(PER_BLOCK) + behind + weightOf(cycles);
        assertEq(manager.getJob(jobID).readyAt, (end + PER_BLOCK - 1) / PER_BLOCK);
        assertEq(uint256(vm.load(address(manager), bytes32(uint256(2)))), end);
        assertEq(manager.credit(address(this)), 0);
    }
}
