pragma solidity 0.8.37;

import {ICredits} from "../src/ICredits.sol";
import {IJobManager} from "../src/IJobManager.sol";
import {Job, JobLimits, JobResult, Outcome, Status} from "../src/Types.sol";
import {Actor, Base} from "./Base.sol";
import {Vm, vm} from "./Vm.sol";

contract JobManagerResultTest is Base {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function expectSignatureRevert(JobResult memory result, bytes memory signature, address signer) private {
        bytes memory encoded = abi.encode(result);
        vm.expectRevert(abi.encodeWithSelector(IJobManager.NotEntitled.selector, signer));
        manager.submitResult(encoded, signature);
    }

    // Who may post.

    function test_a_signature_that_is_none_is_not_entitled() public {
        bytes32 jobID = requestAsUser(1000);
        JobResult memory result = resultOf(jobID, 1, "");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, digestOf(result));
        expectSignatureRevert(result, "", address(0));
        expectSignatureRevert(result, abi.encodePacked(r, s), address(0));
        expectSignatureRevert(result, abi.encodePacked(r, s, v, v), address(0));
        expectSignatureRevert(result, abi.encodePacked(r, s, v - 27), address(0));
        expectSignatureRevert(result, abi.encodePacked(r, s, uint8(29)), address(0));
        expectSignatureRevert(result, abi.encodePacked(r, bytes32(ORDER - uint256(s)), uint8(55 - v)), address(0));
        expectSignatureRevert(result, new bytes(65), address(0));
        expectSignatureRevert(result, abi.encodePacked(bytes32(ORDER), s, v), address(0));
    }

    function test_only_the_key_of_the_blocks_proposer_signs() public {
        bytes32 jobID = requestAsUser(1000);
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1, "");
        expectSignatureRevert(result, signed(KEY + 1, digestOf(result)), vm.addr(KEY + 1));
        // Another proposer's block: the right key is not its key.
        vm.prank(GOVERNANCE);
        proposers.setKey(address(0xb10c), vm.addr(KEY + 1));
        vm.coinbase(address(0xb10c));
        expectSignatureRevert(result, signed(KEY, digestOf(result)), vm.addr(KEY));
        // A proposer without a key, whatever is signed or recovered.
        vm.coinbase(address(0xb10d));
        expectSignatureRevert(result, signed(KEY, digestOf(result)), vm.addr(KEY));
        expectSignatureRevert(result, new bytes(65), address(0));
        // A key that was taken away.
        vm.coinbase(COINBASE);
        vm.prank(GOVERNANCE);
        proposers.setKey(COINBASE, address(0));
        expectSignatureRevert(result, signed(KEY, digestOf(result)), vm.addr(KEY));
    }

    function test_a_result_of_another_chain_or_contract_is_not_entitled() public {
        bytes32 jobID = requestAsUser(1000);
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1, "");
        bytes memory signature = signed(KEY, digestOf(result));
        bytes memory encoded = abi.encode(result);
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(IJobManager.NotEntitled.selector);
        manager.submitResult(encoded, signature);
        vm.chainId(block.chainid - 1);
        // The same struct hash signed for the registry's domain.
        bytes32 forManager = digestOf(result);
        bytes32 forRegistry = typed(address(registry), forManager);
        signature = signed(KEY, forRegistry);
        vm.expectPartialRevert(IJobManager.NotEntitled.selector);
        manager.submitResult(encoded, signature);
    }

    function testFuzz_no_changed_field_keeps_the_signature(uint256 field, uint256 seed) public {
        bytes32 jobID = requestAsUser(1000);
        ready(jobID);
        JobResult memory result = resultOf(jobID, 500, hex"0102");
        bytes memory signature = signed(KEY, digestOf(result));
        field = bound(field, 0, 11);
        if (field == 0) result.jobID ^= bytes32(bound(seed, 1, type(uint256).max - 1));
        if (field == 1) result.programID ^= bytes32(bound(seed, 1, type(uint256).max - 1));
        if (field == 2) result.onchainInputHash ^= bytes32(bound(seed, 1, type(uint256).max - 1));
        if (field == 3) result.offchainInputHash ^= bytes32(bound(seed, 1, type(uint256).max - 1));
        if (field == 4) result.maxCycles ^= uint64(bound(seed, 1, type(uint64).max));
        if (field == 5) result.usedCycles ^= uint64(bound(seed, 1, type(uint64).max));
        if (field == 6) result.outcome = Outcome(bound(seed, 1, 2));
        if (field == 7) result.code ^= uint32(bound(seed, 1, type(uint32).max));
        if (field == 8) result.result = bytes.concat(result.result, bytes1(uint8(seed)));
        if (field == 9) result.blobHashes = new bytes32[](1);
        if (field == 10) result.blobOffset ^= uint32(bound(seed, 1, type(uint32).max));
        if (field == 11) result.offchainLength ^= uint32(bound(seed, 1, type(uint32).max));
        bytes memory encoded = abi.encode(result);
        vm.expectPartialRevert(IJobManager.NotEntitled.selector);
        manager.submitResult(encoded, signature);
    }

    // The other checks, in order.

    function test_a_result_is_checked_in_order() public {
        bytes32 jobID = request(1_000_000, 8_000_000);
        JobResult memory result = resultOf(jobID, 1, "");
        result.programID = 0;
        bytes memory signature = signed(KEY + 1, digestOf(result));
        expectSignatureRevert(result, signature, vm.addr(KEY + 1));

        result.jobID = keccak256("nothing");
        expectSubmitRevert(result, abi.encodeWithSelector(IJobManager.NotPending.selector, result.jobID, Status.None));
        result.jobID = jobID;
        uint64 readyAt = manager.getJob(jobID).readyAt;
        uint64 deadline = manager.getJob(jobID).deadline;
        expectSubmitRevert(result, abi.encodeWithSelector(IJobManager.ResultTooEarly.selector, readyAt));
        vm.roll(deadline + 1);
        expectSubmitRevert(result, abi.encodeWithSelector(IJobManager.ResultTooLate.selector, deadline));
        vm.roll(readyAt);
        expectSubmitRevert(result, abi.encodeWithSelector(IJobManager.ResultMismatch.selector, jobID));
        result.programID = PROGRAM;
        signature = signed(KEY, digestOf(result));
        bytes memory encoded = abi.encode(result);
        vm.expectRevert(
            abi.encodeWithSelector(IJobManager.CallbackGasTooLow.selector, (uint256(8_030_000) * 64 + 62) / 63)
        );
        manager.submitResult{gas: 8_000_000}(encoded, signature);
        manager.submitResult(encoded, signature);
        expectSubmitRevert(result, abi.encodeWithSelector(IJobManager.NotPending.selector, jobID, Status.Completed));
    }

    function test_a_result_is_good_in_the_first_and_the_last_block() public {
        bytes32 first = requestAsUser(1000);
        bytes32 last = requestAsUser(1000);
        ready(first);
        submit(resultOf(first, 1, ""));
        vm.roll(manager.getJob(last).deadline);
        submit(resultOf(last, 1, ""));
        assertStatus(last, Status.Completed);
    }

    function test_each_thing_that_does_not_match_is_refused() public {
        bytes32 jobID = requestAsUser(1000);
        ready(jobID);
        for (uint256 i = 0; i < 13; i++) {
            JobResult memory result = resultOf(jobID, 1000, "");
            if (i == 0) result.programID = keccak256("another");
            if (i == 1) result.onchainInputHash = keccak256("another");
            if (i == 2) result.offchainInputHash = 0;
            if (i == 3) result.maxCycles = 1001;
            if (i == 4) result.usedCycles = 1001;
            if (i == 5) result.result = new bytes(65_537);
            if (i == 6) result.blobHashes = new bytes32[](1);
            if (i == 7) result.blobOffset = 1;
            if (i == 8) result.offchainLength = 1;
            if (i == 9) (result.outcome, result.result) = (Outcome.Trap, "x");
            if (i == 10) (result.outcome, result.result) = (Outcome.OutOfCycles, "x");
            if (i == 11) (result.outcome, result.code) = (Outcome.OutOfCycles, 1);
            if (i == 12) result.maxCycles = 0;
            expectSubmitRevert(result, abi.encodeWithSelector(IJobManager.ResultMismatch.selector, jobID));
        }
        submit(resultOf(jobID, 1000, new bytes(65_536)));
    }

    function test_what_is_no_result_at_all_reverts() public {
        bytes32 jobID = requestAsUser(1000);
        ready(jobID);
        JobResult memory result = resultOf(jobID, 1, "");
        bytes memory signature = signed(KEY, digestOf(result));
        bytes memory encoded = abi.encode(result);
        vm.expectRevert();
        manager.submitResult("", signature);
        assembly {
            mstore(encoded, sub(mload(encoded), 96)) // shorter than its lists say
        }
        vm.expectRevert();
        manager.submitResult(encoded, signature);
        encoded = abi.encode(result);
        assembly {
            mstore(add(encoded, add(64, mul(32, 6))), 3) // an outcome that does not exist
        }
        vm.expectRevert();
        manager.submitResult(encoded, signature);
    }

    // What a result does.

    function test_a_completed_job_is_logged_and_received() public {
        bytes32 jobID = request(1_000_000, 200_000);
        ready(jobID);
        vm.expectEmit();
        emit IJobManager.JobCompleted(jobID, COINBASE, Outcome.Exit, 0, 777, "output");
        submit(resultOf(jobID, 777, "output"));
        Job memory job = manager.getJob(jobID);
        assertStatus(jobID, Status.Completed);
        assertEq(job.usedCycles, 777);
        assertEq(job.completedAt, block.number);
        assertEq(job.resultHash, keccak256("output"));
        assertTrue(!job.callbackPending);
        assertEq(actor.results(), 1);
        assertEq(actor.failures(), 0);
        assertEq(actor.lastJob(), jobID);
        assertEq(actor.lastResult(), "output");
    }

    function test_each_kind_of_failure_is_received_as_such() public {
        Outcome[3] memory outcomes = [Outcome.Exit, Outcome.Trap, Outcome.OutOfCycles];
        for (uint256 i = 0; i < 3; i++) {
            bytes32 jobID = request(1000, 200_000);
            ready(jobID);
            JobResult memory result = resultOf(jobID, 1000, i == 0 ? bytes("why") : bytes(""));
            result.outcome = outcomes[i];
            result.code = i == 2 ? 0 : 7;
            vm.expectEmit();
            emit IJobManager.JobCompleted(jobID, COINBASE, outcomes[i], result.code, 1000, result.result);
            submit(result);
            assertStatus(jobID, Status.Failed);
            assertEq(manager.getJob(jobID).code, result.code);
            assertEq(uint256(manager.getJob(jobID).outcome), i);
            assertEq(actor.failures(), i + 1);
            assertEq(actor.lastOutcome(), i);
            assertEq(actor.lastCode(), result.code);
        }
        assertEq(actor.results(), 0);
    }

    function test_the_charge_is_right_to_the_wei() public {
        // Few cycles: half of the weight; the base fee is below twice the stored price.
        bytes32 jobID = requestAsUser(1_000_000);
        uint256 escrow = address(manager).balance;
        ready(jobID);
        vm.fee(1.5 gwei);
        submit(resultOf(jobID, 1000, new bytes(100)));
        uint256 charge = weightOf(1_000_000) / 2 * CYCLE_PRICE + (160_000 + 40 * 100) * 1.5 gwei;
        assertEq(manager.credit(COINBASE), charge);
        assertEq(manager.credit(USER), escrow - charge);
    }

    function test_the_charge_is_bounded_by_twice_the_stored_price() public {
        bytes32 jobID = requestAsUser(1_000_000);
        uint256 escrow = address(manager).balance;
        ready(jobID);
        vm.fee(50 gwei);
        submit(resultOf(jobID, 900_000, new bytes(65_536)));
        uint256 charge = weightOf(900_000) * CYCLE_PRICE + (160_000 + 40 * 65_536) * 2 gwei;
        assertEq(manager.credit(COINBASE), charge);
        assertEq(manager.credit(USER), escrow - charge);
    }

    function test_the_largest_result_takes_the_whole_escrow() public {
        bytes32 jobID = requestAsUser(1_000_000);
        uint256 escrow = address(manager).balance;
        ready(jobID);
        vm.fee(2 gwei);
        submit(resultOf(jobID, 1_000_000, new bytes(65_536)));
        assertEq(manager.credit(COINBASE), escrow);
        assertEq(manager.credit(USER), 0);
    }

    function test_each_posting_moves_the_stored_gas_price_toward_the_base_fee() public {
        assertEq(storedGasPrice(), 1 gwei);
        post(9 gwei);
        assertEq(storedGasPrice(), 2 gwei);
        post(0);
        assertEq(storedGasPrice(), 1.75 gwei);
        post(1.75 gwei);
        assertEq(storedGasPrice(), 1.75 gwei);
        post(1.75 gwei + 1); // rounded so that it arrives
        assertEq(storedGasPrice(), 1.75 gwei + 1);
        post(1.75 gwei);
        assertEq(storedGasPrice(), 1.75 gwei);
    }

    function test_prices_hold_from_the_request_on() public {
        bytes32 jobID = requestAsUser(1_000_000);
        uint256 escrow = address(manager).balance;
        post(100 gwei);
        uint256 before = manager.credit(USER);
        vm.fee(100 gwei);
        submit(resultOf(jobID, 1_000_000, new bytes(65_536)));
        assertEq(manager.credit(USER), before); // its own escrow, no wei more or less
        assertEq(escrow, escrowOf(1_000_000, CYCLE_PRICE, 0, 1 gwei));
    }

    function storedGasPrice() private view returns (uint256) {
        return uint64(uint256(vm.load(address(manager), bytes32(uint256(1)))) >> 128);
    }

    function post(uint256 baseFee) private {
        bytes32 jobID = requestAsUser(1);
        ready(jobID);
        vm.fee(baseFee);
        submit(resultOf(jobID, 1, ""));
    }

    function testFuzz_no_charge_is_above_its_escrow(uint64 max, uint64 used, uint16 length, uint64 fee, uint64 price)
        public
    {
        vm.store(
            address(manager),
            bytes32(uint256(1)),
            bytes32(uint256(PER_BLOCK) | uint256(CYCLE_PRICE) << 64 | uint256(bound(price, 0, 1e12)) << 128)
        );
        max = uint64(bound(max, 1, 1_000_000_000));
        used = uint64(bound(used, 0, max));
        bytes32 jobID = requestAsUser(max);
        uint256 escrow = address(manager).balance;
        ready(jobID);
        vm.fee(fee);
        submit(resultOf(jobID, used, new bytes(length)));
        assertEq(manager.credit(COINBASE) + manager.credit(USER), escrow);
        uint256 weight = weightOf(used) < weightOf(max) / 2 ? weightOf(max) / 2 : weightOf(used);
        assertTrue(manager.credit(COINBASE) >= weight * CYCLE_PRICE);
    }

    // Withdrawing.

    function test_a_credit_is_withdrawn_once_by_its_owner() public {
        bytes32 jobID = requestAsUser(1000);
        ready(jobID);
        submit(resultOf(jobID, 1, ""));
        uint256 amount = manager.credit(COINBASE);
        uint256 held = address(manager).balance;
        vm.expectEmit();
        emit ICredits.Withdrawn(COINBASE, address(0xcafe), amount);
        vm.prank(COINBASE);
        manager.withdraw(address(0xcafe));
        assertEq(address(0xcafe).balance, amount);
        assertEq(address(manager).balance, held - amount);
        assertEq(manager.credit(COINBASE), 0);
        vm.prank(COINBASE);
        manager.withdraw(address(0xcafe));
        assertEq(address(0xcafe).balance, amount);
    }

    function test_a_receiver_that_refuses_keeps_the_credit_whole() public {
        bytes32 jobID = requestAsUser(1000);
        ready(jobID);
        submit(resultOf(jobID, 1, ""));
        uint256 amount = manager.credit(COINBASE);
        vm.expectRevert(abi.encodeWithSelector(ICredits.WithdrawFailed.selector, address(registry)));
        vm.prank(COINBASE);
        manager.withdraw(address(registry)); // takes no plain transfers
        assertEq(manager.credit(COINBASE), amount);
    }

    function test_ether_sent_without_a_call_of_the_interface_is_refused() public {
        vm.deal(address(this), 1 ether);
        (bool sent,) = address(manager).call{value: 1 ether}("");
        assertTrue(!sent);
    }

    function test_a_receiver_cannot_withdraw_twice_by_calling_back() public {
        bytes32 jobID = request(1000, 0);
        ready(jobID);
        submit(resultOf(jobID, 1, ""));
        uint256 held = address(manager).balance;
        uint256 amount = manager.credit(address(actor));
        Reenterer reenterer = new Reenterer();
        actor.call(address(manager), 0, abi.encodeCall(ICredits.withdraw, (address(reenterer))));
        assertEq(address(manager).balance, held - amount);
        assertEq(reenterer.returned(), abi.encodeWithSelector(ICredits.Reentered.selector));
    }
}

contract Reenterer {
    bytes public returned;

    receive() external payable {
        (, returned) = msg.sender.call(abi.encodeCall(ICredits.withdraw, (address(this))));
    }
}
