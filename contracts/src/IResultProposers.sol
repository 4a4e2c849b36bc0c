pragma solidity 0.8.37;

/// Which key signs results for the proposer of a block.
interface IResultProposers {
    event KeyChanged(address indexed coinbase, address indexed key);

    error NotEntitled(address signer);

    /// The key of the proposer whose blocks name `coinbase` as fee recipient; zero: it may not post.
    function keyOf(address coinbase) external view returns (address key);

    /// The account that may set keys, fixed in genesis.
    function governance() external view returns (address);

    /// By governance only; `key` zero takes the right to post away.
    function setKey(address coinbase, address key) external;
}
