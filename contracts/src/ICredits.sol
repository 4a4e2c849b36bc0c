pragma solidity 0.8.37;

/// Money owed by a predeploy, taken out by its owner.
interface ICredits {
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    error WithdrawFailed(address to);
    error Reentered();

    /// Wei that `account` may withdraw.
    function credit(address account) external view returns (uint256);

    /// Sends the caller's whole credit to `to`, with all gas; reverts if `to` does not take it.
    function withdraw(address to) external;
}
