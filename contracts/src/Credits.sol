pragma solidity 0.8.37;

import {ICredits} from "./ICredits.sol";

/// Owed money and the lock of the entry points.
abstract contract Credits is ICredits {
    mapping(address account => uint256) public credit;
    bool private transient locked;

    modifier exclusive() {
        if (locked) revert Reentered();
        locked = true;
        _;
        locked = false;
    }

    function withdraw(address to) external exclusive {
        uint256 amount = credit[msg.sender];
        credit[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        if (!_send(to, amount)) revert WithdrawFailed(to);
    }

    function _credit(address account, uint256 amount) internal {
        if (amount != 0) credit[account] += amount;
    }

    /// Copies nothing that `to` returns.
    function _send(address to, uint256 amount) internal returns (bool sent) {
        assembly ("memory-safe") {
            sent := call(gas(), to, amount, 0, 0, 0, 0)
        }
    }
}
