pragma solidity 0.8.37;

import {ICredits} from "../src/ICredits.sol";
import {IProgramRegistry} from "../src/IProgramRegistry.sol";
import {Status} from "../src/Types.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract ProgramRegistryTest is Base {
    bytes private constant IMAGE = "an image";
    bytes32 private constant ID = keccak256("its id");
    uint256 private constant FEE = 8 * BYTE_FEE;

    function submitProgram() private returns (bytes32 submissionID) {
        return submitProgram(IMAGE, 0, FEE);
    }

    function submitProgram(bytes memory image, bytes32 invalidator, uint256 value) private returns (bytes32) {
        vm.prank(USER);
        return registry.submitProgram{value: value}(image, invalidator);
    }

    function expectAnswerRevert(bytes32 submissionID, bytes32 programID, uint32 pages, uint32 reason, bytes memory data)
        private
    {
        bytes memory signature = signed(KEY, answerDigest(submissionID, programID, pages, reason));
        vm.expectRevert(data);
        registry.answerProgram(submissionID, programID, pages, reason, signature);
    }

    function test_genesis_programs_are_registered() public view {
        assertTrue(registry.isRegistered(PROGRAM));
        assertEq(registry.pagesOf(PROGRAM), PAGES);
        assertTrue(!registry.isRegistered(ID));
        assertEq(registry.fee(1000), 1000 * BYTE_FEE);
    }

    function test_a_submission_is_checked_in_order_and_logged() public {
        vm.deal(address(this), 1000 ether);
        vm.expectRevert(abi.encodeWithSelector(IProgramRegistry.InputTooLong.selector, 122_880));
        registry.submitProgram(new bytes(122_881), 0);
        vm.expectRevert(abi.encodeWithSelector(IProgramRegistry.FeeTooLow.selector, FEE));
        registry.submitProgram{value: FEE - 1}(IMAGE, 0);
        bytes32 invalidator = keccak256("invalidator");
        bytes32 expected = keccak256(abi.encodePacked(keccak256(IMAGE), invalidator, USER));
        vm.expectEmit();
        emit IProgramRegistry.ProgramSubmitted(expected, keccak256(IMAGE), USER, invalidator, IMAGE);
        assertEq(submitProgram(IMAGE, invalidator, FEE + 5), expected);
        assertEq(registry.credit(USER), 5);
        assertEq(address(registry).balance, FEE + 5);
        registry.submitProgram{value: 122_880 * BYTE_FEE}(new bytes(122_880), 0);
    }

    function test_a_known_submission_returns_its_id_and_its_money() public {
        bytes32 submissionID = submitProgram();
        vm.recordLogs();
        assertEq(submitProgram(), submissionID);
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(registry.credit(USER), FEE);
        answer(submissionID, ID, 9, 0);
        assertEq(submitProgram(IMAGE, 0, 1), submissionID);
        assertEq(registry.credit(USER), FEE + 1);
    }

    function test_an_accepted_program_is_registered_and_its_fee_burned() public {
        bytes32 submissionID = submitProgram();
        uint256 burned = address(0).balance;
        vm.expectEmit();
        emit IProgramRegistry.ProgramRegistered(submissionID, ID, USER, 9);
        answer(submissionID, ID, 9, 0);
        assertTrue(registry.isRegistered(ID));
        assertEq(registry.pagesOf(ID), 9);
        assertEq(address(0).balance, burned + FEE);
        assertEq(address(registry).balance, 0);
    }

    function test_a_rejected_program_is_not_registered_and_its_fee_burned() public {
        for (uint32 reason = 1; reason <= 2; reason++) {
            bytes32 submissionID = submitProgram(IMAGE, bytes32(uint256(reason)), FEE);
            vm.expectEmit();
            emit IProgramRegistry.ProgramRejected(submissionID, reason);
            answer(submissionID, 0, 0, reason);
            expectAnswerRevert(
                submissionID, ID, 9, 0, abi.encodeWithSelector(IProgramRegistry.NotPending.selector, submissionID, Status.Failed)
            );
        }
        assertTrue(!registry.isRegistered(0));
        assertEq(address(registry).balance, 0);
    }

    function test_a_second_registration_changes_nothing_and_credits_the_fee() public {
        bytes32 submissionID = submitProgram();
        uint256 burned = address(0).balance;
        vm.expectEmit();
        emit IProgramRegistry.ProgramRegistered(submissionID, PROGRAM, USER, PAGES + 1);
        answer(submissionID, PROGRAM, PAGES + 1, 0);
        assertEq(registry.pagesOf(PROGRAM), PAGES);
        assertEq(registry.credit(USER), FEE);
        assertEq(address(0).balance, burned);
    }

    function test_an_answer_is_checked_in_order() public {
        bytes32 none = keccak256("nothing");
        bytes memory signature = signed(KEY + 1, answerDigest(none, 0, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IProgramRegistry.NotEntitled.selector, vm.addr(KEY + 1)));
        registry.answerProgram(none, 0, 0, 0, signature);
        expectAnswerRevert(none, 0, 0, 0, abi.encodeWithSelector(IProgramRegistry.NotPending.selector, none, Status.None));
        bytes32 submissionID = submitProgram();
        vm.roll(START + 257);
        expectAnswerRevert(
            submissionID, 0, 0, 0, abi.encodeWithSelector(IProgramRegistry.ResultTooLate.selector, START + 256)
        );
        vm.roll(START + 256);
        bytes memory mismatch = abi.encodeWithSelector(IProgramRegistry.ResultMismatch.selector, submissionID);
        expectAnswerRevert(submissionID, 0, 0, 0, mismatch);
        expectAnswerRevert(submissionID, 0, 0, 3, mismatch);
        expectAnswerRevert(submissionID, 0, 1, 1, mismatch);
        expectAnswerRevert(submissionID, ID, 0, 0, mismatch);
        expectAnswerRevert(submissionID, ID, 1, 1, mismatch);
        expectAnswerRevert(submissionID, ID, 65_537, 0, mismatch);
        answer(submissionID, ID, 65_536, 0);
        expectAnswerRevert(
            submissionID,
            ID,
            65_536,
            0,
            abi.encodeWithSelector(IProgramRegistry.NotPending.selector, submissionID, Status.Completed)
        );
    }

    function test_an_answer_signed_for_the_job_manager_is_not_entitled() public {
        bytes32 submissionID = submitProgram();
        bytes32 digest = answerDigest(submissionID, ID, 9, 0);
        bytes memory signature = signed(KEY, typed(address(manager), digest));
        vm.expectPartialRevert(IProgramRegistry.NotEntitled.selector);
        registry.answerProgram(submissionID, ID, 9, 0, signature);
        signature = signed(KEY, digest);
        vm.coinbase(address(1));
        vm.expectPartialRevert(IProgramRegistry.NotEntitled.selector);
        registry.answerProgram(submissionID, ID, 9, 0, signature);
        vm.coinbase(COINBASE);
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(IProgramRegistry.NotEntitled.selector);
        registry.answerProgram(submissionID, ID, 9, 0, signature);
    }

    function test_an_unanswered_submission_expires_with_a_refund_and_may_come_again() public {
        bytes32 submissionID = submitProgram();
        vm.roll(START + 256);
        vm.expectRevert(abi.encodeWithSelector(IProgramRegistry.NotExpired.selector, START + 256));
        registry.expireProgram(submissionID);
        vm.roll(START + 257);
        registry.expireProgram(submissionID);
        assertEq(registry.credit(USER), FEE);
        bytes memory ended =
            abi.encodeWithSelector(IProgramRegistry.NotPending.selector, submissionID, Status.Expired);
        vm.expectRevert(ended);
        registry.expireProgram(submissionID);
        expectAnswerRevert(submissionID, ID, 9, 0, ended);
        vm.expectEmit();
        emit IProgramRegistry.ProgramSubmitted(submissionID, keccak256(IMAGE), USER, 0, IMAGE);
        submitProgram();
        answer(submissionID, ID, 9, 0);
        assertTrue(registry.isRegistered(ID));
        uint256 held = USER.balance;
        vm.expectEmit();
        emit ICredits.Withdrawn(USER, USER, FEE);
        vm.prank(USER);
        registry.withdraw(USER);
        assertEq(USER.balance, held + FEE);
        assertEq(address(registry).balance, 0);
    }

    function testFuzz_ids_depend_on_image_invalidator_and_owner(bytes calldata image, bytes32 invalidator, address owner)
        public
    {
        vm.assume(image.length <= 122_880 && owner != address(0) && uint160(owner) > 0xffff);
        uint256 value = registry.fee(image.length);
        vm.deal(owner, value);
        vm.prank(owner);
        bytes32 submissionID = registry.submitProgram{value: value}(image, invalidator);
        assertEq(submissionID, keccak256(bytes.concat(keccak256(image), invalidator, bytes20(owner))));
    }
}
