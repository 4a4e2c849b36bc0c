pragma solidity 0.8.37;

import {IConsumer} from "../src/IConsumer.sol";
import {ICredits} from "../src/ICredits.sol";
import {IJobManager} from "../src/IJobManager.sol";
import {Job, JobLimits, JobResult, Outcome, Status} from "../src/Types.sol";
import {Actor, Base} from "./Base.sol";
import {Vm, vm} from "./Vm.sol";

contract CallbackTest is Base {
    function test_a_callback_that_reverts_stops_nobody_and_is_kept() public {
        bytes32 jobID = request(1000, 100_000);
        actor.set(Actor.Mode.Revert, address(0), "no thanks");
        ready(jobID);
        vm.expectEmit();
        emit IJobManager.CallbackFailed(jobID, "no thanks");
        submit(resultOf(jobID, 1, "output"));
        assertStatus(jobID, Status.Completed);
        assertTrue(manager.getJob(jobID).callbackPending);
        assertTrue(manager.credit(COINBASE) > 0);
    }

    function test_at_most_256_bytes_of_the_reason_are_kept() public {
        bytes memory reason = new bytes(1000);
        for (uint256 i = 0; i < 1000; i++) reason[i] = bytes1(uint8(i));
        bytes memory kept = new bytes(256);
        for (uint256 i = 0; i < 256; i++) kept[i] = bytes1(uint8(i));
        bytes32 jobID = request(1000, 200_000);
        actor.set(Actor.Mode.Revert, address(0), reason);
        ready(jobID);
        vm.expectEmit();
        emit IJobManager.CallbackFailed(jobID, kept);
        submit(resultOf(jobID, 1, ""));
    }

    function test_a_huge_reason_costs_the_poster_nothing() public {
        Bomber bomber = new Bomber();
        vm.deal(address(bomber), 10 ether);
        JobLimits memory limits = limitsOf(1000, 8_000_000);
        uint256 value = manager.quote(PROGRAM, 5, limits);
        bytes32 jobID = bomber.ask{value: value}(PROGRAM, limits);
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1, "");
        bytes memory signature = signed(KEY, digestOf(result));
        bytes memory encoded = abi.encode(result);
        uint256 before = gasleft();
        manager.submitResult(encoded, signature);
        assertTrue(before - gasleft() < 200_000 + 8_000_000);
        assertTrue(manager.getJob(jobID).callbackPending);
    }

    function test_the_callback_gets_the_gas_that_was_asked_for() public {
        uint64[4] memory amounts = [uint64(150_000), 500_000, 1_000_000, 8_000_000];
        for (uint256 i = 0; i < 4; i++) {
            bytes32 jobID = request(1000, amounts[i]);
            ready(jobID);
            JobResult memory result = resultOf(jobID, 1, "");
            bytes memory signature = signed(KEY, digestOf(result));
            bytes memory encoded = abi.encode(result);
            // The least gas that is not refused.
            uint256 low = 0;
            uint256 high = 10_000_000;
            while (high - low > 1) {
                uint256 middle = (low + high) / 2;
                (bool done,) = address(this).call(abi.encodeCall(this.attempt, (encoded, signature, middle)));
                if (!done && didPass()) high = middle;
                else low = middle;
            }
            manager.submitResult{gas: high}(encoded, signature);
            // What the entry of the callback itself took stands between.
            assertTrue(actor.gasSeen() <= amounts[i] && actor.gasSeen() + 3000 > amounts[i]);
            assertEq(manager.getJob(jobID).callbackPending ? 1 : 0, 0);
        }
    }

    // attempt always reverts, so that nothing lasts; whether it got through is in transient storage of
    // nobody: it is told by the revert data.

    function attempt(bytes calldata encoded, bytes calldata signature, uint256 gas_) external {
        (bool done,) = address(manager).call{gas: gas_}(abi.encodeCall(IJobManager.submitResult, (encoded, signature)));
        bytes32 told = done ? bytes32(uint256(1)) : bytes32(0);
        assembly {
            mstore(0, told)
            revert(0, 32)
        }
    }

    function didPass() private pure returns (bool told) {
        assembly {
            returndatacopy(0, 0, 32)
            told := mload(0)
        }
    }

    function test_a_poster_cannot_starve_a_callback() public {
        bytes32 jobID = request(1000, 1_000_000);
        actor.set(Actor.Mode.Take, address(0), "");
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1, "");
        bytes memory signature = signed(KEY, digestOf(result));
        bytes memory encoded = abi.encode(result);
        for (uint256 gas_ = 20_000; gas_ < 1_300_000; gas_ += 10_000) {
            (bool done,) =
                address(manager).call{gas: gas_}(abi.encodeCall(IJobManager.submitResult, (encoded, signature)));
            if (!done) continue;
            assertEq(actor.results(), 1);
            assertTrue(!manager.getJob(jobID).callbackPending);
            return;
        }
        revert("never got through");
    }

    function test_an_account_without_code_is_not_called() public {
        bytes32 jobID = requestAsUser(1000);
        ready(jobID);
        submit(resultOf(jobID, 1, ""));
        assertTrue(!manager.getJob(jobID).callbackPending);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NothingToRetry.selector, jobID));
        manager.retryCallback(jobID, "");

        // So the gas that it asked for is not needed either.
        JobLimits memory limits = limitsOf(1000, 8_000_000);
        uint256 value = manager.quote(PROGRAM, 5, limits);
        vm.prank(USER);
        jobID = manager.requestJob{value: value}(PROGRAM, "input", limits);
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1, "");
        bytes memory signature = signed(KEY, digestOf(result));
        manager.submitResult{gas: 400_000}(abi.encode(result), signature);
        assertStatus(jobID, Status.Completed);
    }

    function test_no_callback_gas_means_a_callback_by_retry_only() public {
        bytes32 jobID = request(1000, 0);
        complete(jobID, "output");
        assertTrue(manager.getJob(jobID).callbackPending);
        manager.retryCallback(jobID, "output");
        assertEq(actor.results(), 1);
    }

    // Retry.

    function failed(bytes memory output) private returns (bytes32 jobID) {
        jobID = request(1000, 200_000);
        actor.set(Actor.Mode.Revert, address(0), "no");
        complete(jobID, output);
    }

    function test_a_retry_brings_the_result_once() public {
        bytes32 jobID = failed("output");
        vm.expectRevert(abi.encodeWithSelector(IJobManager.ResultMismatch.selector, jobID));
        manager.retryCallback(jobID, "another");
        vm.expectRevert(bytes("no")); // as a whole, with the consumer's reason
        manager.retryCallback(jobID, "output");
        assertTrue(manager.getJob(jobID).callbackPending);
        actor.set(Actor.Mode.Take, address(0), "");
        vm.expectEmit();
        emit IJobManager.CallbackRetried(jobID);
        vm.prank(address(0x123));
        manager.retryCallback(jobID, "output");
        assertEq(actor.results(), 1);
        assertEq(actor.lastResult(), "output");
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NothingToRetry.selector, jobID));
        manager.retryCallback(jobID, "output");
    }

    function test_nothing_to_retry_where_nothing_failed() public {
        bytes32 jobID = request(1000, 200_000);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NothingToRetry.selector, jobID));
        manager.retryCallback(jobID, "");
        complete(jobID, "");
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NothingToRetry.selector, jobID));
        manager.retryCallback(jobID, "");
    }

    function test_a_failure_is_retried_as_a_failure() public {
        bytes32 jobID = request(1000, 200_000);
        actor.set(Actor.Mode.Revert, address(0), "no");
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1000, "explained");
        result.code = 3;
        submit(result);
        actor.set(Actor.Mode.Take, address(0), "");
        manager.retryCallback(jobID, "explained");
        assertEq(actor.failures(), 1);
        assertEq(actor.lastCode(), 3);
    }

    function test_a_retry_brings_at_least_the_gas_that_was_asked_for() public {
        bytes32 jobID = request(1000, 5_000_000);
        actor.set(Actor.Mode.Revert, address(0), "no");
        complete(jobID, "output");
        actor.set(Actor.Mode.Take, address(0), "");
        vm.expectRevert(
            abi.encodeWithSelector(IJobManager.CallbackGasTooLow.selector, (uint256(5_030_000) * 64 + 62) / 63)
        );
        manager.retryCallback{gas: 5_000_000}(jobID, "output");
        manager.retryCallback{gas: 20_000_000}(jobID, "output");
        assertTrue(actor.gasSeen() > 15_000_000); // and all there is
    }

    function test_a_consumer_that_lost_its_code_keeps_its_retry() public {
        bytes32 jobID = failed("output");
        bytes memory code = address(actor).code;
        vm.etch(address(actor), "");
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NothingToRetry.selector, jobID));
        manager.retryCallback(jobID, "output");
        vm.etch(address(actor), code);
        actor.set(Actor.Mode.Take, address(0), "");
        manager.retryCallback(jobID, "output");
        assertEq(actor.results(), 1);
    }

    function test_an_account_with_delegated_code_is_called() public {
        uint256 key = 0xde1e6a7e;
        address account = vm.addr(key);
        vm.deal(account, 1 ether);
        JobLimits memory limits = limitsOf(1000, 200_000);
        uint256 value = manager.quote(PROGRAM, 5, limits);
        vm.prank(account);
        bytes32 jobID = manager.requestJob{value: value}(PROGRAM, "input", limits);
        vm.signAndAttachDelegation(address(actor), key);
        ready(jobID);
        submit(resultOf(jobID, 1, "output"));
        assertEq(Actor(payable(account)).results(), 1);
        assertTrue(!manager.getJob(jobID).callbackPending);
    }

    // Re-entrancy.


    function test_no_entry_point_but_a_request_works_inside_a_callback() public {
        bytes memory locked = abi.encodeWithSelector(ICredits.Reentered.selector);
        bytes32 other = requestAsUser(1000);
        JobResult memory result = resultOf(other, 1, "");
        bytes memory signature = signed(KEY, digestOf(result));
        expectDoneWithoutValue(abi.encodeCall(IJobManager.cancelJob, (other)), locked);
        expectDoneWithoutValue(abi.encodeCall(IJobManager.expire, (other)), locked);
        expectDoneWithoutValue(abi.encodeCall(IJobManager.submitResult, (abi.encode(result), signature)), locked);
        expectDoneWithoutValue(abi.encodeCall(IJobManager.retryCallback, (other, "")), locked);
        expectDoneWithoutValue(abi.encodeCall(ICredits.withdraw, (address(actor))), locked);
    }

    /// The actor sends its whole balance along, which those entry points would refuse: so it has none.
    function expectDoneWithoutValue(bytes memory action, bytes memory returned) private {
        vm.deal(address(actor), 1 ether);
        bytes32 jobID = request(1000, 1_000_000);
        actor.set(Actor.Mode.Do, address(manager), action);
        vm.deal(address(actor), 0);
        complete(jobID, "output");
        assertTrue(!actor.doSucceeded());
        assertEq(actor.doReturned(), returned);
        actor.set(Actor.Mode.Take, address(0), "");
    }

    function requestData() private view returns (bytes memory) {
        return abi.encodeCall(IJobManager.requestJob, (PROGRAM, "input", limitsOf(1000, 100_000)));
    }

    function test_a_callback_may_request_the_next_job() public {
        bytes32 jobID = request(1000, 1_000_000);
        vm.roll(block.number + 1);
        actor.set(Actor.Mode.Do, address(manager), requestData());
        submit(resultOf(jobID, 1, "output"));
        assertTrue(actor.doSucceeded());
        bytes32 next = abi.decode(actor.doReturned(), (bytes32));
        assertEq(next, keccak256(abi.encodePacked((uint64(1) << 63) + 1, address(actor))));
        assertStatus(next, Status.Pending);
        actor.set(Actor.Mode.Take, address(0), "");
        complete(next, "again");
        assertEq(actor.results(), 2);
    }

    function test_state_fee_and_refund_are_there_when_the_callback_runs() public {
        Watcher watcher = new Watcher();
        vm.deal(address(watcher), 10 ether);
        JobLimits memory limits = limitsOf(1000, 1_000_000);
        uint256 value = manager.quote(PROGRAM, 5, limits);
        bytes32 jobID = watcher.ask{value: value}(PROGRAM, limits);
        complete(jobID, "output");
        assertEq(watcher.results(), 1);
        assertEq(uint256(watcher.status()), uint256(Status.Completed));
        assertEq(watcher.refund(), manager.credit(address(watcher)));
        assertEq(watcher.fee(), manager.credit(COINBASE));
        assertTrue(!watcher.pending());
    }
}

contract Asker {
    IJobManager internal constant MANAGER = IJobManager(0x1f00000000000000000000000000000000000002);

    function ask(bytes32 program, JobLimits calldata limits) external payable returns (bytes32) {
        return MANAGER.requestJob{value: msg.value}(program, "input", limits);
    }
}

/// Reverts with as much data as its gas buys.
contract Bomber is Asker {
    function receiveResult(bytes32, bytes calldata) external pure {
        assembly {
            revert(0, 1000000)
        }
    }
}

contract Watcher is Asker {
    uint256 public results;
    Status public status;
    uint256 public refund;
    uint256 public fee;
    bool public pending;

    function receiveResult(bytes32 jobID, bytes calldata) external {
        results++;
        Job memory job = MANAGER.getJob(jobID);
        status = job.status;
        pending = job.callbackPending;
        refund = MANAGER.credit(address(this));
        fee = MANAGER.credit(block.coinbase);
    }
}
